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
  pckCrl: (ca: PckCa): string => `pck-crl/${ca}`,
  rootCaCrl: (): string => "root-ca-crl",
  /** A list by the very URI of its distribution point. */
  crl: (uri: string): string => `crl/${uri}`,
} as const;
