import { concatBytes, type EcSigningKey, type SigningKey } from "@sealserve/core";
import { type Authority, chainPem } from "../authority.ts";
import { createRevocationList, type RevocationOverrides } from "../revocation.ts";
import { windowFrom, yearsAfter } from "../validity.ts";
import { type CertificateTableOptions, certificateEntry, encodeCertificateTable } from "./certificate-table.ts";
import {
  createSnpAuthorities,
  type SnpAuthorities,
  type SnpCertificateOverrides,
  type SnpRole,
} from "./snp-certificates.ts";
import { generateSnpKeys, type SnpKeys } from "./snp-keys.ts";
import { PRODUCTS, type SnpProduct } from "./snp-product.ts";
import { encodeSnpReport, SNP_SIGNING_KEYS, type SnpReportFields } from "./snp-report.ts";
import { encodeSnpSignature } from "./snp-signature.ts";
import { type SnpTcb, USUAL_TCB } from "./snp-tcb.ts";

/** Which endorsement key signs. */
export type VekKind = "vcek" | "vlek";

/** What a report is about, and ways in which a test can make it wrong. */
export interface SnpReportOptions extends SnpReportFields {
  /** Default `vcek`. */
  readonly signedBy?: VekKind;
  /** Signs in place of that key; the report stays as it is. */
  readonly signer?: EcSigningKey;
  /** Changes the 672 bytes before signing, for what fields cannot say (reserved bytes). */
  readonly rewrite?: (report: Uint8Array) => Uint8Array;
  /** Makes the last 512 bytes from r||s, big endian, in place of {@link encodeSnpSignature}. */
  readonly encodeSignature?: (raw: Uint8Array) => Uint8Array;
}

/**
 * A SEV-SNP vendor in software with one processor of one product. Its documents have AMD's formats, its root is its own,
 * and anyone who can read its keys can make any report: NOT SECURE, for development and tests.
 */
export interface SnpVendor extends SnpAuthorities {
  readonly simulated: true;
  readonly product: SnpProduct;
  /** TCB of the processor, which its certificates state and its reports report. */
  readonly tcb: SnpTcb;
  /** 64 bytes, 8 for Turin. */
  readonly hardwareId: Uint8Array;
  /** The root certificate, which a verifier must be given explicitly. */
  readonly arkPem: string;
  /** A report of 1184 bytes. */
  report(options: SnpReportOptions): Promise<Uint8Array>;
  /** The root's revocation list in DER, valid for a year. */
  crl(overrides?: RevocationOverrides): Promise<Uint8Array>;
  /** What the host adds to an extended report: the endorsement key's certificate and those above it, in DER. */
  certificateTable(options?: CertificateTableOptions & { readonly signedBy?: VekKind }): Uint8Array;
}

/** What a new SEV-SNP vendor is made from. */
export interface SnpVendorOptions {
  readonly now: Date;
  readonly product: SnpProduct;
  /** Ready keys; new ones by default, which take about a second. */
  readonly keys?: SnpKeys;
  /** Levels of the processor in place of the usual ones. */
  readonly tcb?: Partial<SnpTcb>;
  /** 64 bytes, 8 for Turin; random by default. */
  readonly hardwareId?: Uint8Array;
  /** Cloud provider that the VLEK was given to. */
  readonly providerId?: string;
  /** Ways to make certificates wrong, for tests. */
  readonly certificates?: Partial<Record<SnpRole, SnpCertificateOverrides>>;
}

const PROVIDER_ID = "CN=cloud.simulator.invalid";
const CHIP_ID_BYTES = 64;

/** Makes a new SEV-SNP vendor. */
export async function createSnpVendor(options: SnpVendorOptions): Promise<SnpVendor> {
  const { now, product, providerId = PROVIDER_ID } = options;
  const keys = options.keys ?? (await generateSnpKeys());
  const processor = {
    product,
    tcb: { ...USUAL_TCB[product], ...options.tcb },
    hardwareId: options.hardwareId ?? crypto.getRandomValues(new Uint8Array(PRODUCTS[product].hardwareIdBytes)),
  };
  const overrides = options.certificates ?? {};
  const authorities = await createSnpAuthorities({ ...processor, now, keys, providerId, overrides });
  return snpVendorOf(authorities, processor, now);
}

/** A processor as its VCEK certificate describes it. */
export interface SnpProcessor {
  readonly product: SnpProduct;
  readonly tcb: SnpTcb;
  readonly hardwareId: Uint8Array;
}

/** The vendor that has these keys and certificates. */
export function snpVendorOf(authorities: SnpAuthorities, processor: SnpProcessor, now: Date): SnpVendor {
  return {
    simulated: true,
    ...processor,
    ...authorities,
    arkPem: chainPem(authorities.ark),
    report: (options) => createSnpReport(authorities, processor, options),
    crl: (overrides = {}) => createSnpCrl(authorities.ark, processor.product, now, overrides),
    certificateTable: (options = {}) => createCertificateTable(authorities, options),
  };
}

async function createSnpReport(
  authorities: SnpAuthorities,
  { product, tcb, hardwareId }: SnpProcessor,
  options: SnpReportOptions,
): Promise<Uint8Array> {
  const signedBy = options.signedBy ?? "vcek";
  const chipId = new Uint8Array(CHIP_ID_BYTES);
  if (signedBy === "vcek") {
    chipId.set(hardwareId);
  }
  const report = encodeSnpReport(options, { product, tcb, chipId, signingKey: SNP_SIGNING_KEYS[signedBy] });
  const signed = options.rewrite === undefined ? report : options.rewrite(report);
  const raw = await (options.signer ?? authorities[signedBy].key).signRaw(signed);
  return concatBytes(signed, (options.encodeSignature ?? encodeSnpSignature)(raw));
}

function createSnpCrl(
  ark: Authority<SigningKey>,
  product: SnpProduct,
  now: Date,
  overrides: RevocationOverrides,
): Promise<Uint8Array> {
  const thisUpdate = windowFrom(now).issueDate;
  const window = { thisUpdate, nextUpdate: yearsAfter(thisUpdate, 1) };
  return createRevocationList(ark, window, { revoked: PRODUCTS[product].revoked, ...overrides });
}

function createCertificateTable(
  { ark, ask, asvk, vcek, vlek }: SnpAuthorities,
  { signedBy = "vcek", ...options }: CertificateTableOptions & { readonly signedBy?: VekKind },
): Uint8Array {
  // No GUID names the ASVK: it stands where the ASK would.
  const usual =
    signedBy === "vcek"
      ? [certificateEntry("vcek", vcek), certificateEntry("ask", ask), certificateEntry("ark", ark)]
      : [certificateEntry("vlek", vlek), certificateEntry("ask", asvk), certificateEntry("ark", ark)];
  return encodeCertificateTable(usual, options);
}
