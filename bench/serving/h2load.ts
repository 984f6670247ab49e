/** A second client where it is installed: h2load, of nghttp2, takes little of the processors that it shares with the server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
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

/**
 * Answers per second; undefined when h2load is not installed. It sees answers of HTTP and no status of gRPC: what the server answers to the
 * body must have been looked at before.
 */
export async function runH2load(order: H2loadOrder): Promise<number | undefined> {
  const file = join(order.folder, "h2load-body");
  await writeFile(file, order.body);
  const output = await read("h2load", argumentsFor(order, file));
  await rm(file);
  if (output === undefined) {
    return undefined;
  }
  const rate = /finished in .*?, ([\d.]+) req\/s/.exec(output)?.[1];
  const succeeded = /(\d+) succeeded/.exec(output)?.[1];
  if (rate === undefined || Number(succeeded) !== order.requests) {
    throw new Error(`h2load: ${succeeded ?? "none"} of ${order.requests} requests were answered`);
  }
  return Number(rate);
}

function argumentsFor({ protocol, port, path, connections, streams, requests }: H2loadOrder, file: string): string[] {
  const options =
    protocol === "grpc"
      ? {
          clients: connections,
          "max-concurrent-streams": streams,
          "window-bits": STREAM_WINDOW_BITS,
          "connection-window-bits": CONNECTION_WINDOW_BITS,
        }
      : { clients: connections * streams };
  const named = Object.entries({ requests, data: file, ...options }).map(([name, value]) => `--${name}=${value}`);
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
