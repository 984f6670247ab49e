import type { TLSSocket } from "node:tls";
import {
  type Appraisal,
  type AppraisalPolicy,
  AttestationError,
  appraise,
  expectIntelQuote,
  isStale,
  parseEvidence,
  parsePolicy,
  type VerifiedEvidence,
  verifyEvidence,
} from "@sealserve/attestation";
import { CollateralError, cachedSource } from "@sealserve/collateral";
import { encodeHex } from "@sealserve/core";
import { channelOf, type EvidenceAnswer, reportDataFor } from "@sealserve/ra-tls";
import { ClientError, EvidenceRefusedError } from "../errors.ts";
import type { EvidenceExpectations } from "../options.ts";

/** What a node has proved on one connection. */
export interface ProvenNode {
  readonly appraisal: Appraisal;
  readonly model: string;
  /** SHA-256 of the manifest of the package served, lower-case hex. */
  readonly manifestDigest: string;
}

/** Judges evidence for connections. Collateral is fetched and verified once and used for all of them. */
export class EvidenceJudge {
  readonly #expectations: EvidenceExpectations;
  readonly #policy: AppraisalPolicy;
  readonly #now: () => Date;
  readonly #collateral: ReturnType<typeof cachedSource>;

  /** @throws AttestationError `policy-unpinned`, `policy-invalid` */
  constructor(expectations: EvidenceExpectations) {
    this.#expectations = expectations;
    // A policy built by hand is held to the same rules as one read from a file: it must pin the software.
    this.#policy = parsePolicy(expectations.policy);
    this.#now = expectations.now ?? (() => new Date());
    this.#collateral = cachedSource(expectations.collateral, { now: this.#now, root: expectations.root });
  }

  /**
   * Verifies and appraises the answer that came on `socket` to a request with `nonce`.
   *
   * @throws ClientError `collateral-unavailable`, `evidence-not-genuine`, `package-not-accepted`
   * @throws EvidenceRefusedError
   */
  async judge(socket: TLSSocket, nonce: Uint8Array, answer: EvidenceAnswer): Promise<ProvenNode> {
    const { model, manifestDigest } = answer;
    const channel = await channelOf(socket, "client", "serving");
    const publicKey = new Uint8Array();
    const reportData = await reportDataFor({ purpose: "serving", nonce, ...channel, publicKey, manifestDigest, model });
    const verified = await this.#verify(answer.evidence);
    const appraisal = appraise(verified, this.#policy, { reportData });
    if (!appraisal.accepted) {
      throw refusedByPolicy(appraisal);
    }
    const proven = { appraisal, model, manifestDigest: encodeHex(manifestDigest) };
    this.#refuseOtherPackage(proven);
    return proven;
  }

  async #verify(evidence: Uint8Array): Promise<VerifiedEvidence> {
    try {
      const quote = expectIntelQuote(parseEvidence(evidence));
      const collateral = await this.#collateral.verifiedFor(quote);
      return await verifyEvidence(quote, collateral, { now: this.#now(), root: this.#expectations.root });
    } catch (cause) {
      throw verificationError(cause);
    }
  }

  #refuseOtherPackage(proven: ProvenNode): void {
    const { model } = this.#expectations;
    if (model !== undefined && model !== proven.model) {
      throw new ClientError("package-not-accepted", `the node serves the model ${proven.model}, not ${model}`, {
        expected: model,
        actual: proven.model,
        remedy: "check the node's address, and the name of the model",
      });
    }
    const expected = this.#expectations.manifestDigest?.toLowerCase();
    if (expected !== undefined && expected !== proven.manifestDigest) {
      throw new ClientError("package-not-accepted", "the node serves another package than the one expected", {
        expected,
        actual: proven.manifestDigest,
        remedy: "ask the model's owner which package is current",
      });
    }
  }
}

function refusedByPolicy(appraisal: Appraisal): EvidenceRefusedError {
  const [first] = appraisal.reasons;
  const codes = appraisal.reasons.map(({ code }) => code).join(", ");
  return new EvidenceRefusedError(`the policy refuses the node's evidence: ${codes}`, appraisal, {
    expected: first?.expected,
    actual: first?.actual,
  });
}

function verificationError(cause: unknown): unknown {
  if (!(cause instanceof CollateralError || cause instanceof AttestationError)) {
    return cause;
  }
  const details = { actual: `${cause.code}: ${cause.message}`, cause };
  if (cause.code === "unsupported-evidence") {
    return new ClientError(
      "evidence-unsupported",
      "the node's evidence is of a kind that cannot be judged here",
      details,
    );
  }
  return isLackOfCollateral(cause)
    ? new ClientError("collateral-unavailable", "the collateral to judge the evidence cannot be had", details)
    : new ClientError("evidence-not-genuine", "the node's evidence is not genuine", details);
}

/** Whether the evidence may well be genuine, but what it is judged by is missing or out of date. */
function isLackOfCollateral(cause: CollateralError | AttestationError): boolean {
  if (cause instanceof AttestationError) {
    return isStale(cause.code);
  }
  return cause.code !== "pck-chain-missing" && cause.code !== "pck-chain-unusable";
}
