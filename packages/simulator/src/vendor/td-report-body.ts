import { concatBytes } from "@sealserve/core";
import { expectReportData, fixedBytes } from "./fixed-bytes.ts";
import { MR_SEAM } from "./tdx-module.ts";

/** TDATTRIBUTES with SEPT_VE_DISABLE (bit 28), as an ordinary production TD has them. */
export const TD_ATTRIBUTES = "0000001000000000";
/** XFAM with x87, SSE, AVX, AVX-512, PKRU and AMX state. */
export const TD_XFAM = "e702060000000000";

/** What the simulated TDX module says about a TD. Byte strings are hex in wire order unless they are `Uint8Array`. */
export interface TdReportFields {
  /** SHA-384 of what the TD started with, 96 hex digits. */
  readonly mrTd: string;
  /** The caller's 64 bytes. */
  readonly reportData: Uint8Array;
  /** 32 hex digits; by default that of the simulated machine. */
  readonly teeTcbSvn?: string | undefined;
  /** 96 hex digits; by default that of the simulated module. */
  readonly mrSeam?: string | undefined;
  /** 96 hex digits; zero by default. */
  readonly mrSignerSeam?: string | undefined;
  /** 16 hex digits; zero by default. */
  readonly seamAttributes?: string | undefined;
  /** 16 hex digits; {@link TD_ATTRIBUTES} by default. */
  readonly tdAttributes?: string | undefined;
  /** 16 hex digits; {@link TD_XFAM} by default. */
  readonly xfam?: string | undefined;
  /** 96 hex digits, as all that follow up to `rtMr3`; zero by default. */
  readonly mrConfigId?: string | undefined;
  readonly mrOwner?: string | undefined;
  readonly mrOwnerConfig?: string | undefined;
  readonly rtMr0?: string | undefined;
  readonly rtMr1?: string | undefined;
  readonly rtMr2?: string | undefined;
  readonly rtMr3?: string | undefined;
  /** Form 1.5 only, 32 hex digits: the module that runs now; by default the one that the TD was launched with. */
  readonly teeTcbSvn2?: string | undefined;
  /** Form 1.5 only, 96 hex digits; zero by default. */
  readonly mrServiceTd?: string | undefined;
}

/** A TD report of form 1.0 has 584 bytes; form 1.5 has 64 more. */
export type TdReportForm = "1.0" | "1.5";

/** A TD report body (Intel TDX DCAP quote format, TD report 1.0 and 1.5). @throws CoreError `bad-hex`, SimulatorError `bad-argument` */
export function encodeTdReportBody(fields: TdReportFields, form: TdReportForm): Uint8Array {
  const teeTcbSvn = fixedBytes(fields.teeTcbSvn, 16);
  return concatBytes(
    teeTcbSvn,
    fixedBytes(fields.mrSeam ?? MR_SEAM, 48),
    fixedBytes(fields.mrSignerSeam, 48),
    fixedBytes(fields.seamAttributes, 8),
    fixedBytes(fields.tdAttributes ?? TD_ATTRIBUTES, 8),
    fixedBytes(fields.xfam ?? TD_XFAM, 8),
    fixedBytes(fields.mrTd, 48),
    fixedBytes(fields.mrConfigId, 48),
    fixedBytes(fields.mrOwner, 48),
    fixedBytes(fields.mrOwnerConfig, 48),
    fixedBytes(fields.rtMr0, 48),
    fixedBytes(fields.rtMr1, 48),
    fixedBytes(fields.rtMr2, 48),
    fixedBytes(fields.rtMr3, 48),
    expectReportData(fields.reportData),
    ...(form === "1.5" ? [runningModule(fields, teeTcbSvn), fixedBytes(fields.mrServiceTd, 48)] : []),
  );
}

function runningModule({ teeTcbSvn2 }: TdReportFields, launchedWith: Uint8Array): Uint8Array {
  return teeTcbSvn2 === undefined ? launchedWith : fixedBytes(teeTcbSvn2, 16);
}
