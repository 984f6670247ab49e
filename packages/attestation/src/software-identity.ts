import { encodeHex } from "@sealserve/core";
import type { Evidence } from "./evidence.ts";
import type { EvidenceFacts } from "./verify/verified-evidence.ts";

type Reported = Pick<Evidence, "tee" | "report"> | Pick<EvidenceFacts, "tee" | "report">;

/**
 * Which software evidence is about: the measurements by their names, lower-case hex, for logs and people. Of evidence that
 * is only parsed it is the word of whoever sent it.
 */
export function softwareIdentity(evidence: Reported): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(measurementsOf(evidence)).map(([name, value]) => [name, encodeHex(value)]));
}

function measurementsOf(evidence: Reported): Record<string, Uint8Array> {
  const { report } = evidence as Evidence;
  if ("mrEnclave" in report) {
    const { mrEnclave, mrSigner } = report;
    return { mrEnclave, mrSigner };
  }
  if ("measurement" in report) {
    const { measurement, hostData, idKeyDigest, authorKeyDigest } = report;
    return { measurement, hostData, idKeyDigest, authorKeyDigest };
  }
  const { mrTd, rtMr0, rtMr1, rtMr2, rtMr3 } = report;
  return { mrTd, rtMr0, rtMr1, rtMr2, rtMr3 };
}
