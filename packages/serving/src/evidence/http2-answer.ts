import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { TLSSocket } from "node:tls";
import { findEvidenceCall } from "./evidence-call.ts";
import { answerEvidenceRequest, EVIDENCE_HEADERS, type EvidenceContext } from "./http-answer.ts";

/** Answers a request for evidence on an HTTP/2 connection, over TLS; undefined for any other request. */
export function answerEvidenceStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: EvidenceContext,
): Promise<void> | undefined {
  const call = findEvidenceCall(headers[":method"], headers[":path"]);
  const socket = stream.session?.socket;
  return call !== undefined && socket instanceof TLSSocket
    ? answerEvidenceRequest({ call, stream, socket }, context).then(({ status, body }) => {
        if (!stream.destroyed && !stream.closed) {
          stream.respond({ ":status": status, ...EVIDENCE_HEADERS });
          stream.end(body);
        }
      })
    : undefined;
}
