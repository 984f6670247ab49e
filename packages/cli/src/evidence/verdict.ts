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
  softwareIdentity,
  type TeeKind,
  type TrustedRoot,
  type VerifiedEvidence,
  verifyEvidence,
  verifySignatureOnly,
} from "@sealserve/attestation";
import { CollateralError } from "@sealserve/collateral";
import type { SealserveError } from "@sealserve/core";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { platformFacts, type TcbFacts, tcbFacts } from "./evidence-facts.ts";
import { remedyFor } from "./remedies.ts";

/** Why evidence is refused; the code is a claim's, a proof's, or says what is wrong with the collateral. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
  /** What can be done about it. */
  readonly remedy?: string;
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
  /** Kind of TEE; null for what could not be read as evidence. */
  readonly tee: TeeKind | null;
  /** Null when nothing is proven, and for SEV-SNP, which states none. */
  readonly tcbStatus: string | null;
  readonly advisoryIds: readonly string[];
  readonly tcb: TcbFacts | null;
  /** Measurements by their names; null when they are not proven. */
  readonly software: Readonly<Record<string, string>> | null;
  /** What the vendor certified of the machine; null when it is not proven. */
  readonly platform: Readonly<Record<string, string>> | null;
  readonly accepted: boolean;
  readonly reasons: readonly Reason[];
  readonly claims: Appraisal["claims"];
  readonly collateral: CollateralFacts | null;
}

/** What evidence is held against. */
export interface JudgeOptions {
  readonly now: Date;
  /** How long after its end collateral still counts, where the policy allows it too. */
  readonly graceHours: number;
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

const NO_COLLATERAL: Reason = withRemedy({
  code: "collateral-missing",
  message: "no collateral was given, so revocation and TCB level are unknown",
  expected: "--collateral FILE or --pccs URL",
  actual: "neither",
});

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
      return { verdict: unproven(evidence, false, false, reasonOf(error), options), exitCode: EXIT.notGenuine };
    }
    throw error;
  }
}

async function judgeWithCollateral(evidence: Uint8Array, options: JudgeOptions): Promise<Judgement> {
  const { now, graceHours, root, policy } = options;
  const parsed = parseEvidence(evidence);
  const collateral = await collateralFor(parsed, options);
  if (collateral === undefined) {
    return await judgeSignature(evidence, null, NO_COLLATERAL, options);
  }
  const verified = await verifyEvidence(parsed, collateral, { now, graceHours, root });
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
  return { verdict: unproven(evidence, genuine, signatureValid, reason, options), exitCode: EXIT.collateral };
}

function reasonOf({ code, message, expected = "", actual = "", remedy }: SealserveError): Reason {
  return withRemedy({ code, message, expected, actual, ...(remedy === undefined ? {} : { remedy }) });
}

/** The remedy for this command, or else the one of who refused. */
function withRemedy(reason: Reason): Reason {
  const remedy = remedyFor(reason.code) ?? reason.remedy;
  return remedy === undefined ? reason : { ...reason, remedy };
}

function proven(evidence: VerifiedEvidence, appraisal: Appraisal): Verdict {
  return {
    genuine: true,
    signatureValid: true,
    simulated: evidence.simulated,
    tee: evidence.tee,
    tcbStatus: evidence.tee === "snp" ? null : evidence.tcbStatus,
    advisoryIds: evidence.tee === "snp" ? [] : evidence.advisoryIds,
    tcb: tcbFacts(evidence),
    software: softwareIdentity(evidence),
    platform: platformFacts(evidence),
    accepted: appraisal.accepted,
    reasons: appraisal.reasons.map(withRemedy),
    claims: appraisal.claims,
    collateral: {
      earliestExpiry: evidence.earliestExpiry.toISOString(),
      tcbEvaluationDataNumber: evidence.tee === "snp" ? null : evidence.tcbEvaluationDataNumber,
      revocation: evidence.tee === "snp" ? evidence.revocation : "checked",
    },
  };
}

function unproven(
  evidence: Uint8Array,
  genuine: false | null,
  signatureValid: boolean,
  reason: Reason,
  { root }: JudgeOptions,
): Verdict {
  return {
    genuine,
    signatureValid,
    simulated: root.simulated,
    tee: kindOf(evidence),
    tcbStatus: null,
    advisoryIds: [],
    tcb: null,
    software: null,
    platform: null,
    accepted: false,
    reasons: [reason],
    claims: [],
    collateral: null,
  };
}

/** The kind that the bytes claim to be, which tells the reader what he has; undefined facts stay untold. */
function kindOf(evidence: Uint8Array): TeeKind | null {
  try {
    return parseEvidence(evidence).tee;
  } catch (error) {
    if (error instanceof AttestationError) {
      return null;
    }
    throw error;
  }
}
