import {
  AttestationError,
  expectIntelQuote,
  type IntelQuote,
  parseEvidence,
  type TrustedRoot,
  type VerifiedCollateral,
  type VerifiedIntelEvidence,
  verifyEvidence,
  verifySignatureOnly,
} from "@sealserve/attestation";
import { CoreError, equalBytes } from "@sealserve/core";
import { RaTlsError } from "@sealserve/ra-tls";
import type { AuditLog } from "../log/audit-log.ts";
import { EarlyFailures } from "../log/early-failures.ts";
import { type AttemptRecord, type BrokerLog, type LogRecord, tolerant } from "../log/log-record.ts";
import { RecordAllowance } from "../log/record-allowance.ts";
import type { OutsideCode } from "../protocol/messages.ts";
import { Attempt, type Caller, endingCode } from "./attempt.ts";
import type { Candidate } from "./candidate.ts";
import { decideRelease, type RefusalCode } from "./decision.ts";
import { Refusal } from "./refusal.ts";

/** Verified collateral for a quote, from a cache. */
export interface VerifiedCollateralSource {
  verifiedFor(quote: IntelQuote): Promise<VerifiedCollateral>;
  /** Undefined where something has to be fetched. */
  keptFor(quote: IntelQuote): Promise<VerifiedCollateral | undefined>;
}

/** What both front ends work with. */
export interface DeskOptions {
  readonly root: TrustedRoot;
  readonly collateral: VerifiedCollateralSource;
  readonly audit: AuditLog;
  /** What it fails to take is not released. */
  readonly log: BrokerLog;
  readonly now: () => Date;
  /** Least time between two notices about attempts without a record. */
  readonly earlyFailureNoticeMs: number;
  /** Records in that time of attempts whose evidence is not proven. */
  readonly maxUnprovenRecords: number;
}

/** Evidence as a front end took it from a caller. */
export interface PresentedEvidence {
  readonly evidence: Uint8Array;
  /** What the evidence must carry to have been made for this request, 64 bytes. */
  readonly reportData: Uint8Array;
}

/** What a front end answers. The id is empty when there is no record under it. */
export type AttemptResult<T> =
  | { readonly released: true; readonly answer: T }
  | { readonly released: false; readonly code: OutsideCode; readonly id: string };

const DECISION_MESSAGES: Readonly<Record<RefusalCode, string>> = {
  "simulated-evidence": "the evidence is simulated and the configuration trusts no simulated root",
  "unknown-model": "no model of this name is configured",
  "policy-not-met": "the evidence does not meet the policy, or was not made for this request",
};

