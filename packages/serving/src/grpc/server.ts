import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { TLSSocket } from "node:tls";
import type { Endpoint } from "@sealserve/config";
import { EVIDENCE_PATH } from "@sealserve/ra-tls";
import { answerEvidenceRequest } from "../evidence/http-answer.ts";
import type { EvidenceIssuer } from "../evidence/issuer.ts";
import type { Front } from "../transport/front.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { openPort } from "../transport/open-port.ts";
import { type TlsIdentity, tlsServerOptions } from "../transport/tls.ts";
import { isGrpcCall } from "./call-headers.ts";
import { answerCall, type CallContext } from "./unary-call.ts";

/** Flow-control windows, bytes: large enough that a tensor does not wait for window updates. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 16 << 20;
/** Largest sum of header sizes on one request, bytes. */
const MAX_HEADER_LIST = 16 << 10;
const MIB = 1 << 20;

/** What a gRPC server needs beside its address. */
export interface GrpcServerOptions extends CallContext {
  readonly tls: TlsIdentity;
  /** Answers requests for evidence; without it the path does not exist. */
  readonly evidence?: EvidenceIssuer;
}

/**
 * Opens a gRPC server for unary calls over TLS 1.3. Requests for evidence come as plain HTTP/2 requests on the same
 * connection.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openGrpcServer(address: Endpoint, options: GrpcServerOptions): Promise<Front> {
  const { limits } = options;
  const server = createSecureServer({
    ...tlsServerOptions(options.tls, "h2", limits),
    settings: {
      enablePush: false,
      initialWindowSize: STREAM_WINDOW,
      maxConcurrentStreams: limits.maxStreamsPerConnection,
      maxHeaderListSize: MAX_HEADER_LIST,
    },
    // Counts answers that wait to be sent, which may be as large as requests.
    maxSessionMemory: Math.ceil((2 * limits.maxMessageBytes) / MIB),
    unknownProtocolTimeout: limits.handshakeTimeoutMs,
  });
  const sessions = trackSessions(server, limits);
  server.on("stream", (stream, headers) => void answerStream(stream, headers, options));
  const port = await openPort(server, address, limits, options.log);
  const goodbye = (): void => {
    for (const session of sessions) {
      session.close();
    }
  };
  return { address: port.address, close: () => port.close(limits.drainTimeoutMs, goodbye) };
}

/** Sessions that are open, each with its window and idle limits. */
function trackSessions(server: Http2SecureServer, limits: ServingLimits): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.setTimeout(limits.idleTimeoutMs, () => session.close());
    // No idle limit: pings, which count as activity, do not put it off.
    const unused = setTimeout(() => session.destroy(), limits.firstRequestTimeoutMs);
    session.once("stream", () => clearTimeout(unused));
    session.on("close", () => {
      clearTimeout(unused);
      sessions.delete(session);
    });
    session.on("error", () => session.destroy());
  });
  server.on("unknownProtocol", (socket) => socket.destroy());
  return sessions;
}

async function answerStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: GrpcServerOptions,
): Promise<void> {
  // A reset stream also emits 'close', which is what the code below acts on.
  stream.on("error", () => undefined);
  if (headers[":path"] === EVIDENCE_PATH && headers[":method"] === "POST" && options.evidence !== undefined) {
    await answerEvidence(stream, options.evidence, options);
  } else if (isGrpcCall(headers)) {
    await answerCall(stream, headers, options);
  } else {
    stream.respond({ ":status": 415 }, { endStream: true });
    stream.close();
  }
}

async function answerEvidence(
  stream: ServerHttp2Stream,
  evidence: EvidenceIssuer,
  { limits, log }: GrpcServerOptions,
): Promise<void> {
  const socket = stream.session?.socket;
  if (!(socket instanceof TLSSocket)) {
    stream.close();
    return;
  }
  const answer = await answerEvidenceRequest(stream, socket, evidence, limits, log);
  if (!stream.destroyed && !stream.closed) {
    stream.respond({ ":status": answer.status, "content-type": "application/json" });
    stream.end(answer.body);
  }
}
