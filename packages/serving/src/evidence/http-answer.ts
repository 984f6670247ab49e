import type { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { CoreError, decodeUtf8 } from "@sealserve/core";
import { ServingError } from "@sealserve/protocol";
import { RaTlsError } from "@sealserve/ra-tls";
import { codeOf, type Log } from "../log.ts";
import { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { MemoryBudget } from "../transport/memory-budget.ts";
import { MessageBuffer } from "../transport/message-buffer.ts";
import { receiveAll } from "../transport/receive.ts";
import type { RequestRate } from "../transport/request-rate.ts";
import type { EvidenceCall } from "./evidence-call.ts";
import type { EvidenceIssuer } from "./issuer.ts";

/** Largest request for evidence, bytes. */
const MAX_REQUEST = 1024;

/** Evidence holds for one connection: no cache between may keep it. */
export const EVIDENCE_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;

/** A request for evidence on either HTTP version. */
export interface EvidenceHttpRequest {
  readonly call: EvidenceCall;
  readonly stream: Readable;
  /** The connection that it came on. */
  readonly socket: TLSSocket;
}

/** What requests for evidence are answered with. */
export interface EvidenceContext {
  readonly issuer: EvidenceIssuer;
  readonly limits: ServingLimits;
  readonly log: Log;
  /** By which requests count that the server has not counted yet. */
  readonly rate?: RequestRate;
}

/** An answer of either HTTP version: a status and a JSON text. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: string;
}

/** Reads a request for evidence and answers it; the outside caller learns a code, the log the reason. */
export async function answerEvidenceRequest(
  { call, stream, socket }: EvidenceHttpRequest,
  { issuer, limits, log, rate }: EvidenceContext,
): Promise<JsonAnswer> {
  const scope = new CallScope(stream);
  try {
    rate?.admit(socket);
    const body = new MessageBuffer(undefined, MAX_REQUEST, new MemoryBudget(MAX_REQUEST));
    await receiveAll(stream, body, limits, scope);
    return { status: 200, body: call.encode(await issuer.issue(socket, call.nonce(decodeUtf8(body.take())))) };
  } catch (error) {
    return evidenceFailure(error, log);
  } finally {
    scope.close();
  }
}

function evidenceFailure(error: unknown, log: Log): JsonAnswer {
  if (error instanceof ServingError) {
    return failure(error.httpStatus, error.message);
  }
  if (error instanceof CoreError || (error instanceof RaTlsError && error.code === "bad-message")) {
    return failure(400, error.message);
  }
  log("evidence-failed", { code: codeOf(error) });
  return failure(503, "The platform gave no evidence");
}

function failure(status: number, message: string): JsonAnswer {
  return { status, body: JSON.stringify({ error: message }) };
}
