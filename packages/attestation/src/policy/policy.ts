import type { TeeKind } from "../tee/tee-kind.ts";
import type { MachineList } from "./machine-policy.ts";
import { pinsEnclaves, type SgxPolicy } from "./sgx-policy.ts";
import type { SnpPolicy } from "./snp-policy.ts";
import type { TcbPolicy } from "./tcb-policy.ts";
import type { TdxPolicy } from "./tdx-policy.ts";

/** The members of a policy; every default is the strict choice. */
export interface PolicyMembers {
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

declare const parsed: unique symbol;

/** What is enough for the one who relies on evidence. Only `parsePolicy` makes one, beside {@link defaultPolicy}. */
export type AppraisalPolicy = PolicyMembers & { readonly [parsed]: true };

/** Membership says that a policy was checked: one that was not might pin nothing, whatever it looks like. */
const made = new WeakSet<object>();

/** Makes one from members that were checked. */
export function sealPolicy(members: PolicyMembers): AppraisalPolicy {
  const policy = deepFreeze(members);
  made.add(policy);
  return policy as AppraisalPolicy;
}

/** Whether `value` was made by {@link sealPolicy}. */
export function isAppraisalPolicy(value: object): value is AppraisalPolicy {
  return made.has(value);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) {
      deepFreeze(member);
    }
  }
  return value;
}

/**
 * Judges everything but which software runs: current TCB, no debug, no special keys. Enough to look at evidence, never
 * to trust it with a secret. SEV-SNP evidence may be looked at without the root's revocation list, with firmware that its
 * host can still take back, and with the endorsement key of any cloud provider.
 */
export const defaultPolicy: AppraisalPolicy = sealPolicy({
  snp: { revocation: "allow-unchecked", provisionalFirmware: "allow", vlekProviders: "any" },
});

/** The kinds of TEEs for which a policy says which software is accepted. */
export function pinnedTees({ sgx, tdx, snp }: PolicyMembers): TeeKind[] {
  return [
    ...(sgx !== undefined && pinsEnclaves(sgx) ? (["sgx"] as const) : []),
    ...(tdx?.images === undefined ? [] : (["tdx"] as const)),
    ...(snp?.images === undefined ? [] : (["snp"] as const)),
  ];
}
