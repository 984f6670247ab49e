/**
 * What the attestation figures are measured with: real quotes with the collateral of their time where the public vectors
 * lie beside the project, so that a peer that trusts Intel's root alone can take part; otherwise the simulator's.
 */
import {
  type Collateral,
  parseCollateralFile,
  type TrustedRoot,
  trustedRootFromPem,
  vendorRoot,
  verifyCollateral,
  verifyEvidence,
} from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { readVector, readVectorText, vectorsPresent } from "../tests/support/vectors.ts";

/** The kinds of evidence that are measured. */
export type SubjectName = "sgx" | "tdx";

/** A quote and all that it is verified with. */
export interface Subject {
  readonly name: SubjectName;
  readonly source: string;
  readonly quote: Uint8Array;
  readonly collateral: Collateral;
  /** The same as the file that other verifiers read; undefined where they would not trust its root. */
  readonly collateralFile: string | undefined;
  readonly root: TrustedRoot;
  readonly now: Date;
}

const VECTORS: Readonly<Record<SubjectName, { id: string; folder: string; collateral: string; now: string }>> = {
  sgx: {
    id: "sgx-automata-v3/full-2",
    folder: "sgx-quote-v3/sgx-automata-v3",
    collateral: "collateral-2.json",
    now: "2025-08-30T05:09:06Z",
  },
  tdx: {
    id: "tdx4-phala-new/full-1",
    folder: "tdx-quote-v4/tdx4-phala-new",
    collateral: "collateral-1.json",
    now: "2025-07-04T10:16:31Z",
  },
};

/** A verifier remembers 32 authorities, of which each simulated vendor has three. */
const STRANGERS = 24;

export async function loadSubject(name: SubjectName): Promise<Subject> {
  return vectorsPresent ? realSubject(name) : simulatedSubject(name);
}

async function realSubject(name: SubjectName): Promise<Subject> {
  const { id, folder, collateral, now } = VECTORS[name];
  const collateralFile = await readVectorText(`${folder}/${collateral}`);
  return {
    name,
    source: id,
    quote: await readVector(`${folder}/quote.bin`),
    collateral: parseCollateralFile(collateralFile),
    collateralFile,
    root: vendorRoot,
    now: new Date(now),
  };
}

/** Evidence of more vendors than a verifier remembers, so that each of them, taken in turn, is a stranger. */
export async function strangers(name: SubjectName): Promise<Subject[]> {
  return Promise.all(Array.from({ length: STRANGERS }, () => simulatedSubject(name)));
}

async function simulatedSubject(name: SubjectName): Promise<Subject> {
  const now = new Date();
  const vendor = await createVendor({ now });
  const reportData = new Uint8Array(64);
  const quote =
    name === "sgx"
      ? vendor.quote({ mrEnclave: "11".repeat(32), reportData })
      : vendor.tdxQuote({ mrTd: "11".repeat(48), reportData });
  return {
    name,
    source: "simulator",
    quote: await quote,
    collateral: await vendor.collateral({ tee: name }),
    collateralFile: undefined,
    root: await trustedRootFromPem(vendor.rootPem),
    now,
  };
}

/** One warm verification: collateral and platform were verified before. */
export async function warmVerification({ quote, collateral, root, now }: Subject): Promise<() => Promise<unknown>> {
  const verified = await verifyCollateral(collateral, { now, root });
  return () => verifyEvidence(quote, verified, { now, root });
}

/** One cold verification: nothing is known of the platform and the collateral. */
export function coldVerification({ quote, collateral, root, now }: Subject): () => Promise<unknown> {
  return () => verifyEvidence(quote, collateral, { now, root });
}
