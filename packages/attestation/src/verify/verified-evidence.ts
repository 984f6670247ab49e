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

/** Nobody outside this module has it, so the constructor, which is in reach through any instance, makes nothing else. */
const MAKER = Symbol("maker of verified evidence");

let make: (facts: EvidenceFacts) => VerifiedEvidence;
let isMade: (value: object) => value is VerifiedEvidence;

/**
 * Genuine evidence: what a TEE said about itself, proven down to the trusted root. Only `verifyEvidence` makes one. It is
 * not an acceptance: whether these facts are good enough is for `appraise` to say. Its members cannot be set; what they
 * hold (reports, byte arrays, dates) is not frozen, and code that changes it deceives itself.
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

  private constructor(maker: symbol, facts: EvidenceFacts) {
    if (maker !== MAKER) {
      throw new TypeError("only verifyEvidence makes verified evidence");
    }
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

  static {
    make = (facts) => new VerifiedEvidence(MAKER, facts);
    isMade = (value): value is VerifiedEvidence => #proven in value && value.#proven;
  }
}

/** Makes one from what was proven. */
export function sealEvidence(facts: EvidenceFacts): VerifiedEvidence {
  return make(facts);
}

/** Whether `value` was made by {@link sealEvidence}, whatever its prototype says. */
export function isVerifiedEvidence(value: object): value is VerifiedEvidence {
  return isMade(value);
}
