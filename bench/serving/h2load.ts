/** A second client where it is installed: h2load, of nghttp2, takes little of the processors that it shares with the server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What h2load sends. */
export interface H2loadOrder {
  /** REST is asked by HTTP/1.1, as TensorFlow Serving's clients ask. */
  readonly protocol: "grpc" | "rest";
  readonly port: number;
  readonly path: string;
  /** For gRPC a message with its prefix. */
  readonly body: Uint8Array;
  readonly connections: number;
  /** Requests at one time on each connection of gRPC; REST has as many connections instead. */
  readonly streams: number;
  readonly requests: number;
  /** Requests per second over all connections, sent when they are due; undefined for as many as are answered. */
  readonly rate?: number;
  /** Where the body is written for it. */
  readonly folder: string;
}

/** Flow-control windows, as bits: those of our own client. */
const STREAM_WINDOW_BITS = 20;
const CONNECTION_WINDOW_BITS = 24;
const HEADERS = {
  grpc: ["content-type: application/grpc", "te: trailers"],
  rest: ["content-type: application/json"],
} as const;

/** What h2load saw. */
export interface H2loadReport {
  readonly perSecond: number;
  /** Milliseconds from a request to its whole answer. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

/**
 * Loads a server; undefined when h2load is not installed. It sees answers of HTTP and no status of gRPC: what the server answers to the
 * body must have been looked at before.
 */
export async function runH2load(order: H2loadOrder): Promise<H2loadReport | undefined> {
  const [file, log] = [join(order.folder, "h2load-body"), join(order.folder, "h2load-log")];
  await writeFile(file, order.body);
  const output = await read("h2load", argumentsFor(order, file, log));
  await rm(file);
  if (output === undefined) {
    return undefined;
  }
  const latencies = readLog(await readFile(log, "utf8"));
  await rm(log);
  const rate = /finished in .*?, ([\d.]+) req\/s/.exec(output)?.[1];
  const succeeded = /(\d+) succeeded/.exec(output)?.[1];
  if (rate === undefined || Number(succeeded) !== order.requests) {
    throw new Error(`h2load: ${succeeded ?? "none"} of ${order.requests} requests were answered`);
  }
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Number.NaN;
  return { perSecond: Number(rate), p50: at(0.5), p99: at(0.99), slowest: at(1) };
}

/** Latencies of all requests, milliseconds, the shortest first. A line has a request's start, its status and its microseconds. */
function readLog(text: string): number[] {
  const lines = text.trimEnd().split("\n");
  return lines.map((line) => Number(line.split("\t")[2]) / 1000).sort((a, b) => a - b);
}

function argumentsFor(order: H2loadOrder, file: string, log: string): string[] {
  const { protocol, port, path, connections, streams, requests, rate } = order;
  const options =
    protocol === "grpc"
      ? {
          clients: connections,
          "max-concurrent-streams": streams,
          "window-bits": STREAM_WINDOW_BITS,
          "connection-window-bits": CONNECTION_WINDOW_BITS,
        }
      : { clients: connections * streams };
  const pace = rate === undefined ? {} : { rps: (rate / options.clients).toFixed(1) };
  const named = Object.entries({ requests, data: file, "log-file": log, ...options, ...pace }).map(
    ([name, value]) => `--${name}=${value}`,
  );
  const headers = HEADERS[protocol].map((header) => `--header=${header}`);
  return [...(protocol === "rest" ? ["--h1"] : []), ...named, ...headers, `https://localhost:${port}${path}`];
}

/** What a program prints; undefined when there is no such program. */
async function read(program: string, args: readonly string[]): Promise<string | undefined> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  try {
    await once(child, "close");
    return output;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
