import type { PlatformTcbLevel, TcbInfo } from "../../collateral/tcb-info.ts";
import { AttestationError } from "../../errors.ts";
import type { PckExtension } from "../../pck/pck-extension.ts";

/** SVNs of a platform as its PCK certificate has them. */
export type PckSvns = Pick<PckExtension, "components" | "pceSvn">;

/** TEE_TCB_SVN[1]: the major version of the TDX module. */
const MODULE_VERSION = 1;

/** SVNs of the TDX module, which its own identity judges from major version 1 on. */
const MODULE_COMPONENTS = 2;

/**
 * The first level of which every SGX component, by position, the PCESVN and, for TDX, every TDX component are reached.
 * @param teeTcbSvn of the TD; undefined for SGX
 * @throws AttestationError `platform-tcb-not-supported`
 */
export function matchPlatformLevel(
  pck: PckSvns,
  teeTcbSvn: Uint8Array | undefined,
  { levels }: TcbInfo,
): PlatformTcbLevel {
  const match = levels.find((level) => reachesSgxPart(pck, level) && reachesTdxPart(teeTcbSvn, level));
  return match ?? refuse(pck, teeTcbSvn);
}

/** The first level that the SGX part alone reaches: what the platform has below its TDX module. @throws as above */
export function matchSgxPart(pck: PckSvns, { levels }: TcbInfo): PlatformTcbLevel {
  return levels.find((level) => reachesSgxPart(pck, level)) ?? refuse(pck, undefined);
}

function refuse({ components, pceSvn }: PckSvns, teeTcbSvn: Uint8Array | undefined): never {
  const tdx = teeTcbSvn === undefined ? "" : `, TEE_TCB_SVN ${teeTcbSvn.join(" ")}`;
  throw new AttestationError("platform-tcb-not-supported", "platform is below every TCB level of its TCB info", {
    actual: `components ${components.join(" ")}, PCESVN ${pceSvn}${tdx}`,
  });
}

function reachesSgxPart({ components, pceSvn }: PckSvns, level: PlatformTcbLevel): boolean {
  return pceSvn >= level.pceSvn && reaches(components, level.components, 0);
}

function reachesTdxPart(teeTcbSvn: Uint8Array | undefined, { tdxComponents }: PlatformTcbLevel): boolean {
  if (teeTcbSvn === undefined) {
    return true;
  }
  return tdxComponents !== undefined && reaches(teeTcbSvn, tdxComponents, firstComponent(teeTcbSvn));
}

function firstComponent(teeTcbSvn: Uint8Array): number {
  return (teeTcbSvn[MODULE_VERSION] ?? 0) > 0 ? MODULE_COMPONENTS : 0;
}

function reaches(actual: ArrayLike<number>, minimum: readonly number[], first: number): boolean {
  return (
    actual.length === minimum.length &&
    minimum.every((svn, index) => index < first || (actual[index] ?? Number.NEGATIVE_INFINITY) >= svn)
  );
}
