import {
  type Appraisal,
  type AppraisalPolicy,
  AttestationError,
  appraise,
  type Collateral,
  type Evidence,
  type IntelQuote,
  isStale,
  parseEvidence,
  type SnpCollateral,
  type TrustedRoot,
  type VerifiedEvidence,
  verifyEvidence,
  verifySignatureOnly,
} from "@sealserve/attestation";
import { CollateralError } from "@sealserve/collateral";
import type { SealserveError } from "@sealserve/core";
import { EXIT, type ExitCode } from "../exit-codes.ts";

/** Why evidence is refused; the code is a claim's, a proof's, or says what is wrong with the collateral. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
}

/** What a verdict says about the collateral that it rests on. */
interface CollateralFacts {
  readonly earliestExpiry: string;
  /** Null for SEV-SNP, which has none. */
  readonly tcbEvaluationDataNumber: number | null;
  /** Whether all certificate authorities were looked up on their revocation lists. */
  readonly revocation: "checked" | "unchecked";
}

/** What `sealserve verify` answers. */
export interface Verdict {
  /** False when the proof fails with the collateral given, stale collateral included; null when there was none. */
  readonly genuine: boolean | null;
  readonly signatureValid: boolean;
  readonly simulated: boolean;
  /** Null when nothing is proven, and for SEV-SNP, which states none. */
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
  readonly accepted: boolean;
  readonly reasons: readonly Reason[];
  readonly claims: Appraisal["claims"];
  readonly collateral: CollateralFacts | null;
}

/** What evidence is held against. */
export interface JudgeOptions {
  readonly now: Date;
  readonly root: TrustedRoot;
  readonly policy: AppraisalPolicy;
  readonly reportData: Uint8Array | undefined;
  /** PEM; for quotes that do not carry their PCK chain. */
  readonly pckCertificateChain: string | undefined;
  /** Finds the collateral for a quote; undefined where none was named. */
  readonly findCollateral: (quote: IntelQuote) => Promise<Collateral | undefined>;
  /** For SEV-SNP reports; what is not in it is looked for beside the report. */
  readonly snpCollateral: SnpCollateral;
}

/** A verdict and the exit code that tells it. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly exitCode: ExitCode;
}

const NO_COLLATERAL: Reason = {
  code: "collateral-missing",
  message: "no collateral was given, so revocation and TCB level are unknown",
  expected: "--collateral FILE or --pccs URL",
  actual: "neither",
};

/** Codes for a SEV-SNP report whose certificates are neither beside it nor given: it may well be genuine. */
const NO_CERTIFICATES: readonly string[] = ["snp-vek-missing", "snp-chain-missing"];

/** Proves and appraises evidence; what is wrong with evidence or collateral becomes the verdict, not an error. */
export async function judgeEvidence(evidence: Uint8Array, options: JudgeOptions): Promise<Judgement> {
  try {
    return await judgeWithCollateral(evidence, options);
  } catch (error) {
    if (error instanceof CollateralError) {
      return await judgeSignature(evidence, null, reasonOf(error), options);
    }
    if (error instanceof AttestationError && (isStale(error.code) || error.code === "collateral-malformed")) {
      return await judgeSignature(evidence, false, reasonOf(error), options);
    }
    if (error instanceof AttestationError && NO_CERTIFICATES.includes(error.code)) {
      return await judgeSignature(evidence, null, reasonOf(error), options);
    }
    if (error instanceof AttestationError) {
      return { verdict: unproven(false, false, reasonOf(error), options), exitCode: EXIT.notGenuine };
    }
    throw error;
  }
}

async function judgeWithCollateral(evidence: Uint8Array, options: JudgeOptions): Promise<Judgement> {
  const { now, root, policy } = options;
  const parsed = parseEvidence(evidence);
  const collateral = await collateralFor(parsed, options);
  if (collateral === undefined) {
    return await judgeSignature(evidence, null, NO_COLLATERAL, options);
  }
  const verified = await verifyEvidence(parsed, collateral, { now, root });
  const appraisal = appraise(verified, policy, { reportData: options.reportData ?? "unchecked" });
  return { verdict: proven(verified, appraisal), exitCode: appraisal.accepted ? EXIT.accepted : EXIT.refused };
}

async function collateralFor(
  evidence: Evidence,
  { findCollateral, pckCertificateChain, snpCollateral }: JudgeOptions,
): Promise<Collateral | SnpCollateral | undefined> {
  if (evidence.tee === "snp") {
    return snpCollateral;
  }
  const found = await findCollateral(evidence);
  return found === undefined || pckCertificateChain === undefined ? found : { ...found, pckCertificateChain };
}

/** Without usable collateral only the signatures can be told; that is never an acceptance. */
async function judgeSignature(
  evidence: Uint8Array,
  genuine: false | null,
  reason: Reason,
  options: JudgeOptions,
): Promise<Judgement> {
  const { now, root, pckCertificateChain, snpCollateral: snpCertificates } = options;
  const chain = pckCertificateChain === undefined ? {} : { pckCertificateChain };
  const { signatureValid } = await verifySignatureOnly(evidence, { now, root, snpCertificates, ...chain });
  return { verdict: unproven(genuine, signatureValid, reason, options), exitCode: EXIT.collateral };
}

function reasonOf({ code, message, expected = "", actual = "" }: SealserveError): Reason {
  return { code, message, expected, actual };
}

function proven(evidence: VerifiedEvidence, appraisal: Appraisal): Verdict {
  return {
    genuine: true,
    signatureValid: true,
    simulated: evidence.simulated,
    tcbStatus: evidence.tee === "snp" ? null : evidence.tcbStatus,
    advisoryIds: evidence.tee === "snp" ? [] : evidence.advisoryIds,
    accepted: appraisal.accepted,
    reasons: appraisal.reasons,
    claims: appraisal.claims,
    collateral: {
      earliestExpiry: evidence.earliestExpiry.toISOString(),
      tcbEvaluationDataNumber: evidence.tee === "snp" ? null : evidence.tcbEvaluationDataNumber,
      revocation: evidence.tee === "snp" ? evidence.revocation : "checked",
    },
  };
}

function unproven(genuine: false | null, signatureValid: boolean, reason: Reason, { root }: JudgeOptions): Verdict {
  return {
    genuine,
    signatureValid,
    simulated: root.simulated,
    tcbStatus: null,
    advisoryIds: [],
    accepted: false,
    reasons: [reason],
    claims: [],
    collateral: null,
  };
}
