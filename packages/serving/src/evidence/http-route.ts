import { TLSSocket } from "node:tls";
import { encodeUtf8 } from "@sealserve/core";
import { EVIDENCE_PATH } from "@sealserve/ra-tls";
import type { HttpAnswer, HttpRequest, HttpRoute } from "../http/route.ts";
import type { Log } from "../log.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { answerEvidenceRequest } from "./http-answer.ts";
import type { EvidenceIssuer } from "./issuer.ts";

/** Requests for evidence bound to the connection they come on. */
export function evidenceRoute(issuer: EvidenceIssuer, limits: ServingLimits, log: Log): HttpRoute {
  return (request) => {
    const { method, url, socket } = request.incoming;
    const isAsked = method === "POST" && url === EVIDENCE_PATH && socket instanceof TLSSocket;
    return isAsked ? issue(request, socket, issuer, limits, log) : undefined;
  };
}

async function issue(
  { incoming }: HttpRequest,
  socket: TLSSocket,
  issuer: EvidenceIssuer,
  limits: ServingLimits,
  log: Log,
): Promise<HttpAnswer> {
  const { status, body } = await answerEvidenceRequest(incoming, socket, issuer, limits, log);
  return { status, body: encodeUtf8(body) };
}
