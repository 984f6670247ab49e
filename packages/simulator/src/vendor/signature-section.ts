import { concatBytes, type EcSigningKey, encodeUtf8, rawEcPoint, sha256 } from "@sealserve/core";
import { chainPem } from "./authority.ts";
import type { Authorities } from "./certificates.ts";
import type { IntelTee } from "./intel-tee.ts";
import { encodeU16, encodeU32 } from "./little-endian.ts";
import { cpuSvnOf, type TdxMachine } from "./machine.ts";
import { QUOTING_ENCLAVES } from "./quoting-enclave.ts";
import { encodeReportBody, type ReportFields } from "./report-body.ts";

/** Certification data type 5: the PCK chain in PEM, leaf first, closed by a NUL byte. */
const PCK_CHAIN = 5;
/** Certification data type 6: everything from the QE report on, as versions 4 and 5 have it. */
const QE_REPORT_CERTIFICATION = 6;

/** Bytes 0 to 31, as Intel's quoting enclave has them. */
const AUTHENTICATION_DATA = Uint8Array.from({ length: 32 }, (_, index) => index);

const NONE = new Uint8Array(0);

/** Ways in which a test can make the signature section of a quote wrong. */
export interface SectionOverrides {
  /** Fields of the quoting enclave's own report; `reportData` is what binds the attestation key. */
  readonly qeReport?: Partial<ReportFields>;
  readonly authenticationData?: Uint8Array;
  /** Declared in place of the true size. */
  readonly authenticationDataSize?: number;
  /** In place of the PCK chain; `size` is declared in place of the true size. */
  readonly certificationData?: { readonly type: number; readonly data: Uint8Array; readonly size?: number };
  /** Versions 4 and 5: declared type and size of what stands around the quoting enclave's report. */
  readonly outerCertification?: { readonly type?: number; readonly size?: number };
  /** Signs the quoting enclave's report in place of the PCK key. */
  readonly qeReportSigner?: EcSigningKey;
  /** Signs the quote in place of the attestation key, whose public part stays in the quote. */
  readonly quoteSigner?: EcSigningKey;
  /** 64 bytes in place of the attestation key's point; the quoting enclave vouches for them. */
  readonly attestationPublicKey?: Uint8Array;
  /** 64 bytes in place of the signature. */
  readonly quoteSignature?: Uint8Array;
  /** 64 bytes in place of the signature. */
  readonly qeReportSignature?: Uint8Array;
  /** Bytes behind the certification data that all sizes around it count. */
  readonly sectionPadding?: Uint8Array;
  /** Declared in place of the true length of the section. */
  readonly sectionSize?: number;
  /** Bytes behind the section, which nothing signs or counts. */
  readonly trailing?: Uint8Array;
}

/** Keys and certificates behind a quote. */
export interface QuoteMaker {
  readonly authorities: Authorities;
  readonly machine: TdxMachine;
  readonly attestationKey: EcSigningKey;
}

/**
 * Puts the signature section behind what it signs, which makes the quote whole (Intel DCAP quote format, ECDSA P-256).
 * @param signed header, body descriptor and body
 */
export async function signQuote(
  signed: Uint8Array,
  { version, tee }: { readonly version: 3 | 4 | 5; readonly tee: IntelTee },
  maker: QuoteMaker,
  overrides: SectionOverrides,
): Promise<Uint8Array> {
  const publicKey = overrides.attestationPublicKey ?? rawEcPoint(maker.attestationKey.publicKeyInfo);
  const certified = await certifyKey(publicKey, tee, maker, overrides);
  const section = concatBytes(
    overrides.quoteSignature ?? (await (overrides.quoteSigner ?? maker.attestationKey).signRaw(signed)),
    publicKey,
    version === 3 ? NONE : outerHeader(certified, overrides),
    certified,
  );
  return concatBytes(signed, encodeU32(overrides.sectionSize ?? section.length), section, overrides.trailing ?? NONE);
}

function outerHeader(certified: Uint8Array, { outerCertification: declared = {} }: SectionOverrides): Uint8Array {
  return concatBytes(encodeU16(declared.type ?? QE_REPORT_CERTIFICATION), encodeU32(declared.size ?? certified.length));
}

/** The quoting enclave's report over the attestation key, its signature, authentication data and the PCK chain. */
async function certifyKey(
  publicKey: Uint8Array,
  tee: IntelTee,
  { authorities, machine }: QuoteMaker,
  overrides: SectionOverrides,
): Promise<Uint8Array> {
  const authenticationData = overrides.authenticationData ?? AUTHENTICATION_DATA;
  const reportData = await bindingOf(publicKey, authenticationData);
  const qeReport = encodeReportBody({ ...qeReportFields(tee, machine), reportData, ...overrides.qeReport });
  const certification = overrides.certificationData ?? pckChain(authorities);
  return concatBytes(
    qeReport,
    overrides.qeReportSignature ?? (await (overrides.qeReportSigner ?? authorities.pck.key).signRaw(qeReport)),
    encodeU16(overrides.authenticationDataSize ?? authenticationData.length),
    authenticationData,
    encodeU16(certification.type),
    encodeU32(certification.size ?? certification.data.length),
    certification.data,
    overrides.sectionPadding ?? NONE,
  );
}

function qeReportFields(tee: IntelTee, machine: TdxMachine): Omit<ReportFields, "reportData"> {
  const { flags, ...fields } = QUOTING_ENCLAVES[tee];
  return { ...fields, attributes: { flags }, cpuSvn: cpuSvnOf(machine) };
}

/** REPORTDATA of the quoting enclave: it vouches for the attestation key and the authentication data. */
async function bindingOf(publicKey: Uint8Array, authenticationData: Uint8Array): Promise<Uint8Array> {
  return concatBytes(await sha256(concatBytes(publicKey, authenticationData)), new Uint8Array(32));
}

function pckChain({ pck, platformCa, root }: Authorities): { type: number; data: Uint8Array; size?: number } {
  return { type: PCK_CHAIN, data: encodeUtf8(`${chainPem(pck, platformCa, root)}\0`) };
}
