import { encodeHex, encodeUtf8 } from "@sealserve/core";

/** The one processor that the simulated vendor ever made, as its PCK certificate describes it. */
export interface SimulatedMachine {
  /** Family, model, stepping, platform and custom SKU: 12 hex digits. */
  readonly fmspc: string;
  /** Identity of the provisioning certification enclave: 4 hex digits. */
  readonly pceId: string;
  /** The sixteen SVNs of the TCB components, in order. */
  readonly componentSvns: readonly number[];
  readonly pceSvn: number;
  /** Platform provisioning id: 32 hex digits. */
  readonly ppid: string;
  /** 32 hex digits. */
  readonly platformInstanceId: string;
}

/** The machine with what no certificate says about it, but each TD report does. */
export interface TdxMachine extends SimulatedMachine {
  /**
   * The sixteen bytes of TEE_TCB_SVN of its TDs: ISVSVN of the TDX module, major version of the module, late microcode
   * update, thirteen more.
   */
  readonly teeTcbSvn: readonly number[];
}

/** "SIMUL8" in ASCII: no real processor has such an FMSPC. */
const FMSPC = encodeHex(encodeUtf8("SIMUL8"));

/** The TDX module that a simulated machine runs unless told otherwise: major version 3, ISVSVN 4. */
export const TEE_TCB_SVN: readonly number[] = [4, 3, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** A machine with its own identifiers, whose TCB is the newest that the vendor knows. */
export function createMachine(random: (length: number) => Uint8Array): SimulatedMachine {
  return {
    fmspc: FMSPC,
    pceId: "0000",
    componentSvns: [12, 12, 3, 3, 255, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    pceSvn: 13,
    ppid: encodeHex(random(16)),
    platformInstanceId: encodeHex(random(16)),
  };
}

/** CPUSVN of the machine. On this one each byte is the SVN of the component at its place. */
export function cpuSvnOf(machine: SimulatedMachine): string {
  return encodeHex(Uint8Array.from(machine.componentSvns));
}
