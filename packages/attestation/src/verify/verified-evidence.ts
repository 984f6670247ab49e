import type { SgxReportBody } from "../quote/sgx-report-body.ts";
import type { TdReportBody } from "../quote/td-report-body.ts";
import type { PckIdentity } from "./intel/pck-identity.ts";
import type { TcbEvaluation } from "./intel/tcb-evaluation.ts";

/** What every verified evidence says about its verification. */
export interface VerificationFacts {
  /** It rests on a root that is not the vendor's, so software may have made it. */
  readonly simulated: boolean;
  readonly verifiedAt: Date;
  /** When the first of the certificates, lists and documents it rests on expires. */
  readonly earliestExpiry: Date;
  /** How long that was over at the verification, in milliseconds: more than 0 only by the grace of `VerifyOptions`. */
  readonly overdueMs: number;
  /** Digest of the collateral that it was verified with. */
  readonly collateralDigest: string;
}

/** Everything that a quote of an Intel TEE proved together with collateral. */
interface IntelFacts extends VerificationFacts, TcbEvaluation {
  /** The platform. */
  readonly pck: PckIdentity;
  /** The report of the quoting enclave. */
  readonly qe: SgxReportBody;
  /** They rise with every TCB recovery. */
  readonly evaluationNumbers: Readonly<Record<"tcbInfo" | "qeIdentity", number>>;
  /** The lower one of {@link evaluationNumbers}. */
  readonly tcbEvaluationDataNumber: number;
}

/** What an SGX quote proved. */
export interface SgxFacts extends IntelFacts {
  readonly tee: "sgx";
  /** The report of the enclave. */
  readonly report: SgxReportBody;
}

/** What a TDX quote proved. */
export interface TdxFacts extends IntelFacts {
  readonly tee: "tdx";
  /** The report of the trust domain. */
  readonly report: TdReportBody;
}

/** What evidence proved, by kind of TEE. */
export type EvidenceFacts = SgxFacts | TdxFacts;

declare const proven: unique symbol;

/**
 * Genuine evidence: what a TEE said about itself, proven down to the trusted root. Only `verifyEvidence` makes one. It is
 * not an acceptance: whether these facts are good enough is for `appraise` to say. Its members cannot be set; what they
 * hold (reports, byte arrays, dates) is not frozen, and code that changes it deceives itself.
 */
export type VerifiedEvidence = EvidenceFacts & { readonly [proven]: true };

/** Membership is the proof: nothing outside this module can enter an object here, whatever it looks like. */
const made = new WeakSet<object>();

/** Makes one from what was proven. */
export function sealEvidence(facts: EvidenceFacts): VerifiedEvidence {
  const evidence = Object.freeze({ ...facts });
  made.add(evidence);
  return evidence as VerifiedEvidence;
}

/** Whether `value` was made by {@link sealEvidence}. */
export function isVerifiedEvidence(value: object): value is VerifiedEvidence {
  return made.has(value);
}
