import type { SnpFirmwareVersion } from "../snp/firmware-version.ts";
import { HOST_REQUESTED } from "../snp/report-body.ts";
import { SNP_PRODUCTS } from "../tee/snp-product.ts";
import type { SnpFacts } from "../verify/verified-evidence.ts";
import { type Claim, clearClaim, listClaim } from "./claim.ts";
import type { AppraisalPolicy } from "./policy.ts";
import { snpImageClaims } from "./snp-image-claims.ts";
import { type SnpPolicy, versionNumbers } from "./snp-policy.ts";
import { snpTcbClaims } from "./snp-tcb-claims.ts";

/** Judges a SEV-SNP guest and its platform: what no policy may overlook always, the rest by what the policy says. */
export function snpClaims(evidence: SnpFacts, policy: AppraisalPolicy): Claim[] {
  const snp = policy.snp ?? {};
  return [
    ...guestClaims(evidence, policy, snp),
    ...endorsementClaims(evidence, snp),
    ...snpTcbClaims(evidence, snp.minimumTcb),
    ...firmwareClaims(evidence, snp),
    ...platformClaims(evidence, snp),
    ...(snp.images === undefined ? [] : snpImageClaims(evidence.report, snp.images)),
  ];
}

function guestClaims({ report }: SnpFacts, { debug }: AppraisalPolicy, snp: SnpPolicy): Claim[] {
  const { policy, vmpl } = report;
  const accepted = snp.vmpl ?? [0];
  return [
    clearClaim("debug", "debug-guest", policy.debug, debug === "allow-insecure"),
    clearClaim("migration-agent", "guest-migratable", policy.migrationAgentAllowed, snp.migration === "allow"),
    {
      claim: "vmpl",
      code: "vmpl-not-accepted",
      expected: accepted.join(" or "),
      actual: vmpl === HOST_REQUESTED ? "asked for by the host" : `${vmpl}`,
      pass: vmpl !== HOST_REQUESTED && accepted.includes(vmpl),
    },
    ...(snp.minimumAbi === undefined ? [] : [abiClaim(report.policy, snp.minimumAbi)]),
  ];
}

function abiClaim({ minimumAbi }: SnpFacts["report"]["policy"], minimum: string): Claim {
  const actual = [minimumAbi.major, minimumAbi.minor];
  return {
    claim: "minimum-abi",
    code: "abi-too-low",
    expected: `${minimum} or more`,
    actual: actual.join("."),
    pass: reaches(actual, versionNumbers(minimum)),
  };
}

/** On whose word the report rests. */
function endorsementClaims({ product, signingKey, vek, report, revocation }: SnpFacts, snp: SnpPolicy): Claim[] {
  const mayBeUnchecked = snp.revocation === "allow-unchecked";
  const claims: Claim[] = [
    listClaim("product", "product-not-accepted", snp.products ?? SNP_PRODUCTS, product),
    clearClaim("masked-chip-key", "chip-key-masked", report.maskChipKey, snp.maskedChipKey === "allow"),
    {
      claim: "revocation",
      code: "revocation-unchecked",
      expected: mayBeUnchecked ? "checked or unchecked" : "checked",
      actual: revocation,
      pass: revocation === "checked" || mayBeUnchecked,
    },
  ];
  if (signingKey === "vlek") {
    claims.push(providerClaim(vek.providerId, snp.vlekProviders ?? []));
  }
  return claims;
}

/** The name as certified, not another in another case. */
function providerClaim(actual: string | undefined, accepted: readonly string[] | "any"): Claim {
  return {
    claim: "vlek-provider",
    code: "vlek-provider-not-accepted",
    expected: accepted === "any" ? "any" : accepted.join(" or ") || "a named provider",
    actual: actual ?? "unnamed",
    pass: accepted === "any" || (actual !== undefined && accepted.includes(actual)),
  };
}

function firmwareClaims(evidence: SnpFacts, { provisionalFirmware, minimumFirmware }: SnpPolicy): Claim[] {
  const provisional = isProvisional(evidence);
  const claims: Claim[] = [
    {
      claim: "firmware-committed",
      code: "firmware-provisional",
      expected: provisionalFirmware === "allow" ? "committed or provisional" : "committed",
      actual: provisional ? "provisional" : "committed",
      pass: !provisional || provisionalFirmware === "allow",
    },
  ];
  if (minimumFirmware !== undefined) {
    const actual = firmwareNumbers(evidence.report.committedFirmware);
    claims.push({
      claim: "minimum-firmware",
      code: "firmware-too-old",
      expected: `${minimumFirmware} or more`,
      actual: actual.join("."),
      pass: reaches(actual, versionNumbers(minimumFirmware)),
    });
  }
  return claims;
}

/** Whether other firmware or microcode runs than what the host can never go back from. */
function isProvisional({
  report: { currentFirmware, committedFirmware },
  tcbs: { current, committed },
}: SnpFacts): boolean {
  const sameTcb = Object.entries(current).every(([name, level]) => committed[name as keyof typeof committed] === level);
  return !sameTcb || firmwareNumbers(currentFirmware).join() !== firmwareNumbers(committedFirmware).join();
}

function firmwareNumbers({ major, minor, build }: SnpFirmwareVersion): number[] {
  return [major, minor, build];
}

/** Whether a version is the minimum or a later one. */
function reaches(actual: readonly number[], minimum: readonly number[]): boolean {
  const place = minimum.findIndex((number, index) => number !== actual[index]);
  return place === -1 || (actual[place] ?? Number.NEGATIVE_INFINITY) > (minimum[place] ?? Number.POSITIVE_INFINITY);
}

function platformClaims({ report }: SnpFacts, { requiredPlatformInfo = [], requiredMitigations }: SnpPolicy): Claim[] {
  const claims = requiredPlatformInfo.map(
    (feature): Claim => ({
      claim: `platform-info ${feature}`,
      code: "platform-info-missing",
      expected: "set",
      actual: report.platformInfo[feature] ? "set" : "clear",
      pass: report.platformInfo[feature],
    }),
  );
  if (requiredMitigations !== undefined) {
    claims.push(mitigationClaim("launch", report.launchMitigations, requiredMitigations));
    claims.push(mitigationClaim("current", report.currentMitigations, requiredMitigations));
  }
  return claims;
}

/** Reports before version 5 do not state mitigations, so nobody knows. */
function mitigationClaim(when: "launch" | "current", actual: bigint | undefined, required: string): Claim {
  const mask = BigInt(required);
  return {
    claim: `${when}-mitigations`,
    code: "mitigation-missing",
    expected: `all of ${required}`,
    actual: actual === undefined ? "unknown" : `0x${actual.toString(16)}`,
    pass: actual !== undefined && (actual & mask) === mask,
  };
}
