import type { IntelTeeKind } from "./tee-kind.ts";

/** What tells one Intel TEE from another in quotes and in the documents of the provisioning service. */
interface IntelTee {
  /** Name in prose. */
  readonly name: string;
  /** TEE type in the quote header. */
  readonly quoteTeeType: number;
  /** `id` of its TCB info (version 3 on). */
  readonly tcbInfoId: string;
  /** `id` of the identity of its quoting enclave. */
  readonly qeIdentityId: "QE" | "TD_QE";
}

/** Everything that depends on the kind of Intel TEE; a new kind is a new row. */
export const INTEL_TEES: Readonly<Record<IntelTeeKind, IntelTee>> = {
  sgx: { name: "SGX", quoteTeeType: 0, tcbInfoId: "SGX", qeIdentityId: "QE" },
  tdx: { name: "TDX", quoteTeeType: 0x81, tcbInfoId: "TDX", qeIdentityId: "TD_QE" },
};
