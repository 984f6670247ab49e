/** Sends requests from a process of its own, over node's HTTP clients directly, and reports how they fared. */
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import https from "node:https";
import { text } from "node:stream/consumers";

/** What to send, for how long. */
export interface LoadOrder {
  readonly protocol: "grpc" | "rest";
  readonly port: number;
  readonly caPem: string;
  readonly path: string;
  /** A gRPC message with its prefix, or a JSON body. */
  readonly body: Uint8Array;
  readonly connections: number;
  /** Requests at one time on each connection; by REST, which has one at a time, there are as many more connections. */
  readonly streams: number;
  readonly seconds: number;
  /** Requests per second over all connections, sent when they are due; undefined for as many as are answered. */
  readonly rate?: number;
}

/** How the requests fared. Latencies in milliseconds; with a rate they count from when a request was due. */
export interface LoadReport {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly sent: number;
  readonly failed: number;
  /** How often requests failed in which way: code and message. */
  readonly failures: Readonly<Record<string, number>>;
}

/** @returns how the request failed; undefined for an answer */
type Send = () => Promise<string | undefined>;

/** Characters of a message that are reported. */
const MESSAGE_LENGTH = 200;

process.on("message", (order: LoadOrder) => void runOrder(order).then((report) => process.send?.(report)));

async function runOrder(order: LoadOrder): Promise<LoadReport> {
  const lines = order.protocol === "grpc" ? await openSessions(order) : openAgents(order);
  // One after the other: many handshakes at one time are another figure.
  for (const { send } of lines) {
    await send();
  }
  const latencies: number[] = [];
  let [sent, failed] = [0, 0];
  const failures: Record<string, number> = {};
  const measure = async (send: Send, due: number): Promise<void> => {
    sent++;
    const failure = await send();
    latencies.push(performance.now() - due);
    if (failure !== undefined) {
      failed++;
      failures[failure] = (failures[failure] ?? 0) + 1;
    }
  };
  const start = performance.now();
  const end = start + order.seconds * 1000;
  const workers = lines.flatMap(({ send, streams }) => Array.from({ length: streams }, () => send));
  await Promise.all(
    workers.map((send, index) => keepBusy(send, index, workers.length, order.rate, { start, end, measure })),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const line of lines) {
    line.close();
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0;
  return { perSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99), slowest: at(1), sent, failed, failures };
}

async function keepBusy(
  send: Send,
  index: number,
  workers: number,
  rate: number | undefined,
  run: { readonly start: number; readonly end: number; readonly measure: (send: Send, due: number) => Promise<void> },
): Promise<void> {
  const period = rate === undefined ? 0 : (workers * 1000) / rate;
  for (let due = run.start + (index * period) / workers; ; due += period) {
    const now = performance.now();
    if (now >= run.end) {
      return;
    }
    if (rate !== undefined && due > now) {
      await new Promise((resolve) => void setTimeout(resolve, due - now));
    }
    // A timer may be early by a millisecond.
    await run.measure(send, rate === undefined ? now : Math.min(due, performance.now()));
  }
}

interface Line {
  readonly send: Send;
  /** Requests at one time. */
  readonly streams: number;
  close(): void;
}

async function openSessions({ port, caPem, path, body, connections, streams }: LoadOrder): Promise<Line[]> {
  const open = async (): Promise<Line> => {
    const session = http2.connect(`https://localhost:${port}`, { ca: caPem, settings: { initialWindowSize: 1 << 20 } });
    await new Promise((resolve, reject) => session.once("connect", resolve).once("error", reject));
    session.setLocalWindowSize(16 << 20);
    return { send: () => call(session, path, body), streams, close: () => session.close() };
  };
  return await Promise.all(Array.from({ length: connections }, open));
}

function call(session: ClientHttp2Session, path: string, body: Uint8Array): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request(sent);
    let failure: string | undefined = "no trailers";
    const take = (ends: IncomingHttpHeaders): void => {
      const { "grpc-status": status, "grpc-message": message } = ends;
      failure =
        status === "0" ? undefined : `grpc-status ${String(status)} ${String(message)}`.slice(0, MESSAGE_LENGTH);
    };
    // An answer without a message has its status in its headers.
    stream.on("response", (headers) => headers["grpc-status"] !== undefined && take(headers));
    stream.on("trailers", take);
    stream.on("error", (error) => {
      failure = describe(error);
    });
    stream.on("close", () => resolve(failure));
    stream.resume();
    stream.end(body);
  });
}

function openAgents({ port, caPem, path, body, connections, streams }: LoadOrder): Line[] {
  // HTTP/1.1 answers one request at a time on a connection.
  return Array.from({ length: connections * streams }, () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: caPem });
    const options = {
      port,
      host: "localhost",
      path,
      method: "POST",
      agent,
      headers: { "content-length": body.length },
    };
    return { send: () => post(options, body), streams: 1, close: () => agent.destroy() };
  });
}

function post(options: https.RequestOptions, body: Uint8Array): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = https.request(options, (response) => {
      if (response.statusCode === 200) {
        response.resume();
        response.on("close", () => resolve(response.complete ? undefined : "answer cut off"));
      } else {
        const refusal = text(response).catch(describe);
        void refusal.then((message) =>
          resolve(`HTTP ${String(response.statusCode)} ${message}`.slice(0, MESSAGE_LENGTH)),
        );
      }
    });
    request.on("error", (error) => resolve(describe(error)));
    request.end(body);
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? `${"code" in error ? String(error.code) : error.name}: ${error.message}` : "unknown";
}
