/** The public RA-TLS certificates beside the project, with their keys. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { SealserveError } from "@sealserve/core";
import type { ProvenEvidence } from "@sealserve/ra-tls";

const VECTORS = new URL("../../../shared/vectors/ra-tls/", import.meta.url);
const present = existsSync(new URL("manifest.json", VECTORS));

/** Why there is nothing to test, for the `skip` of a suite; false when the vectors are there. */
export const skipWithoutRaTlsVectors: string | false = present ? false : `no vectors at ${VECTORS.pathname}`;

/** A certificate, and what a verifier must say to it when its quote is genuine. */
export interface RaTlsVector {
  readonly id: string;
  readonly cert: string;
  readonly key?: string;
  readonly what: string;
  readonly expect: "accept" | "reject" | "strict: reject, default: accept";
}

/** None when there are no vectors. */
export function raTlsVectors(): RaTlsVector[] {
  if (!present) {
    return [];
  }
  return JSON.parse(readFileSync(new URL("manifest.json", VECTORS), "utf8")).certificates;
}

export function readRaTlsVector(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, VECTORS)));
}

/** A key of the vectors: PKCS #8, SEC 1 or PKCS #1. */
export function raTlsVectorKey(file: string): KeyObject {
  const key = Buffer.from(readRaTlsVector(file));
  for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
    try {
      return createPrivateKey({ key, format: "der", type });
    } catch {
      // The next form may be the right one.
    }
  }
  throw new Error(`${file} is no private key`);
}

/** Header of an SGX quote, behind which the report body stands: ATTRIBUTES at 48, report data at 320. */
const HEADER = 48;
const DEBUG = 0x02;

/** Stands in for proof and policy: the signatures of these quotes are no signatures. */
export async function acceptProductionEnclave(quote: Uint8Array): Promise<ProvenEvidence> {
  if (((quote[HEADER + 48] ?? 0) & DEBUG) !== 0) {
    throw new SealserveError("debug-enabled", "debug enclave");
  }
  return { report: { reportData: quote.subarray(HEADER + 320, HEADER + 384) } };
}
