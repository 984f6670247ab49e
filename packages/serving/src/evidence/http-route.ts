import { TLSSocket } from "node:tls";
import { encodeUtf8 } from "@sealserve/core";
import type { HttpAnswer, HttpRoute } from "../http/route.ts";
import { findEvidenceCall } from "./evidence-call.ts";
import {
  answerEvidenceRequest,
  EVIDENCE_HEADERS,
  type EvidenceContext,
  type EvidenceHttpRequest,
} from "./http-answer.ts";

/** Requests for evidence bound to the connection they come on. */
export function evidenceRoute(context: EvidenceContext): HttpRoute {
  return ({ incoming }) => {
    const { method, url, socket } = incoming;
    const call = findEvidenceCall(method, url);
    return call !== undefined && socket instanceof TLSSocket
      ? answer({ call, stream: incoming, socket }, context)
      : undefined;
  };
}

async function answer(request: EvidenceHttpRequest, context: EvidenceContext): Promise<HttpAnswer> {
  const { status, body } = await answerEvidenceRequest(request, context);
  return { status, headers: EVIDENCE_HEADERS, body: encodeUtf8(body) };
}
