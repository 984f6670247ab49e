import { randomUUID } from "node:crypto";
import { type Evidence, softwareIdentity, type VerifiedEvidence } from "@sealserve/attestation";
import { SealserveError } from "@sealserve/core";
import type { AttemptRecord, ReleaseProtocol, ReleaseStep } from "../log/log-record.ts";
import { Refusal } from "./refusal.ts";

const MAX_MESSAGE_LENGTH = 300;

/** Who asks, and by which protocol. */
export interface Caller {
  readonly protocol: ReleaseProtocol;
  /** Address and port. */
  readonly peer: string;
}

/** Collects what is known of one attempt on its way through the steps, for the audit log. */
export class Attempt {
  readonly id = randomUUID();
  readonly #caller: Caller;
  #step: ReleaseStep = "request";
  #model: string | null = null;
  #asked: AttemptRecord["asked"] = "key";
  #evidence: Pick<AttemptRecord, "tee" | "software"> = { tee: null, software: null };
  #verified: VerifiedEvidence | undefined;
  #proven = false;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The step that runs, or the last one that ran. */
  get step(): ReleaseStep {
    return this.#step;
  }

  /** What the attempt rests on: nothing that could be read, what anybody can send, or genuine evidence made for this request. */
  get standing(): "unread" | "unproven" | "proven" {
    if (this.#proven) {
      return "proven";
    }
    return this.#evidence.tee === null ? "unread" : "unproven";
  }

  /** Address of the caller, without the port. */
  get address(): string {
    return this.#caller.peer.slice(0, this.#caller.peer.lastIndexOf(":"));
  }

  enter(step: ReleaseStep): void {
    this.#step = step;
  }

  /** @param model a name already checked to be one */
  named(model: string): void {
    this.#model = model;
  }

  asksFor(asked: AttemptRecord["asked"]): void {
    this.#asked = asked;
  }

  /** The caller's word, until {@link verified}. */
  parsed(evidence: Evidence): void {
    this.#evidence = { tee: evidence.tee, software: softwareIdentity(evidence) };
  }

  /** Genuine hardware signed the evidence, and made it for this request. */
  proven(): void {
    this.#proven = true;
  }

  verified(evidence: VerifiedEvidence): void {
    this.#verified = evidence;
    this.#proven = true;
  }

  /** @param ending the error that ended the attempt; undefined when a key is released */
  record(
    outcome: AttemptRecord["outcome"],
    ending: unknown,
    { time, simulated }: { time: Date; simulated: boolean },
  ): AttemptRecord {
    return {
      kind: "release-attempt",
      id: this.id,
      time: time.toISOString(),
      ...this.#caller,
      model: this.#model,
      asked: this.#asked,
      outcome,
      step: this.#step,
      ...describeEnding(ending),
      genuine: this.#verified !== undefined,
      ...this.#evidence,
      tcbStatus: tcbStatusOf(this.#verified),
      failedClaims: ending instanceof Refusal ? ending.failedClaims : [],
      simulated,
    };
  }
}

/** Code of the error that ended an attempt; `internal` for one without. */
export function endingCode(ending: unknown): string {
  return ending instanceof SealserveError || ending instanceof Refusal ? ending.code : "internal";
}

/** SEV-SNP states none. */
function tcbStatusOf(evidence: VerifiedEvidence | undefined): AttemptRecord["tcbStatus"] {
  return evidence === undefined || evidence.tee === "snp" ? null : evidence.tcbStatus;
}

function describeEnding(ending: unknown): Pick<AttemptRecord, "code" | "message"> {
  if (ending === undefined) {
    return { code: null, message: null };
  }
  const message = ending instanceof Error ? ending.message : "unknown";
  return { code: endingCode(ending), message: message.slice(0, MAX_MESSAGE_LENGTH) };
}
