import type { ByteReader } from "@sealserve/core";
import { parseTdAttributes, type TdAttributes } from "./td-attributes.ts";

/** Length of a TD report body of TDX 1.0. */
export const TD_REPORT_10_LENGTH = 584;

/** Length of a TD report body of TDX 1.5. */
export const TD_REPORT_15_LENGTH = 648;

/** What the TDX module says about a trust domain (Intel TDX DCAP quoting library, TD quote body 1.0 and 1.5). */
export interface TdReportBody {
  /** 16 bytes: SVN of the TDX module, its major version, SVN of the late microcode update, and others. */
  readonly teeTcbSvn: Uint8Array;
  /** Measurement of the TDX module, 48 bytes like every other measurement here. */
  readonly mrSeam: Uint8Array;
  /** Signer of the TDX module; zero bytes for Intel. */
  readonly mrSignerSeam: Uint8Array;
  /** 8 bytes. */
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: TdAttributes;
  /** Extended features that the TD may use, as bits. */
  readonly xfam: bigint;
  /** Initial content of the TD. */
  readonly mrTd: Uint8Array;
  /** Configuration that is not the owner's, by the host's word at the start. */
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtMr0: Uint8Array;
  readonly rtMr1: Uint8Array;
  readonly rtMr2: Uint8Array;
  readonly rtMr3: Uint8Array;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** TDX 1.5: SVNs of the module that runs now; those above are of the one that launched the TD. */
  readonly teeTcbSvn2: Uint8Array | undefined;
  /** TDX 1.5: measurement of the service TDs bound to this one, such as one that can migrate it. */
  readonly mrServiceTd: Uint8Array | undefined;
}

/** Reads the 584 bytes of a body of TDX 1.0. Every value of every field is well-formed. */
export function readTdReport10(reader: ByteReader): TdReportBody {
  return { ...readCommonFields(reader), teeTcbSvn2: undefined, mrServiceTd: undefined };
}

/** Reads the 648 bytes of a body of TDX 1.5. */
export function readTdReport15(reader: ByteReader): TdReportBody {
  return { ...readCommonFields(reader), teeTcbSvn2: reader.bytes(16), mrServiceTd: reader.bytes(48) };
}

function readCommonFields(reader: ByteReader): Omit<TdReportBody, "teeTcbSvn2" | "mrServiceTd"> {
  return {
    teeTcbSvn: reader.bytes(16),
    mrSeam: reader.bytes(48),
    mrSignerSeam: reader.bytes(48),
    seamAttributes: reader.bytes(8),
    tdAttributes: parseTdAttributes(reader.bytes(8)),
    xfam: reader.u64(),
    mrTd: reader.bytes(48),
    mrConfigId: reader.bytes(48),
    mrOwner: reader.bytes(48),
    mrOwnerConfig: reader.bytes(48),
    rtMr0: reader.bytes(48),
    rtMr1: reader.bytes(48),
    rtMr2: reader.bytes(48),
    rtMr3: reader.bytes(48),
    reportData: reader.bytes(64),
  };
}
