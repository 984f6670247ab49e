import type { JsonNode } from "../json/json-node.ts";
import { tcbComponents } from "../snp/tcb-version.ts";
import { SNP_PRODUCTS, type SnpProduct, type SnpTcbComponent } from "../tee/snp-product.ts";
import { POLICY_LIST_MAX, type Register, readMeasurement, readMembers, readRegister } from "./policy-members.ts";

/** One accepted guest: values that belong together, in hex. */
export interface SnpImage {
  /** Initial content of the guest, such as firmware with the hashes of kernel, command line and initial file system. 96 hex digits. */
  readonly measurement: string;
  /** What the host gave at the launch, by convention the digest of the guest's configuration. 64 hex digits. */
  readonly hostData: Register;
  /** SHA-384 of the key that signed the identity block. 96 hex digits. */
  readonly idKeyDigest?: Register;
  /** SHA-384 of the key that signed that key. 96 hex digits. */
  readonly authorKeyDigest?: Register;
  /** 32 hex digits. Stands in the identity block, which is the host's word unless one of the key digests is pinned: only then it can be. */
  readonly familyId?: Register;
  /** 32 hex digits, likewise. */
  readonly imageId?: Register;
  /** GUEST_SVN, likewise. */
  readonly minimumGuestSvn?: number;
}

/** The least level of every component that processors of one product have; `fmc` is Turin's alone. */
export type SnpMinimumTcb = Readonly<Partial<Record<SnpTcbComponent, number>>>;

/** What a report can say of the platform that a policy may demand. */
export const SNP_PLATFORM_FEATURES = ["aliasCheckComplete", "ecc", "tsme", "ciphertextHiding", "raplDisabled"] as const;

/** One of {@link SNP_PLATFORM_FEATURES}. */
export type SnpPlatformFeature = (typeof SNP_PLATFORM_FEATURES)[number];

/** Which SEV-SNP guests are the right software, and on which platforms they may run. */
export interface SnpPolicy {
  /** Accepted guests; values of different ones never mix. */
  readonly images?: readonly SnpImage[];
  /** Accepted generations of processors. Default: all that are known. */
  readonly products?: readonly SnpProduct[];
  /**
   * The least TCB of each product, compared component by component with all four TCB versions of a report. A product that
   * has no minimum here is refused. Default: any TCB, since AMD states no status.
   */
  readonly minimumTcb?: Readonly<Partial<Record<SnpProduct, SnpMinimumTcb>>>;
  /** Accepted privilege levels of who asked for the report, 0 to 3. Default 0 alone. Reports that the host asked for are always refused. */
  readonly vmpl?: readonly number[];
  /** Default `refuse`: a migration agent can move the guest to where its owner never looked. */
  readonly migration?: "refuse" | "allow";
  /** Whether firmware may run that the host has not committed to yet, and can take back. Default `refuse`. */
  readonly provisionalFirmware?: "refuse" | "allow";
  /** Of the committed firmware, such as `1.55.21`. */
  readonly minimumFirmware?: string;
  /** The least version of the firmware's interface that the guest's own policy must demand, such as `1.51`. */
  readonly minimumAbi?: string;
  /** Mitigations that must be in place at the launch and now (reports of version 5): a mask such as `0x1`. */
  readonly requiredMitigations?: string;
  /** What the platform must have. */
  readonly requiredPlatformInfo?: readonly SnpPlatformFeature[];
  /** Cloud providers whose endorsement keys (VLEK) are accepted, as AMD certifies their names. Default: none. */
  readonly vlekProviders?: readonly string[] | "any";
  /** Default `refuse`: such a platform does not mean to sign with the key of its chip. */
  readonly maskedChipKey?: "refuse" | "allow";
  /** Default `require`: without the root's revocation list nobody knows whether the CA of the endorsement key was taken back. */
  readonly revocation?: "require" | "allow-unchecked";
}

const DIGEST_LENGTH = 48;
const HOST_DATA_LENGTH = 32;
const ID_LENGTH = 16;
const MAX_U8 = 0xff;
const MAX_U32 = 0xffff_ffff;
const VMPL_MAX = 3;
const PROVIDER_MAX = 200;

const FIRMWARE_VERSION = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const ABI_VERSION = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const MITIGATIONS = /^0x(?=0*[1-9a-fA-F])[0-9a-fA-F]{1,16}$/;

/** What an image states beside the measurement, in the order in which claims about it are made. */
export const SNP_REGISTERS = [
  "hostData",
  "idKeyDigest",
  "authorKeyDigest",
  "familyId",
  "imageId",
] as const satisfies readonly (keyof SnpImage)[];

/** What an identity block says beside its keys. */
const BLOCK_MEMBERS = ["familyId", "imageId", "minimumGuestSvn"] as const satisfies readonly (keyof SnpImage)[];