/** Judges attempts to get a key; the same for every front end. */
export class ReleaseDesk {
  readonly #options: DeskOptions;
  readonly #early: EarlyFailures;
  readonly #unproven: RecordAllowance;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#early = new EarlyFailures({
      intervalMs: options.earlyFailureNoticeMs,
      notice: (message) => void this.#writeNotice(message),
    });
    this.#unproven = new RecordAllowance({
      maximum: options.maxUnprovenRecords,
      intervalMs: options.earlyFailureNoticeMs,
    });
  }

  /**
   * Runs one attempt and writes it down, before anything is answered. Nothing is released when it cannot be written.
   * One that ends before its evidence was read is only counted. So is one that ends before its evidence was proven, which
   * costs a caller hardly more, when there were many of them lately.
   * @param work reads the request, calls {@link judge} and makes the answer; whatever it throws ends the attempt
   */
  async attempt<T>(caller: Caller, work: (attempt: Attempt) => Promise<T>): Promise<AttemptResult<T>> {
    const attempt = new Attempt(caller);
    try {
      const answer = await work(attempt);
      const record = this.#record(attempt, "released");
      await this.#options.audit.write(record);
      await this.#options.log(record);
      return { released: true, answer };
    } catch (ending) {
      const refused = isRefusal(attempt, ending);
      const code = outsideCode(attempt, refused);
      if (!this.#deservesRecord(attempt)) {
        this.#early.count(endingCode(ending), attempt.address);
        return { released: false, code, id: "" };
      }
      await this.#writeDown(this.#record(attempt, refused ? "refused" : "failed", ending));
      return { released: false, code, id: attempt.id };
    }
  }

  #deservesRecord({ standing }: Attempt): boolean {
    return standing === "proven" || (standing === "unproven" && this.#unproven.take());
  }

  /** Counts a caller that is gone before an attempt could begin. @param code one of a fixed set */
  endedEarly(code: string, address: string): void {
    this.#early.count(code, address);
  }

  /** Writes down what was only counted so far. */
  close(): void {
    this.#early.flush();
  }

  /**
   * The steps from evidence to decision.
   * @param candidates what the caller asks for, or could get where its protocol names nothing; asked for when the decision is
   * made, so that what was taken back meanwhile is none
   * @returns the first of them that may be released to the caller
   * @throws Refusal, or the error of the step that failed
   */
  async judge<Kind extends Candidate>(
    attempt: Attempt,
    presented: PresentedEvidence,
    candidates: () => readonly Kind[] | Promise<readonly Kind[]>,
  ): Promise<Kind> {
    const { root } = this.#options;
    attempt.enter("parse-evidence");
    const parsed = parseEvidence(presented.evidence);
    attempt.parsed(parsed);
    const quote = expectIntelQuote(parsed);
    // Unproven, so it only ever refuses: evidence made for another request costs neither a signature nor collateral.
    attempt.enter("compare-report-data");
    if (!equalBytes(quote.report.reportData, presented.reportData)) {
      throw new Refusal("report-data-mismatch", "the evidence was not made for this request");
    }
    const verifiedCollateral = await this.#collateralFor(attempt, quote);
    attempt.enter("verify-evidence");
    const evidence = await this.#verify(attempt, quote, verifiedCollateral);
    attempt.verified(evidence);
    attempt.enter("decide");
    const decision = decideRelease({
      evidence,
      reportData: presented.reportData,
      candidates: await candidates(),
      simulatedAllowed: root.simulated,
    });
    if (decision.outcome === "refused") {
      throw new Refusal(decision.code, DECISION_MESSAGES[decision.code], decision.failedClaims);
    }
    attempt.named(decision.candidate.name);
    attempt.enter("send");
    return decision.candidate;
  }

  /** Genuine hardware that is refused, for a revoked key say, is told apart from what anybody can send. */
  async #verify(attempt: Attempt, quote: IntelQuote, collateral: VerifiedCollateral): Promise<VerifiedIntelEvidence> {
    const options = { now: this.#options.now(), root: this.#options.root };
    try {
      return await verifyEvidence(quote, collateral, options);
    } catch (error) {
      if (attempt.standing !== "proven" && (await verifySignatureOnly(quote, options)).signatureValid) {
        attempt.proven();
      }
      throw error;
    }
  }

  /** What is kept costs nobody anything, and verification checks every signature. */
  async #collateralFor(attempt: Attempt, quote: IntelQuote): Promise<VerifiedCollateral> {
    const { collateral } = this.#options;
    attempt.enter("collateral");
    const kept = await collateral.keptFor(quote);
    if (kept !== undefined) {
      return kept;
    }
    attempt.enter("verify-signature");
    await this.#expectSigned(attempt, quote);
    attempt.enter("collateral");
    return collateral.verifiedFor(quote);
  }

  /**
   * Before any network access: only genuine hardware may choose the platform that collateral is fetched for. A quote
   * without its PCK chain can be checked only with the chain from the collateral, and is, where that is found.
   */
  async #expectSigned(attempt: Attempt, quote: IntelQuote): Promise<void> {
    if (quote.certificationData.pckCertificateChain === undefined) {
      return;
    }
    const { root, now } = this.#options;
    const { signatureValid, reason } = await verifySignatureOnly(quote, { now: now(), root });
    if (!signatureValid) {
      throw new Refusal(reason?.code ?? "quote-signature-invalid", reason?.message ?? "the evidence is not signed");
    }
    attempt.proven();
  }

  async #writeNotice(message: string): Promise<void> {
    const { now, root } = this.#options;
    await this.#writeDown({ kind: "notice", time: now().toISOString(), message, simulated: root.simulated });
  }

  /** Writes what holds no release back. */
  async #writeDown(record: LogRecord): Promise<void> {
    await this.#options.audit.write(record).catch(() => undefined);
    await tolerant(this.#options.log)(record);
  }

  #record(attempt: Attempt, outcome: AttemptRecord["outcome"], ending?: unknown): AttemptRecord {
    const { now, root } = this.#options;
    return attempt.record(outcome, ending, { time: now(), simulated: root.simulated });
  }
}

/** Whether the caller is to blame. Faults of collateral never are: nobody can be judged then. */
function isRefusal(attempt: Attempt, ending: unknown): boolean {
  if (attempt.step === "collateral") {
    return false;
  }
  return [Refusal, AttestationError, RaTlsError, CoreError].some((kind) => ending instanceof kind);
}

function outsideCode(attempt: Attempt, refused: boolean): OutsideCode {
  if (attempt.step === "collateral") {
    return "collateral-unavailable";
  }
  if (!refused) {
    return "internal";
  }
  return attempt.step === "request" ? "bad-request" : "refused";
}
