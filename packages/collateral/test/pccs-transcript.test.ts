import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { AttestationError, isStale, parseSgxQuote, vendorRoot, verifyCollateral } from "@sealserve/attestation";
import { pccsSource } from "../src/pccs-source.ts";
import { startServer } from "./fixtures.ts";

const vectors = new URL("../../../../shared/vectors/", import.meta.url);
const transcript = new URL("pccs/03-dataset-A.json", vectors);

interface RecordedCase {
  readonly request: { readonly method: string; readonly path: string };
  readonly response: {
    readonly status: number;
    readonly headers: readonly (readonly [string, string])[];
    readonly body?: string;
    readonly bodyBase64?: string;
  };
}

const skip = existsSync(transcript) ? false : `${transcript.pathname} is absent`;

/** Answers as Intel's service was recorded to answer. */
async function startRecordedPccs() {
  const { cases }: { cases: RecordedCase[] } = JSON.parse(await readFile(transcript, "utf8"));
  return startServer((request, response) => {
    const found = cases.find(
      ({ request: recorded, response: { status } }) =>
        recorded.method === "GET" && recorded.path === request.url && status !== 304,
    );
    if (found === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { headers, body = "", bodyBase64 } = found.response;
    for (const [name, value] of headers) {
      if (!["content-length", "transfer-encoding", "connection", "keep-alive"].includes(name.toLowerCase())) {
        response.setHeader(name, value);
      }
    }
    response.writeHead(found.response.status);
    response.end(bodyBase64 === undefined ? body : Buffer.from(bodyBase64, "base64"));
  });
}

describe("the recorded answers of Intel's PCCS", { skip }, () => {
  for (const name of ["sgx-phala", "sgx-mobilecoin", "sgx-gramine-debug"]) {
    it(`become collateral of Intel for the quote ${name}`, async () => {
      const server = await startRecordedPccs();
      const quote = parseSgxQuote(await readFile(new URL(`sgx-quote-v3/${name}/quote.bin`, vectors)));
      const source = pccsSource({ url: server.origin, update: "standard" });
      const collateral = await source.fetchCollateral(quote);
      const { issueDate } = JSON.parse(collateral.tcbInfo);
      // The parts were recorded at different times: everything must hold but the time.
      await verifyCollateral(collateral, { now: new Date(issueDate), root: vendorRoot }).catch((error: unknown) => {
        assert.ok(error instanceof AttestationError && isStale(error.code), String(error));
      });
      server.close();
    });
  }
});
