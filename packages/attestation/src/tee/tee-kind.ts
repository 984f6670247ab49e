/** Kinds of Intel TEEs, whose evidence is a quote under the Intel SGX Root CA. */
export type IntelTeeKind = "sgx" | "tdx";

/** Kinds of TEEs whose evidence this package verifies. */
export type TeeKind = IntelTeeKind | "snp";
