import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { servingErrorOf } from "@sealserve/protocol";
import type { ListenAddress } from "@sealserve/ra-tls";
import { answerEvidenceStream } from "../evidence/http2-answer.ts";
import type { EvidenceIssuer } from "../evidence/issuer.ts";
import { countConnections } from "../transport/count-connections.ts";
import type { Front } from "../transport/front.ts";
import { openPort } from "../transport/open-port.ts";
import type { RequestRate } from "../transport/request-rate.ts";
import { type ChannelSecurity, removeTlsMaterial, replaceTlsMaterial, tlsServerOptions } from "../transport/tls.ts";
import { isGrpcCall } from "./call-headers.ts";
import { limitControlFrames } from "./control-frames.ts";
import { sendFailure } from "./respond.ts";
import { answerStreamingCall } from "./streaming-call.ts";
import { StreamingCalls } from "./streaming-calls.ts";
import { answerUnaryCall, type CallContext } from "./unary-call.ts";

/** Flow-control windows, bytes: large enough that a tensor does not wait for window updates. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 16 << 20;
const MIB = 1 << 20;

/** What a gRPC server needs beside its address. */
export interface GrpcServerOptions extends Omit<CallContext, "streaming"> {
  readonly tls: ChannelSecurity;
  /** Answers requests for evidence; without it the path does not exist. */
  readonly evidence?: EvidenceIssuer;
  /** A connection is asked to end at this age, milliseconds. */
  readonly maxConnectionAgeMs?: number | undefined;
  /** Shared by all ports; without it any number of calls may come. */
  readonly rate?: RequestRate;
}

/** The options with what the server adds to them. */
type ServerContext = GrpcServerOptions & CallContext;

/**
 * Opens a gRPC server, over TLS unless plaintext is asked for. Requests for evidence come as plain HTTP/2 requests on the
 * same connection.
 *
 * @throws NodeError `port-unavailable`, `tls-files-unusable`
 */
export async function openGrpcServer<Address extends ListenAddress>(
  address: Address,
  options: GrpcServerOptions,
): Promise<Front<Address>> {
  const { limits } = options;
  const server = createFor(options);
  const sessions = trackSessions(server, options);
  const streaming = new StreamingCalls(limits);
  const context = { ...options, streaming };
  server.on("stream", (stream, headers) => {
    void answerStream(stream, headers, context);
  });
  const connections = countConnections(server);
  const port = await openPort(server, address, limits, options.log);
  const closeSessions = (): void => {
    for (const session of sessions) {
      session.close();
    }
  };
  const disconnect = (): void => {
    closeSessions();
    port.cutLater(limits.drainTimeoutMs);
  };
  const goodbye = (): void => {
    streaming.close();
    closeSessions();
  };
  return {
    address: port.address,
    connections,
    replaceTls: (tls) => replaceTlsMaterial(server, options.tls, tls),
    refuseTls: () => removeTlsMaterial(server),
    disconnect,
    close: () => port.close(limits.drainTimeoutMs, goodbye),
  };
}

function createFor({ tls, limits }: GrpcServerOptions): Http2Server | Http2SecureServer {
  const settings: ServerOptions = {
    settings: {
      enablePush: false,
      initialWindowSize: STREAM_WINDOW,
      maxConcurrentStreams: limits.maxStreamsPerConnection,
      maxHeaderListSize: limits.maxHeaderBytes,
    },
    // Counts answers that wait to be sent, which may be as large as requests.
    maxSessionMemory: Math.ceil((2 * limits.maxMessageBytes) / MIB),
    unknownProtocolTimeout: limits.handshakeTimeoutMs,
    streamResetBurst: limits.maxStreamResetBurst,
    streamResetRate: limits.maxStreamResetsPerSecond,
  };
  return tls === "plaintext"
    ? createServer(settings)
    : createSecureServer({ ...tlsServerOptions(tls, "h2", limits), ...settings });
}

/** Sessions that are open, each with its window, idle and age limits. */
function trackSessions(
  server: Http2Server | Http2SecureServer,
  { limits, maxConnectionAgeMs }: GrpcServerOptions,
): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW);
    limitControlFrames(session, limits.maxControlFrames);
    session.setTimeout(limits.idleTimeoutMs, () => session.close());
    const unused = endUnused(session, limits.firstRequestTimeoutMs);
    const aged = maxConnectionAgeMs === undefined ? undefined : setTimeout(() => session.close(), maxConnectionAgeMs);
    session.on("close", () => {
      clearTimeout(unused);
      clearTimeout(aged);
      sessions.delete(session);
    });
    session.on("error", () => session.destroy());
  });
  server.on("unknownProtocol", (socket) => socket.destroy());
  return sessions;
}

/**
 * Ends a session on which no call begins. No idle limit: pings, which count as activity, do not put it off. A process that was stopped,
 * or had no processor, finds the time over before it reads what came meanwhile, so that there is a second look after that.
 */
function endUnused(session: ServerHttp2Session, timeoutMs: number): NodeJS.Timeout {
  let used = false;
  const end = (): void => void (used || session.destroy());
  const timer = setTimeout(() => setImmediate(end), timeoutMs);
  session.once("stream", () => {
    used = true;
    clearTimeout(timer);
  });
  return timer;
}

function answerStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: ServerContext,
): Promise<unknown> | undefined {
  // A reset stream also emits 'close', which is what the code below acts on.
  stream.on("error", ignore);
  if (isGrpcCall(headers)) {
    return answerCall(stream, headers, context);
  }
  const { evidence: issuer } = context;
  const answering = issuer === undefined ? undefined : answerEvidenceStream(stream, headers, { ...context, issuer });
  if (answering === undefined) {
    stream.respond({ ":status": 415 }, { endStream: true });
    stream.close();
  }
  return answering;
}

/** Async functions cost memory for each call that waits in them, so that this one only passes on. */
function answerCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: ServerContext,
): Promise<unknown> | undefined {
  try {
    context.rate?.admit(stream.session?.socket);
  } catch (error) {
    sendFailure(stream, servingErrorOf(error), context.limits.stallTimeoutMs);
    return undefined;
  }
  const method = context.methods.get(headers[":path"] ?? "");
  return method === undefined || typeof method === "function"
    ? answerUnaryCall(stream, headers, method, context)
    : answerStreamingCall(stream, headers, method, context);
}

function ignore(): void {
  // What has to be done about an error is done when its stream closes.
}
