import type { JsonValue } from "@sealserve/core";
import type { TdxMachine } from "./machine.ts";
import { encodeIsvSvnLevel, type IsvSvnLevel } from "./tcb-level.ts";

/** SHA-384 of `Sealserve simulator TDX module, NOT SECURE`. */
export const MR_SEAM =
  "7a8f463320dc7468c2aaebc6e12b4d14ebada7cbb6319b9b4bc3f9a301047ed8bd63c011013f47d75736a5204d95ec3c";

/** What TCB info says a TDX module must be. Byte strings in wire order. */
export interface TdxModule {
  /** MRSIGNERSEAM, 96 hex digits; zero by default, as for a module of Intel. */
  readonly mrSigner?: string;
  /** SEAMATTRIBUTES, 16 hex digits; zero by default. */
  readonly attributes?: string;
  /** 16 hex digits; by default every bit counts. */
  readonly attributesMask?: string;
}

/** What TCB info says about the modules of one major version. */
export interface TdxModuleIdentity extends TdxModule {
  /** `TDX_` and the major version in two hex digits. */
  readonly id: string;
  /** Newest first. */
  readonly tcbLevels: readonly IsvSvnLevel[];
}

/** Newest ISVSVN by major version, as far as the machine does not say otherwise. */
const NEWEST_ISV_SVN: readonly (readonly [version: number, isvSvn: number])[] = [
  [3, 4],
  [1, 6],
];

/** The `id` of the modules of a major version. */
export function tdxModuleId(version: number): string {
  return `TDX_${version.toString(16).padStart(2, "0").toUpperCase()}`;
}

/**
 * Identities of the modules of versions 3 and 1 and of the machine's own, which exactly describe the machine.
 * @param status of the newest level of the machine's module
 */
export function tdxModuleIdentitiesFor(machine: TdxMachine, status: string): TdxModuleIdentity[] {
  const [isvSvn = 0, version = 0] = machine.teeTcbSvn;
  const newest = new Map([...NEWEST_ISV_SVN, ...(version > 0 ? [[version, isvSvn] as const] : [])]);
  return [...newest].map(([major, svn]) => ({
    id: tdxModuleId(major),
    tcbLevels: [
      { isvSvn: svn, status: major === version ? status : "UpToDate" },
      { isvSvn: Math.max(0, svn - 2), status: "OutOfDate", advisoryIds: ["SIMULATED-SA-00003"] },
    ],
  }));
}

/** The member `tdxModule`. */
export function encodeTdxModule(module: TdxModule): { [name: string]: JsonValue } {
  return {
    mrsigner: (module.mrSigner ?? "00".repeat(48)).toUpperCase(),
    attributes: (module.attributes ?? "00".repeat(8)).toUpperCase(),
    attributesMask: (module.attributesMask ?? "ff".repeat(8)).toUpperCase(),
  };
}

/** An element of the member `tdxModuleIdentities`. */
export function encodeTdxModuleIdentity(identity: TdxModuleIdentity): JsonValue {
  return { id: identity.id, ...encodeTdxModule(identity), tcbLevels: identity.tcbLevels.map(encodeIsvSvnLevel) };
}
