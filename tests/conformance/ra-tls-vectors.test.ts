import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { equalBytes, SealserveError } from "@sealserve/core";
import { parseRaTlsCertificate } from "@sealserve/ra-tls";

const VECTORS = new URL("../../../shared/vectors/ra-tls/", import.meta.url);
const present = existsSync(new URL("manifest.json", VECTORS));
const skip = present ? false : `no vectors at ${VECTORS.pathname}`;

/** Where an SGX quote (version 3) holds the report data: header of 48 bytes, report body of 384 that ends with it. */
const REPORT_DATA = [368, 432] as const;

/** Refused by the appraisal of the report, which comes after the certificate: see the tests of the broker. */
const REFUSED_LATER = new Set(["debug-enclave"]);

interface CertificateVector {
  readonly id: string;
  readonly cert: string;
  readonly what: string;
  readonly expect: "accept" | "reject" | "strict: reject, default: accept";
}

function certificates(): CertificateVector[] {
  if (!present) {
    return [];
  }
  const manifest = JSON.parse(readFileSync(new URL("manifest.json", VECTORS), "utf8"));
  return manifest.certificates;
}

/** Whether the certificate is well formed and its evidence speaks for its key, all 64 bytes compared. */
async function isBound(file: string): Promise<boolean> {
  try {
    const { evidence, expectedReportData } = await parseRaTlsCertificate(readFileSync(new URL(file, VECTORS)));
    return equalBytes(evidence.subarray(...REPORT_DATA), expectedReportData);
  } catch (error) {
    if (error instanceof SealserveError) {
      return false;
    }
    throw error;
  }
}

describe("certificates of real and crafted RA-TLS peers", { skip }, () => {
  it("are there", () => {
    assert.ok(certificates().length >= 20);
  });

  for (const { id, cert, what, expect } of certificates()) {
    const accepted = expect === "accept" || REFUSED_LATER.has(id);
    it(`${accepted ? "accepts" : "refuses"} ${id}: ${what}`, async () => {
      assert.equal(await isBound(cert), accepted);
    });
  }
});
