import { ByteReader } from "@sealserve/core";

/** Length of an SGX enclave report without its MAC. */
export const SGX_REPORT_BODY_LENGTH = 384;

/** ATTRIBUTES of an enclave (Intel SDM volume 3D, SECS.ATTRIBUTES). */
export interface SgxAttributes {
  readonly flags: bigint;
  readonly xfrm: bigint;
  readonly init: boolean;
  /** A debug enclave: the host can read and change all of its memory. */
  readonly debug: boolean;
  readonly mode64bit: boolean;
  /** The enclave may derive provisioning keys, which identify the platform. */
  readonly provisionKey: boolean;
  /** The enclave may derive the launch key. */
  readonly einitTokenKey: boolean;
  /** Key separation and sharing: CONFIGID, ISVEXTPRODID and ISVFAMILYID are in use. */
  readonly kss: boolean;
  /** The 16 bytes as they stand. */
  readonly raw: Uint8Array;
}

/** What the CPU says about an enclave (Intel SDM volume 3D, REPORT structure). */
export interface SgxReportBody {
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: number;
  readonly isvExtProdId: Uint8Array;
  readonly attributes: SgxAttributes;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly isvFamilyId: Uint8Array;
  readonly reportData: Uint8Array;
}

/** Reads the 384 bytes of an SGX report body. Every value of every field is well-formed. */
export function readSgxReportBody(reader: ByteReader): SgxReportBody {
  const cpuSvn = reader.bytes(16);
  const miscSelect = reader.u32();
  reader.bytes(12);
  const isvExtProdId = reader.bytes(16);
  const attributes = readSgxAttributes(reader.bytes(16));
  const mrEnclave = reader.bytes(32);
  reader.bytes(32);
  const mrSigner = reader.bytes(32);
  reader.bytes(32);
  const configId = reader.bytes(64);
  const isvProdId = reader.u16();
  const isvSvn = reader.u16();
  const configSvn = reader.u16();
  reader.bytes(42);
  const isvFamilyId = reader.bytes(16);
  const reportData = reader.bytes(64);
  return {
    cpuSvn,
    miscSelect,
    isvExtProdId,
    attributes,
    mrEnclave,
    mrSigner,
    configId,
    isvProdId,
    isvSvn,
    configSvn,
    isvFamilyId,
    reportData,
  };
}

/** Reads the 16 bytes of ATTRIBUTES. */
export function readSgxAttributes(raw: Uint8Array): SgxAttributes {
  const reader = new ByteReader(raw);
  const flags = reader.u64();
  const has = (bit: number): boolean => (flags & (1n << BigInt(bit))) !== 0n;
  return {
    flags,
    xfrm: reader.u64(),
    init: has(0),
    debug: has(1),
    mode64bit: has(2),
    provisionKey: has(4),
    einitTokenKey: has(5),
    kss: has(7),
    raw,
  };
}
