import {
  type Appraisal,
  type AppraisalPolicy,
  AttestationError,
  appraise,
  type Collateral,
  isStale,
  parseEvidence,
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

/** What `sealserve verify` answers. */
export interface Verdict {
  /** False when the proof fails with the collateral given, stale collateral included; null when there was none. */
  readonly genuine: boolean | null;
  readonly signatureValid: boolean;
  readonly simulated: boolean;
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
  readonly accepted: boolean;
  readonly reasons: readonly Reason[];
  readonly claims: Appraisal["claims"];
  readonly collateral: { readonly earliestExpiry: string; readonly tcbEvaluationDataNumber: number } | null;
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
  readonly findCollateral: (quote: ReturnType<typeof parseEvidence>) => Promise<Collateral | undefined>;
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
    if (error instanceof AttestationError) {
      return { verdict: unproven(false, false, reasonOf(error), options), exitCode: EXIT.notGenuine };
    }
    throw error;
  }
}

async function judgeWithCollateral(evidence: Uint8Array, options: JudgeOptions): Promise<Judgement> {
  const { now, root, policy, pckCertificateChain } = options;
  const quote = parseEvidence(evidence);
  const found = await options.findCollateral(quote);
  if (found === undefined) {
    return await judgeSignature(evidence, null, NO_COLLATERAL, options);
  }
  const collateral = pckCertificateChain === undefined ? found : { ...found, pckCertificateChain };
  const verified = await verifyEvidence(quote, collateral, { now, root });
  const appraisal = appraise(verified, policy, { reportData: options.reportData ?? "unchecked" });
  return { verdict: proven(verified, appraisal), exitCode: appraisal.accepted ? EXIT.accepted : EXIT.refused };
}

/** Without usable collateral only the signatures can be told; that is never an acceptance. */
async function judgeSignature(
  evidence: Uint8Array,
  genuine: false | null,
  reason: Reason,
  options: JudgeOptions,
): Promise<Judgement> {
  const { now, root, pckCertificateChain } = options;
  const chain = pckCertificateChain === undefined ? {} : { pckCertificateChain };
  const { signatureValid } = await verifySignatureOnly(evidence, { now, root, ...chain });
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
    tcbStatus: evidence.tcbStatus,
    advisoryIds: evidence.advisoryIds,
    accepted: appraisal.accepted,
    reasons: appraisal.reasons,
    claims: appraisal.claims,
    collateral: {
      earliestExpiry: evidence.earliestExpiry.toISOString(),
      tcbEvaluationDataNumber: evidence.tcbEvaluationDataNumber,
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
