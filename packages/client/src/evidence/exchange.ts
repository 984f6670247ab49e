import type { TLSSocket } from "node:tls";
import { decodeUtf8, SealserveError } from "@sealserve/core";
import { decodeEvidenceAnswer, type EvidenceAnswer, encodeEvidenceRequest } from "@sealserve/ra-tls";
import { unlessAborted } from "../connection/abort.ts";
import { ClientError } from "../errors.ts";
import type { EvidenceJudge, ProvenNode } from "./judge.ts";

const NONCE_LENGTH = 32;
/** Largest answer to a request for evidence, bytes. */
export const MAX_EVIDENCE_ANSWER = 64 << 10;

/** An HTTP answer of either version. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Has the other end of a connection prove what it is, before anything else is sent there.
 *
 * @param ask sends a request body to the evidence path on that very connection
 * @param signal ends the wait; its reason is thrown
 */
export type Prove<Proof> = (
  socket: TLSSocket,
  ask: (body: string) => Promise<HttpAnswer>,
  signal?: AbortSignal,
) => Promise<Proof>;

/** Proof by evidence that the judge accepts. */
export function proveByEvidence(judge: EvidenceJudge): Prove<ProvenNode> {
  return async (socket, ask, signal) => await attestConnection(socket, judge, ask, signal);
}

/**
 * Asks the node on the other end of `socket` for evidence with a fresh nonce, and judges it.
 *
 * @param signal ends the wait for a judgement, which may need collateral from afar
 * @throws ClientError `evidence-missing` when there is no usable answer, and those of {@link EvidenceJudge.judge}
 */
async function attestConnection(
  socket: TLSSocket,
  judge: EvidenceJudge,
  ask: (body: string) => Promise<HttpAnswer>,
  signal?: AbortSignal,
): Promise<ProvenNode> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_LENGTH));
  const answer = await ask(encodeEvidenceRequest({ nonce }));
  return await unlessAborted(judge.judge(socket, nonce, readAnswer(answer)), signal);
}

/** The error of a node that answers nothing to the request for evidence. */
export function noEvidenceInTime(timeoutMs: number): ClientError {
  return new ClientError("evidence-missing", "the server gives no evidence", { expected: `within ${timeoutMs} ms` });
}

function readAnswer({ status, body }: HttpAnswer): EvidenceAnswer {
  if (status !== 200) {
    throw new ClientError("evidence-missing", "the server gives no evidence", {
      expected: "HTTP status 200",
      actual: String(status),
      remedy: "check that this is a serving node of Sealserve; nothing was sent to it",
    });
  }
  try {
    return decodeEvidenceAnswer(decodeUtf8(body));
  } catch (cause) {
    if (cause instanceof SealserveError) {
      throw new ClientError("evidence-missing", "the server's answer holds no evidence", {
        actual: cause.message,
        cause,
      });
    }
    throw cause;
  }
}
