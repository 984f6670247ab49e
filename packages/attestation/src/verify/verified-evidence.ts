import type { SgxReportBody } from "../quote/sgx-report-body.ts";
import type { TdReportBody } from "../quote/td-report-body.ts";
import type { SnpReportBody } from "../snp/report-body.ts";
import type { SnpSigningKey } from "../snp/report-flags.ts";
import type { SnpTcb } from "../snp/tcb-version.ts";
import type { SnpProduct } from "../tee/snp-product.ts";
import type { PckIdentity } from "./intel/pck-identity.ts";
import type { TcbEvaluation } from "./intel/tcb-evaluation.ts";
import type { SnpRevocation } from "./snp/verified-snp-collateral.ts";

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

/** What AMD certified about the endorsement key that signed a report. */
export interface VekIdentity {
  /** Hex octets of the serial number. */
  readonly serialNumber: string;
  /** Such as `Milan-B0`. */
  readonly productName: string;
  /** Of the chip, lower-case hex. VCEK only. */
  readonly hardwareId: string | undefined;
  /** The cloud provider that has the key. VLEK only. */
  readonly providerId: string | undefined;
  /** The TCB that the key was derived for. */
  readonly tcb: SnpTcb;
}

/** The TCB versions of a report, each by its components. */
export interface SnpTcbs {
  /** What the host lets the report state; the only one that the endorsement key proves. */
  readonly reported: SnpTcb;
  /** What runs now. */
  readonly current: SnpTcb;
  /** Below which the host can never go again. */
  readonly committed: SnpTcb;
  /** Under which the guest was launched. */
  readonly launch: SnpTcb;
}

/** What a SEV-SNP report proved together with collateral. How current the platform is, only a policy's minimum says. */
export interface SnpFacts extends VerificationFacts {
  readonly tee: "snp";
  /** The report of the guest. */
  readonly report: SnpReportBody;
  readonly product: SnpProduct;
  readonly signingKey: SnpSigningKey;
  readonly vek: VekIdentity;
  readonly tcbs: SnpTcbs;
  /** Whether the CA of the endorsement key was looked up on the list of the root. */
  readonly revocation: SnpRevocation;
}

/** What evidence proved, by kind of TEE. */
export type EvidenceFacts = SgxFacts | TdxFacts | SnpFacts;

declare const proven: unique symbol;

interface Proven {
  readonly [proven]: true;
}

/**
 * Genuine evidence: what a TEE said about itself, proven down to the trusted root. Only `verifyEvidence` makes one. It is
 * not an acceptance: whether these facts are good enough is for `appraise` to say. Its members cannot be set; what they
 * hold (reports, byte arrays, dates) is not frozen, and code that changes it deceives itself.
 */
export type VerifiedEvidence = EvidenceFacts & Proven;

/** {@link VerifiedEvidence} of an SGX enclave or a trust domain. */
export type VerifiedIntelEvidence = (SgxFacts | TdxFacts) & Proven;

/** {@link VerifiedEvidence} of a SEV-SNP guest. */
export type VerifiedSnpEvidence = SnpFacts & Proven;

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
