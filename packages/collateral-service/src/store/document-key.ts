/** Which of the two data sets that Intel keeps valid. */
export type Update = "early" | "standard";
/** Version of Intel's API that a document came by. */
export type ApiVersion = 3 | 4;
export type IdentityKind = "QE" | "QVE" | "TDQE" | "QAE";
export type PckCa = "processor" | "platform";

/** Names of stored documents. FMSPCs are upper-case hex. */
export const documentKey = {
  tcbInfo: (tee: "sgx" | "tdx", fmspc: string, version: ApiVersion, update: Update): string =>
    `tcb-info/${tee}/${fmspc}/v${version}/${update}`,
  identity: (kind: IdentityKind, version: ApiVersion, update: Update): string =>
    `identity/${kind}/v${version}/${update}`,
  evaluationNumbers: (tee: "sgx" | "tdx"): string => `evaluation-numbers/${tee}`,
  pckCrl: (ca: PckCa): string => `pck-crl/${ca}`,
  rootCaCrl: (): string => "root-ca-crl",
  /** A list by the very URI of its distribution point. */
  crl: (uri: string): string => `crl/${uri}`,
} as const;

/** What a stored document is about. */
export type DocumentId =
  | {
      readonly kind: "tcb-info";
      readonly tee: "sgx" | "tdx";
      readonly fmspc: string;
      readonly version: ApiVersion;
      readonly update: Update;
    }
  | {
      readonly kind: "identity";
      readonly identity: IdentityKind;
      readonly version: ApiVersion;
      readonly update: Update;
    }
  /** TCB evaluation data numbers, of API version 4. */
  | { readonly kind: "evaluation-numbers"; readonly tee: "sgx" | "tdx" }
  | { readonly kind: "pck-crl"; readonly ca: PckCa }
  | { readonly kind: "root-ca-crl" }
  | { readonly kind: "crl"; readonly uri: string };

/** What Intel issues for each TCB evaluation data number. */
export type EvaluatedId = Extract<DocumentId, { readonly kind: "tcb-info" | "identity" }>;

/** The name that the document is stored under. */
export function keyOf(id: DocumentId): string {
  switch (id.kind) {
    case "tcb-info":
      return documentKey.tcbInfo(id.tee, id.fmspc, id.version, id.update);
    case "identity":
      return documentKey.identity(id.identity, id.version, id.update);
    case "evaluation-numbers":
      return documentKey.evaluationNumbers(id.tee);
    case "pck-crl":
      return documentKey.pckCrl(id.ca);
    case "root-ca-crl":
      return documentKey.rootCaCrl();
    case "crl":
    default:
      return documentKey.crl(id.uri);
  }
}
