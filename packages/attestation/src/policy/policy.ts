import type { TeeKind } from "../tee/tee-kind.ts";
import type { MachineList } from "./machine-policy.ts";
import { pinsEnclaves, type SgxPolicy } from "./sgx-policy.ts";
import type { SnpPolicy } from "./snp-policy.ts";
import type { TcbPolicy } from "./tcb-policy.ts";
import type { TdxPolicy } from "./tdx-policy.ts";

/** What is enough for the one who relies on evidence. Made by `parsePolicy`; every default is the strict choice. */
export interface AppraisalPolicy {
  /** Accepted enclaves. Evidence of a kind of TEE for which a policy pins nothing is refused. */
  readonly sgx?: SgxPolicy;
  /** Accepted trust domains. */
  readonly tdx?: TdxPolicy;
  /** Accepted SEV-SNP guests. */
  readonly snp?: SnpPolicy;
  /** How current an Intel platform must be; of SEV-SNP the collateral's end alone, the rest is in `snp.minimumTcb`. */
  readonly tcb?: TcbPolicy;
  /** The only machines that are accepted; default: any. */
  readonly machines?: MachineList;
  /** Machines that are not accepted any more. */
  readonly deniedMachines?: MachineList;
  /** Whether threads of one core may be shared with others. Default `allow`; `refuse` also refuses where it is unknown. */
  readonly smt?: "allow" | "refuse";
  /** Default `refuse`. `allow-insecure` is for development: a debugged TEE hides nothing from its host. */
  readonly debug?: "refuse" | "allow-insecure";
}

/**
 * Judges everything but which software runs: current TCB, no debug, no special keys. Enough to look at evidence, never
 * to trust it with a secret. SEV-SNP evidence may be looked at without the root's revocation list.
 */
export const defaultPolicy: AppraisalPolicy = Object.freeze({
  snp: Object.freeze({ revocation: "allow-unchecked" }),
});

/** The kinds of TEEs for which a policy says which software is accepted. */
export function pinnedTees({ sgx, tdx, snp }: AppraisalPolicy): TeeKind[] {
  return [
    ...(sgx !== undefined && pinsEnclaves(sgx) ? (["sgx"] as const) : []),
    ...(tdx?.images === undefined ? [] : (["tdx"] as const)),
    ...(snp?.images === undefined ? [] : (["snp"] as const)),
  ];
}
