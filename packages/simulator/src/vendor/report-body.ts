import { concatBytes } from "@sealserve/core";
import { expectReportData, fixedBytes } from "./fixed-bytes.ts";
import { encodeU16, encodeU32, encodeU64 } from "./little-endian.ts";

/** SGX ATTRIBUTES: INIT and MODE64BIT, the flags of an ordinary production enclave. */
export const ENCLAVE_FLAGS = 0x05n;
/** SGX ATTRIBUTES.XFRM with x87, SSE, AVX and AVX-512 state. */
const ENCLAVE_XFRM = 0xe7n;

/** What the simulated CPU says about an enclave. Byte strings are hex unless they are `Uint8Array`. */
export interface ReportFields {
  /** SHA-256 of what is measured, 64 hex digits. */
  readonly mrEnclave: string;
  /** SHA-256 of the signer's key, 64 hex digits; zero by default. */
  readonly mrSigner?: string | undefined;
  readonly isvProdId?: number | undefined;
  readonly isvSvn?: number | undefined;
  /** ATTRIBUTES; by default INIT and MODE64BIT with the usual XFRM. */
  readonly attributes?: { readonly flags?: bigint; readonly xfrm?: bigint } | undefined;
  /** The caller's 64 bytes. */
  readonly reportData: Uint8Array;
  /** 32 hex digits; by default that of the simulated machine. */
  readonly cpuSvn?: string | undefined;
  readonly miscSelect?: number | undefined;
  /** 128 hex digits. */
  readonly configId?: string | undefined;
  readonly configSvn?: number | undefined;
  /** 32 hex digits. */
  readonly isvExtProdId?: string | undefined;
  /** 32 hex digits. */
  readonly isvFamilyId?: string | undefined;
}

/** The 384 bytes of an SGX report body (Intel SDM volume 3D, REPORT structure). @throws CoreError `bad-hex`, SimulatorError `bad-argument` */
export function encodeReportBody(fields: ReportFields): Uint8Array {
  return concatBytes(
    fixedBytes(fields.cpuSvn, 16),
    encodeU32(fields.miscSelect ?? 0),
    new Uint8Array(12),
    fixedBytes(fields.isvExtProdId, 16),
    encodeU64(fields.attributes?.flags ?? ENCLAVE_FLAGS),
    encodeU64(fields.attributes?.xfrm ?? ENCLAVE_XFRM),
    fixedBytes(fields.mrEnclave, 32),
    new Uint8Array(32),
    fixedBytes(fields.mrSigner, 32),
    new Uint8Array(32),
    fixedBytes(fields.configId, 64),
    encodeU16(fields.isvProdId ?? 0),
    encodeU16(fields.isvSvn ?? 0),
    encodeU16(fields.configSvn ?? 0),
    new Uint8Array(42),
    fixedBytes(fields.isvFamilyId, 16),
    expectReportData(fields.reportData),
  );
}
