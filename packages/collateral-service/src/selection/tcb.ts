import { decodeHex } from "@sealserve/core";
import type { RawTcb } from "../store/platforms.ts";

/** SVNs of a platform: sixteen components and that of the provisioning certification enclave. */
export interface Tcb {
  readonly components: readonly number[];
  readonly pceSvn: number;
}

/** The TCB that hardware reports: for TCB type 0 the bytes of the CPUSVN are the components. */
export function tcbOf({ cpuSvn, pceSvn }: RawTcb): Tcb {
  const [low = 0, high = 0] = decodeHex(pceSvn, 2);
  return { components: [...decodeHex(cpuSvn, 16)], pceSvn: low | (high << 8) };
}

/**
 * Whether no SVN of `one` is lower than that of `other`. TCBs of which each has a higher SVN somewhere are incomparable:
 * neither is at least the other.
 */
export function isAtLeast(one: Tcb, other: Tcb): boolean {
  return one.pceSvn >= other.pceSvn && one.components.every((svn, index) => svn >= (other.components[index] as number));
}
