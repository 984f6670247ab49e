import type { TeeKind } from "@sealserve/attestation";
import { PlatformError } from "./errors.ts";

/** Length of the caller's value in a report of any TEE, in bytes. */
export const REPORT_DATA_LENGTH = 64;

/** The machine a program runs on, as far as it can prove what runs there. */
export interface Platform {
  /** The kind of trusted execution environment the evidence speaks of. */
  readonly tee: TeeKind;
  /** Where the evidence comes from, for log lines. */
  readonly name: string;
  /** True when no hardware stands behind the evidence; every verdict and log line resting on it must say so. */
  readonly simulated: boolean;
  /**
   * Evidence over `reportData` (exactly 64 bytes), made for this call: a quote of SGX or TDX; a SEV-SNP report followed by its
   * certificate table.
   * @throws PlatformError
   */
  quote(reportData: Uint8Array): Promise<Uint8Array>;
  /** Ends the use of the platform. Later calls of `quote` are refused. */
  close(): Promise<void>;
}

/** Refuses report data of any other length: the hardware would pad or cut it without a word. */
export function expectReportData(reportData: Uint8Array): void {
  if (reportData.length !== REPORT_DATA_LENGTH) {
    throw new PlatformError("bad-report-data", "report data has the wrong length", {
      expected: `${REPORT_DATA_LENGTH} bytes`,
      actual: `${reportData.length} bytes`,
    });
  }
}
