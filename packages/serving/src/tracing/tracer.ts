import type { IncomingMessage } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import { type GrpcCodeName, grpcCodes } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { HttpAnswer } from "../http/route.ts";
import { TokenBucket } from "../transport/token-bucket.ts";
import { CallTrace } from "./call-trace.ts";
import { withTrace } from "./current-trace.ts";
import type { Span } from "./span.ts";
import { parseTraceParent } from "./trace-parent.ts";

/** Calls that are traced in a second, and at once: requesters ask for traces, and must not make the server send without end. */
const TRACES_PER_SECOND = 100;
const SECOND_MS = 1000;
const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;

/** Codes that are the server's fault (OpenTelemetry's semantic conventions for gRPC). */
const FAULTS: ReadonlySet<GrpcCodeName> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** Traces calls: those whose callers trace them and those that come without a trace, up to a number in a second. */
export class Tracer {
  readonly #finished: (spans: readonly Span[]) => void;
  readonly #bucket: TokenBucket;

  /** @param finished takes the spans of each traced call */
  constructor(finished: (spans: readonly Span[]) => void) {
    this.#finished = finished;
    this.#bucket = new TokenBucket(TRACES_PER_SECOND, SECOND_MS / TRACES_PER_SECOND, performance.now());
  }

  /**
   * Answers an rpc, traced or not.
   *
   * @param path of an rpc that the server has; undefined for another
   * @param answer gives the code that the call ends with
   */
  async rpc(
    headers: IncomingHttpHeaders,
    path: string | undefined,
    answer: () => Promise<GrpcCodeName>,
  ): Promise<void> {
    const name = path?.slice(1) ?? "unknown";
    const trace = this.#begin(name, headers["traceparent"]);
    if (trace === undefined) {
      await answer();
      return;
    }
    const [service = "", method = ""] = name.split("/");
    trace.describe({ "rpc.system": "grpc", "rpc.service": service, "rpc.method": method });
    const code = await withTrace(trace, answer);
    if (code === "OK") {
      trace.addRest("encode");
    }
    trace.describe({ "rpc.grpc.status_code": grpcCodes[code].number });
    this.#finished(trace.finish(FAULTS.has(code)));
  }

  /** Answers an HTTP request, traced or not; those that run no model are not. */
  async http({ method = "", headers }: IncomingMessage, answer: () => Awaitable<HttpAnswer>): Promise<HttpAnswer> {
    const trace = method === "POST" ? this.#begin(method, headers["traceparent"]) : undefined;
    if (trace === undefined) {
      return await answer();
    }
    const answered = await withTrace(trace, answer);
    if (answered.status < CLIENT_ERROR) {
      trace.addRest("encode");
    }
    trace.describe({
      "http.request.method": method,
      "http.response.status_code": answered.status,
      "http.response.body.size": answered.body.length,
    });
    this.#finished(trace.finish(answered.status >= SERVER_ERROR));
    return answered;
  }

  #begin(name: string, header: string | string[] | undefined): CallTrace | undefined {
    const parent = parseTraceParent(typeof header === "string" ? header : undefined);
    const isWanted = parent === undefined || parent.isSampled;
    return isWanted && this.#bucket.take(performance.now()) ? new CallTrace(name, parent) : undefined;
  }
}
