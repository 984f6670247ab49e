// GPU evidence for the tests: certificate chains under a root of our own, and exchanges that their leaf signs.
import {
  type Certificate,
  type CertificateOptions,
  concatBytes,
  createCertificate,
  type EcSigningKey,
  encodeBase64,
  encodeHex,
  encodePem,
  encodeUtf8,
  generateEcKey,
  parseCertificate,
  sha256,
} from "@sealserve/core";
import type { GpuRoot } from "../src/gpu/gpu-root.ts";
import { u16 } from "./crafted-log.ts";
import { daysLater } from "./simulated.ts";

export const HOPPER_NAMES = [
  "GH100 A01 GSP FMC LF",
  "GH100 A01 GSP BROM",
  "NVIDIA GH100 Provisioner ICA 1",
  "NVIDIA GH100 Identity",
  "NVIDIA Device Identity CA",
] as const;

export const LS10_NAMES = ["LS_10 A01 FSP FMC LF", "LS_10 A01 FSP BROM", "NVIDIA LS_10 Provisioner ICA 1"] as const;

export const NONCE: Uint8Array = Uint8Array.from({ length: 32 }, (_, index) => index + 1);

/** Certificates leaf first, and the key of each. */
export interface CraftedChain {
  readonly certificates: readonly Certificate[];
  readonly keys: readonly EcSigningKey[];
}

/** What deviates from a sound chain; positions count from the leaf. */
export interface ChainOverrides {
  readonly names?: Readonly<Record<number, string>>;
  readonly keys?: Readonly<Record<number, EcSigningKey>>;
  readonly options?: Readonly<Record<number, Partial<CertificateOptions>>>;
  /** Positions whose certificates state neither a CA flag nor a key usage. */
  readonly plain?: readonly number[];
}

/** Parts of an exchange; each can be wrong on its own. */
export interface CraftedExchange {
  readonly requestHeader?: readonly number[];
  readonly requestNonce?: Uint8Array;
  readonly slot?: number;
  readonly responseHeader?: readonly number[];
  readonly blockCount?: number;
  readonly record?: Uint8Array;
  readonly recordLength?: number;
  readonly opaqueData?: Uint8Array;
  readonly opaqueLength?: number;
}

const keys = await Promise.all(HOPPER_NAMES.map(() => generateEcKey("P-384")));

/** Two measurements: digests of 48 bytes. */
export const RECORD: Uint8Array = concatBytes(craftedBlock(1), craftedBlock(2));

export const chain: CraftedChain = await craftedChain();
export const root: GpuRoot = { publicKeySha256: encodeHex(await sha256(keyAt(keys, 4).publicKeyInfo)) };
export const evidence: string = craftedEvidence([await craftedDevice()]);

export async function craftedChain(overrides: ChainOverrides = {}): Promise<CraftedChain> {
  const used = keys.map((key, position) => overrides.keys?.[position] ?? key);
  const subjects = HOPPER_NAMES.map((name, position) => subjectOf(overrides.names?.[position] ?? name));
  const certificates = await Promise.all(
    used.map(async (key, position) => {
      const issuer = Math.min(position + 1, 4);
      const der = await createCertificate({
        subject: subjects[position] ?? [],
        issuer: subjects[issuer] ?? [],
        serialNumber: 100 + position,
        notBefore: daysLater(-10),
        notAfter: new Date("9999-12-31T23:59:59Z"),
        publicKeyInfo: key.publicKeyInfo,
        signer: keyAt(used, issuer),
        ...(overrides.plain?.includes(position) === true ? {} : profileAt(position)),
        ...overrides.options?.[position],
      });
      return parseCertificate(der);
    }),
  );
  return { certificates, keys: used };
}

/** A measurement as it stands in a record. */
export function craftedBlock(
  index: number,
  value: Uint8Array = new Uint8Array(48).fill(index),
  { specification = 1, size = value.length + 3, valueSize = value.length } = {},
): Uint8Array {
  return concatBytes(Uint8Array.of(index, specification), u16(size), Uint8Array.of(1), u16(valueSize), value);
}

/** Request and response up to the signature. */
export function craftedExchange(exchange: CraftedExchange = {}): Uint8Array {
  const { requestHeader = [0x11, 0xe0, 1, 0xff], requestNonce = NONCE, slot = 0 } = exchange;
  const { responseHeader = [0x11, 0x60, 0, slot], blockCount = 2, record = RECORD } = exchange;
  const {
    recordLength = record.length,
    opaqueData = encodeUtf8("vendor"),
    opaqueLength = opaqueData.length,
  } = exchange;
  return concatBytes(
    Uint8Array.from(requestHeader),
    requestNonce,
    Uint8Array.of(slot),
    Uint8Array.from(responseHeader),
    Uint8Array.of(blockCount, recordLength & 0xff, (recordLength >>> 8) & 0xff, recordLength >>> 16),
    record,
    new Uint8Array(32).fill(0xee),
    u16(opaqueLength),
    opaqueData,
  );
}

/** An exchange with the signature of a leaf behind it. */
export async function signedExchange(
  exchange: CraftedExchange = {},
  leafKey: EcSigningKey = keyAt(keys, 0),
): Promise<Uint8Array> {
  const bytes = craftedExchange(exchange);
  return concatBytes(bytes, await leafKey.signRaw(bytes));
}

/** An element of the evidence document, with members to be replaced or, where undefined, left out. */
export async function craftedDevice(
  { certificates, keys: [leafKey] }: CraftedChain = chain,
  changed: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  return {
    arch: "HOPPER",
    certificate: encodeBase64(encodeUtf8(craftedPem(certificates))),
    evidence: encodeBase64(await signedExchange({}, leafKey)),
    nonce: encodeHex(NONCE),
    ...changed,
  };
}

export function craftedPem(certificates: readonly Certificate[]): string {
  return certificates.map(({ raw }) => encodePem("CERTIFICATE", raw)).join("");
}

export function craftedEvidence(devices: readonly unknown[]): string {
  return JSON.stringify(devices);
}

/** A chain to a device of its own, under the same provisioner. */
export async function otherDevice(): Promise<CraftedChain> {
  return craftedChain({ keys: { 0: await generateEcKey("P-384"), 1: await generateEcKey("P-384") } });
}

function profileAt(position: number): Partial<CertificateOptions> {
  return position === 0 ? { keyUsage: ["digitalSignature"] } : { ca: {}, keyUsage: ["keyCertSign"] };
}

function subjectOf(commonName: string): CertificateOptions["subject"] {
  return [
    { type: "CN", value: commonName },
    { type: "O", value: "NOT NVIDIA, tests of Sealserve" },
  ];
}

function keyAt(from: readonly EcSigningKey[], position: number): EcSigningKey {
  const key = from[position];
  if (key === undefined) {
    throw new RangeError(`no key at ${position}`);
  }
  return key;
}
