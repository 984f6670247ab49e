import type { ApiVersion, DocumentId, IdentityKind, PckCa, Update } from "./document-key.ts";

const TCB_INFO = /^tcb-info\/(sgx|tdx)\/([0-9A-F]{12})\/v([34])\/(early|standard)$/;
const IDENTITY = /^identity\/(QE|QVE|TDQE|QAE)\/v([34])\/(early|standard)$/;
const EVALUATION_NUMBERS = /^evaluation-numbers\/(sgx|tdx)$/;
const PCK_CRL = /^pck-crl\/(processor|platform)$/;
const CRL_PREFIX = "crl/";

/** What a stored document is about, by its key; undefined for what is none of Intel's documents. */
export function idOfKey(key: string): DocumentId | undefined {
  const [, tee, fmspc, version, update] = TCB_INFO.exec(key) ?? [];
  if (fmspc !== undefined) {
    return { kind: "tcb-info", tee: tee as "sgx" | "tdx", fmspc, ...issueOf(version, update) };
  }
  const [, identity, ofVersion, ofUpdate] = IDENTITY.exec(key) ?? [];
  if (identity !== undefined) {
    return { kind: "identity", identity: identity as IdentityKind, ...issueOf(ofVersion, ofUpdate) };
  }
  const [, ofTee] = EVALUATION_NUMBERS.exec(key) ?? [];
  if (ofTee !== undefined) {
    return { kind: "evaluation-numbers", tee: ofTee as "sgx" | "tdx" };
  }
  const [, ca] = PCK_CRL.exec(key) ?? [];
  if (ca !== undefined) {
    return { kind: "pck-crl", ca: ca as PckCa };
  }
  if (key === "root-ca-crl") {
    return { kind: key };
  }
  return key.startsWith(CRL_PREFIX) ? { kind: "crl", uri: key.slice(CRL_PREFIX.length) } : undefined;
}

function issueOf(version: string | undefined, update: string | undefined) {
  return { version: Number(version) as ApiVersion, update: update as Update };
}
