/** The kinds of TEE that the simulated Intel-like vendor makes evidence for. */
export type IntelTee = "sgx" | "tdx";

interface TeeNames {
  /** TEE type in the quote header. */
  readonly teeType: number;
  /** `id` of TCB info, version 3. */
  readonly tcbInfoId: string;
  /** `id` of the identity of the quoting enclave. */
  readonly qeIdentityId: string;
}

/** What quotes and documents call each kind. The verifier has a table of its own: a mistake here must not hide one there. */
export const TEE_NAMES: Readonly<Record<IntelTee, TeeNames>> = {
  sgx: { teeType: 0x00, tcbInfoId: "SGX", qeIdentityId: "QE" },
  tdx: { teeType: 0x81, tcbInfoId: "TDX", qeIdentityId: "TD_QE" },
};