/** @throws AttestationError `policy-invalid`, `policy-unpinned` for an image that leaves configuration open without a reason */
export function readSnpPolicy(node: JsonNode): SnpPolicy {
  return readMembers<SnpPolicy>(node, {
    images: (member) => member.elements(1, POLICY_LIST_MAX).map(readImage),
    products: (member) => member.elements(1, SNP_PRODUCTS.length).map((one) => one.oneOf(SNP_PRODUCTS)),
    minimumTcb: readMinimumTcb,
    vmpl: (member) => member.elements(1, VMPL_MAX + 1).map((one) => one.integer(VMPL_MAX)),
    migration: (member) => member.oneOf(["refuse", "allow"]),
    provisionalFirmware: (member) => member.oneOf(["refuse", "allow"]),
    minimumFirmware: (member) => readVersion(member, FIRMWARE_VERSION, "1.55.21"),
    minimumAbi: (member) => readVersion(member, ABI_VERSION, "1.51"),
    requiredMitigations: (member) => member.string(MITIGATIONS, "a mask such as 0x1"),
    requiredPlatformInfo: (member) =>
      member.elements(1, SNP_PLATFORM_FEATURES.length).map((one) => one.oneOf(SNP_PLATFORM_FEATURES)),
    vlekProviders: (member) => (member.value === "any" ? "any" : member.elements(1, POLICY_LIST_MAX).map(readProvider)),
    maskedChipKey: (member) => member.oneOf(["refuse", "allow"]),
    revocation: (member) => member.oneOf(["require", "allow-unchecked"]),
  });
}

/** Numbers of a version such as `1.55.21`, the weightiest first. */
export function versionNumbers(version: string): number[] {
  return version.split(".").map(Number);
}

function readImage(node: JsonNode): SnpImage {
  const register =
    (length: number) =>
    (member: JsonNode): Register =>
      readRegister(member, length);
  const { measurement, hostData, ...others } = readMembers<SnpImage>(node, {
    measurement: (member) => readMeasurement(member, DIGEST_LENGTH),
    hostData: register(HOST_DATA_LENGTH),
    idKeyDigest: register(DIGEST_LENGTH),
    authorKeyDigest: register(DIGEST_LENGTH),
    familyId: register(ID_LENGTH),
    imageId: register(ID_LENGTH),
    minimumGuestSvn: (member) => member.integer(MAX_U32),
  });
  if (measurement === undefined || hostData === undefined) {
    const expected = "measurement and hostData; the latter, if left open on purpose, as { waived: the reason }";
    const actual = Object.keys(node.value as object).join(", ");
    throw node.refusal(`${node.path} does not pin all of a guest`, expected, actual, "policy-unpinned");
  }
  expectPinnedBlock(node, others);
  return { measurement, hostData, ...others };
}

/**
 * A host can launch any guest with an identity block of its own making (SEV Secure Nested Paging firmware ABI
 * specification, SNP_LAUNCH_FINISH), so what stands there proves something only under a key that is pinned.
 */
function expectPinnedBlock(node: JsonNode, image: Partial<SnpImage>): void {
  const stated = BLOCK_MEMBERS.find((name) => image[name] !== undefined && typeof image[name] !== "object");
  if (stated !== undefined && !pinsBlock(image)) {
    const message = `${node.path}.${stated} is the host's word: no key of the identity block is pinned`;
    throw node.refusal(message, "idKeyDigest or authorKeyDigest beside it", "neither");
  }
}

/** An identity key of zero bytes stands for no block; an author key of zero bytes leaves the identity key open. */
function pinsBlock({ idKeyDigest, authorKeyDigest }: Partial<SnpImage>): boolean {
  return typeof idKeyDigest === "string" || (typeof authorKeyDigest === "string" && /[^0]/.test(authorKeyDigest));
}

function readMinimumTcb(node: JsonNode): NonNullable<SnpPolicy["minimumTcb"]> {
  const minimum = readMembers<Partial<Record<SnpProduct, SnpMinimumTcb>>>(node, {
    Milan: (member) => readLevels(member, "Milan"),
    Genoa: (member) => readLevels(member, "Genoa"),
    Turin: (member) => readLevels(member, "Turin"),
  });
  if (Object.keys(minimum).length === 0) {
    throw node.refusal(`${node.path} states no minimum`, SNP_PRODUCTS.join(", "), "nothing");
  }
  return minimum;
}

/** All components of the product, and no other: one left out would be accepted at any level. */
function readLevels(node: JsonNode, product: SnpProduct): SnpMinimumTcb {
  const components = tcbComponents(product);
  node.expectOnly(components);
  return Object.fromEntries(components.map((name) => [name, node.member(name).integer(MAX_U8)]));
}

function readVersion(node: JsonNode, form: RegExp, example: string): string {
  const version = node.string(form, `a version such as ${example}`);
  if (versionNumbers(version).some((number) => number > MAX_U8)) {
    throw node.refusal(`${node.path} has a number out of range`, `0 to ${MAX_U8} each`, version);
  }
  return version;
}

function readProvider(node: JsonNode): string {
  const name = node.string(/\S/, "the name of a cloud provider");
  if (name.length > PROVIDER_MAX) {
    throw node.refusal(`${node.path} is too long`, `at most ${PROVIDER_MAX} characters`, `${name.length}`);
  }
  return name;
}

/** @throws AttestationError `policy-unpinned` */
export function expectPinnedGuests(node: JsonNode, { images }: SnpPolicy): void {
  if (images === undefined) {
    throw node.refusal("no software is pinned", "snp.images", "nothing", "policy-unpinned");
  }
}
