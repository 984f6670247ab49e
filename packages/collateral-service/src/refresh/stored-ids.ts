import type { DocumentId, IdentityKind, PckCa, Update } from "../store/document-key.ts";

const TCB_INFO = /^tcb-info\/(sgx|tdx)\/([0-9A-F]{12})\/v4\/(early|standard)$/;
const IDENTITY = /^identity\/(QE|QVE|TDQE|QAE)\/v4\/(early|standard)$/;
const PCK_CRL = /^pck-crl\/(processor|platform)$/;
const CRL_PREFIX = "crl/";

/** What a stored document is about, by its key; undefined for those that upstream does not offer any more. */
export function idOfKey(key: string): DocumentId | undefined {
  const [, tee, fmspc, update] = TCB_INFO.exec(key) ?? [];
  if (fmspc !== undefined) {
    return { kind: "tcb-info", tee: tee as "sgx" | "tdx", fmspc, version: 4, update: update as Update };
  }
  const [, identity, identityUpdate] = IDENTITY.exec(key) ?? [];
  if (identity !== undefined) {
    return { kind: "identity", identity: identity as IdentityKind, version: 4, update: identityUpdate as Update };
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
