import { concatBytes, decodeHex } from "@sealserve/core";
import { SimulatorError } from "../errors.ts";
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

/** The 384 bytes of an SGX report body (Intel SDM volume 3D, REPORT structure). */
export function encodeReportBody(fields: ReportFields): Uint8Array {
  if (fields.reportData.length !== 64) {
    throw new SimulatorError("bad-argument", "report data has the wrong length", {
      expected: "64 bytes",
      actual: `${fields.reportData.length} bytes`,
    });
  }
  return concatBytes(
    bytesOf(fields.cpuSvn, 16),
    encodeU32(fields.miscSelect ?? 0),
    new Uint8Array(12),
    bytesOf(fields.isvExtProdId, 16),
    encodeU64(fields.attributes?.flags ?? ENCLAVE_FLAGS),
    encodeU64(fields.attributes?.xfrm ?? ENCLAVE_XFRM),
    bytesOf(fields.mrEnclave, 32),
    new Uint8Array(32),
    bytesOf(fields.mrSigner, 32),
    new Uint8Array(32),
    bytesOf(fields.configId, 64),
    encodeU16(fields.isvProdId ?? 0),
    encodeU16(fields.isvSvn ?? 0),
    encodeU16(fields.configSvn ?? 0),
    new Uint8Array(42),
    bytesOf(fields.isvFamilyId, 16),
    fields.reportData,
  );
}

function bytesOf(hex: string | undefined, length: number): Uint8Array {
  return hex === undefined ? new Uint8Array(length) : decodeHex(hex, length);
}
