import { encodeHex } from "@sealserve/core";
import type { VerifiedEvidence } from "../verify/verified-evidence.ts";
import type { Claim } from "./claim.ts";
import type { MachineList } from "./machine-policy.ts";
import type { AppraisalPolicy } from "./policy.ts";

type MachineIds = Readonly<Partial<Record<keyof MachineList, string>>>;

/** Judges on which machine evidence was made, as its vendor certified it. */
export function machineClaims(evidence: VerifiedEvidence, { machines, deniedMachines }: AppraisalPolicy): Claim[] {
  const ids = machineIds(evidence);
  const claims: Claim[] = [];
  if (machines !== undefined) {
    claims.push(claim("machine", "machine-not-listed", "a listed machine", ids, isListed(ids, machines)));
  }
  if (deniedMachines !== undefined) {
    const clear = !isListed(ids, deniedMachines) && !isHidden(evidence, deniedMachines);
    claims.push(claim("machine-not-denied", "machine-denied", "no denied machine", ids, clear));
  }
  return claims;
}

/** A VLEK does not tell on which chip it signed, so it could be on any of those denied. */
function isHidden(evidence: VerifiedEvidence, { chipId }: MachineList): boolean {
  return evidence.tee === "snp" && evidence.signingKey === "vlek" && chipId !== undefined;
}

function machineIds(evidence: VerifiedEvidence): MachineIds {
  if (evidence.tee === "snp") {
    return evidence.signingKey === "vlek" ? {} : { chipId: encodeHex(evidence.report.chipId) };
  }
  const { ppid, platformInstanceId } = evidence.pck;
  return { ppid, ...(platformInstanceId === undefined ? {} : { platformInstanceId }) };
}

function isListed(ids: MachineIds, list: MachineList): boolean {
  return Object.entries(ids).some(
    ([kind, id]) =>
      list[kind as keyof MachineList]?.some((listed) => listed.toLowerCase() === id.toLowerCase()) === true,
  );
}

function claim(name: string, code: Claim["code"], expected: string, ids: MachineIds, pass: boolean): Claim {
  const actual = Object.entries(ids).map(([kind, id]) => `${kind} ${id}`);
  return {
    claim: name,
    code,
    expected,
    actual: actual.length === 0 ? "a machine without id" : actual.join(", "),
    pass,
  };
}
