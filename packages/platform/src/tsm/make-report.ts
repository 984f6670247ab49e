import { QUOTE_MAX_LENGTH, SNP_EVIDENCE_MAX_LENGTH, SNP_REPORT_LENGTH } from "@sealserve/attestation";
import { concatBytes } from "@sealserve/core";
import { PlatformError } from "../errors.ts";
import type { TsmEntry } from "./tsm-entry.ts";

/** Kinds of TEE that Linux makes reports of. */
export type TsmTee = "tdx" | "snp";

/** What a report is to be about. */
export interface TsmReportRequest {
  readonly tee: TsmTee;
  readonly reportData: Uint8Array;
  /** SEV-SNP: the VMPL to report, 0 to 3; the lowest that this guest may ask for when undefined. */
  readonly privilegeLevel?: number | undefined;
}

/**
 * Evidence made through one entry: the quote of TDX, or the SEV-SNP report followed by the certificate table that the host
 * adds (Linux Documentation/ABI/testing/configfs-tsm-report).
 *
 * The generation proves that the report belongs to what was written here. It is also the only sign of report data that the
 * kernel refused: `inblob` is taken over when the file is closed, and closing reports no error.
 * @throws PlatformError the codes of `tsmFault`, `tsm-generation-changed`, `quote-malformed`, `quote-too-long`, `quote-empty`
 */
export async function makeTsmReport(entry: TsmEntry, request: TsmReportRequest): Promise<Uint8Array> {
  const before = await entry.generation();
  const writes = await writeOptions(entry, request);
  await expectGeneration(entry, before + BigInt(writes));
  const evidence = request.tee === "tdx" ? await entry.report(QUOTE_MAX_LENGTH) : await readSnpEvidence(entry);
  await expectGeneration(entry, before + BigInt(writes));
  return evidence;
}

/** Returns how often it wrote. */
async function writeOptions(entry: TsmEntry, { tee, reportData, privilegeLevel }: TsmReportRequest): Promise<number> {
  let writes = 1;
  if (tee === "snp") {
    await entry.writePrivilegeLevel(privilegeLevel ?? (await entry.privilegeLevelFloor()));
    writes++;
  }
  await entry.writeReportData(reportData);
  return writes;
}

async function readSnpEvidence(entry: TsmEntry): Promise<Uint8Array> {
  const report = await entry.report(SNP_REPORT_LENGTH);
  if (report.length !== SNP_REPORT_LENGTH) {
    throw new PlatformError("quote-malformed", "the kernel made a SEV-SNP report of another length", {
      expected: `${SNP_REPORT_LENGTH} bytes`,
      actual: `${report.length} bytes`,
    });
  }
  return concatBytes(report, await entry.auxiliaryData(SNP_EVIDENCE_MAX_LENGTH - SNP_REPORT_LENGTH));
}

async function expectGeneration(entry: TsmEntry, expected: bigint): Promise<void> {
  const actual = await entry.generation();
  if (actual !== expected) {
    throw new PlatformError(
      "tsm-generation-changed",
      "the report's entry was written to by another, or did not take a value",
      {
        expected: String(expected),
        actual: String(actual),
      },
    );
  }
}
