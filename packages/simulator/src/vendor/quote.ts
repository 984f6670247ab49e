import { concatBytes, decodeHex, type EcSigningKey, encodeUtf8, rawEcPoint, sha256 } from "@sealserve/core";
import { chainPem } from "./authority.ts";
import type { Authorities } from "./certificates.ts";
import { encodeU16, encodeU32 } from "./little-endian.ts";
import { cpuSvnOf, type SimulatedMachine } from "./machine.ts";
import { QUOTING_ENCLAVE } from "./quoting-enclave.ts";
import { encodeReportBody, type ReportFields } from "./report-body.ts";

const QUOTE_VERSION = 3;
const ECDSA_P256 = 2;
const TEE_SGX = 0;
const INTEL_QE_VENDOR = "939a7233f79c4ca9940a0db3957f0607";
/** Certification data type 5: the PCK chain in PEM, leaf first, closed by a NUL byte. */
const PCK_CHAIN = 5;

/** Bytes 0 to 31, as Intel's quoting enclave has them. */
const AUTHENTICATION_DATA = Uint8Array.from({ length: 32 }, (_, index) => index);

/** What the quote is about, and ways in which a test can make it wrong. */
export interface QuoteOptions extends ReportFields {
  readonly header?: {
    readonly version?: number;
    readonly attestationKeyType?: number;
    readonly teeType?: number;
    /** 32 hex digits. */
    readonly qeVendor?: string;
  };
  /** Fields of the quoting enclave's own report; `reportData` is what binds the attestation key. */
  readonly qeReport?: Partial<ReportFields>;
  readonly authenticationData?: Uint8Array;
  readonly certificationData?: { readonly type: number; readonly data: Uint8Array };
  /** Signs the quoting enclave's report in place of the PCK key. */
  readonly qeReportSigner?: EcSigningKey;
  /** Signs the quote in place of the attestation key, whose public part stays in the quote. */
  readonly quoteSigner?: EcSigningKey;
}

/** Keys and certificates behind a quote. */
export interface QuoteMaker {
  readonly authorities: Authorities;
  readonly machine: SimulatedMachine;
  readonly attestationKey: EcSigningKey;
}

/** Makes an SGX quote of version 3 (Intel SGX DCAP quote format) signed with ECDSA P-256. */
export async function createQuote(maker: QuoteMaker, options: QuoteOptions): Promise<Uint8Array> {
  const { authorities, machine, attestationKey } = maker;
  const signed = concatBytes(
    encodeHeader(options),
    encodeReportBody({ ...options, cpuSvn: options.cpuSvn ?? cpuSvnOf(machine) }),
  );
  const publicKey = rawEcPoint(attestationKey.publicKeyInfo);
  const authenticationData = options.authenticationData ?? AUTHENTICATION_DATA;
  const qeReport = encodeReportBody({
    ...qeReportFields(machine),
    reportData: await bindingOf(publicKey, authenticationData),
    ...options.qeReport,
  });
  const certification = options.certificationData ?? pckChain(authorities);
  const section = concatBytes(
    await (options.quoteSigner ?? attestationKey).signRaw(signed),
    publicKey,
    qeReport,
    await (options.qeReportSigner ?? authorities.pck.key).signRaw(qeReport),
    encodeU16(authenticationData.length),
    authenticationData,
    encodeU16(certification.type),
    encodeU32(certification.data.length),
    certification.data,
  );
  return concatBytes(signed, encodeU32(section.length), section);
}

function encodeHeader({ header = {} }: QuoteOptions): Uint8Array {
  return concatBytes(
    encodeU16(header.version ?? QUOTE_VERSION),
    encodeU16(header.attestationKeyType ?? ECDSA_P256),
    encodeU32(header.teeType ?? TEE_SGX),
    encodeU16(QUOTING_ENCLAVE.isvSvn),
    encodeU16(0),
    decodeHex(header.qeVendor ?? INTEL_QE_VENDOR, 16),
    new Uint8Array(20),
  );
}

function qeReportFields(machine: SimulatedMachine): Omit<ReportFields, "reportData"> {
  const { mrEnclave, mrSigner, isvProdId, isvSvn, miscSelect, flags } = QUOTING_ENCLAVE;
  return { mrEnclave, mrSigner, isvProdId, isvSvn, miscSelect, attributes: { flags }, cpuSvn: cpuSvnOf(machine) };
}

/** REPORTDATA of the quoting enclave: it vouches for the attestation key and the authentication data. */
async function bindingOf(publicKey: Uint8Array, authenticationData: Uint8Array): Promise<Uint8Array> {
  return concatBytes(await sha256(concatBytes(publicKey, authenticationData)), new Uint8Array(32));
}

function pckChain({ pck, platformCa, root }: Authorities): { type: number; data: Uint8Array } {
  return { type: PCK_CHAIN, data: encodeUtf8(`${chainPem(pck, platformCa, root)}\0`) };
}
