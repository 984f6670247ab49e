import { decodeHex } from "@sealserve/core";
import { SimulatorError } from "../errors.ts";

const REPORT_DATA_BYTES = 64;

/** Exactly `length` bytes from hex, zeros where no value is given. @throws CoreError `bad-hex` */
export function fixedBytes(hex: string | undefined, length: number): Uint8Array {
  return hex === undefined ? new Uint8Array(length) : decodeHex(hex, length);
}

/** The caller's report data as it stands. @throws SimulatorError `bad-argument` unless it is 64 bytes */
export function expectReportData(reportData: Uint8Array): Uint8Array {
  if (reportData.length !== REPORT_DATA_BYTES) {
    throw new SimulatorError("bad-argument", "report data has the wrong length", {
      expected: `${REPORT_DATA_BYTES} bytes`,
      actual: `${reportData.length} bytes`,
    });
  }
  return reportData;
}
