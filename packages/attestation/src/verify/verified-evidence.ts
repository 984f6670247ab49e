import type { QeTcbStatus, TcbStatus } from "../collateral/tcb-status.ts";
import type { SgxReportBody } from "../quote/sgx-report-body.ts";
import type { TeeKind } from "../tee/intel-tee.ts";
import type { PckIdentity } from "./pck-identity.ts";
import type { TcbEvaluation } from "./tcb-evaluation.ts";

/** Everything that evidence proved together with collateral. */
export interface EvidenceFacts extends TcbEvaluation {
  readonly tee: TeeKind;
  readonly simulated: boolean;
  readonly report: SgxReportBody;
  readonly pck: PckIdentity;
  readonly qe: SgxReportBody;
  readonly tcbEvaluationDataNumber: number;
  readonly earliestExpiry: Date;
  readonly collateralDigest: string;
  readonly verifiedAt: Date;
}

/**
 * Genuine evidence: what a TEE said about itself, proven down to the trusted root. Only `verifyEvidence` makes one. It is
 * not an acceptance: whether these facts are good enough is for `appraise` to say.
 */
export class VerifiedEvidence implements EvidenceFacts {
  readonly tee: TeeKind;
  /** It rests on a root that is not Intel's, so software may have made it. */
  readonly simulated: boolean;
  readonly tcbStatus: TcbStatus;
  readonly platformTcbStatus: TcbStatus;
  readonly qeTcbStatus: QeTcbStatus;
  readonly advisoryIds: readonly string[];
  /** The oldest date of the TCB levels that were reached. */
  readonly tcbDate: Date;
  readonly tcbEvaluationDataNumber: number;
  /** When the first of the certificates, lists and documents it rests on expires. */
  readonly earliestExpiry: Date;
  /** Digest of the collateral that it was verified with. */
  readonly collateralDigest: string;
  /** The report of the enclave. */
  readonly report: SgxReportBody;
  /** The platform. */
  readonly pck: PckIdentity;
  /** The report of the quoting enclave. */
  readonly qe: SgxReportBody;
  readonly verifiedAt: Date;
  readonly #proven = true;

  private constructor(facts: EvidenceFacts) {
    this.tee = facts.tee;
    this.simulated = facts.simulated;
    this.tcbStatus = facts.tcbStatus;
    this.platformTcbStatus = facts.platformTcbStatus;
    this.qeTcbStatus = facts.qeTcbStatus;
    this.advisoryIds = facts.advisoryIds;
    this.tcbDate = facts.tcbDate;
    this.tcbEvaluationDataNumber = facts.tcbEvaluationDataNumber;
    this.earliestExpiry = facts.earliestExpiry;
    this.collateralDigest = facts.collateralDigest;
    this.report = facts.report;
    this.pck = facts.pck;
    this.qe = facts.qe;
    this.verifiedAt = facts.verifiedAt;
    Object.freeze(this);
  }

  /** Makes one from what was proven. Callers outside this package see the type only. */
  static seal(facts: EvidenceFacts): VerifiedEvidence {
    return new VerifiedEvidence(facts);
  }

  /** Whether `value` was made by {@link VerifiedEvidence.seal}, whatever its prototype says. */
  static is(value: object): value is VerifiedEvidence {
    return #proven in value && value.#proven;
  }
}
