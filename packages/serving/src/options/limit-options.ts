import { NodeError } from "../errors.ts";
import type { ServingLimits } from "../transport/limits.ts";

/** One limit as an option: a number in whole units of {@link ServingLimits}, and what it bounds. */
interface LimitOption {
  readonly minimum: number;
  readonly maximum: number;
  readonly meaning: string;
}

const GIB = 2 ** 30;
const DAY_MS = 86_400_000;

/** Every limit that an operator can set, by its name in the YAML form. */
export const limitOptions: Readonly<Record<keyof ServingLimits, LimitOption>> = {
  maxMessageBytes: bytes("largest request message or body, bytes"),
  maxUnpackedBytes: bytes("largest request after unpacking (gzip, deflate), bytes"),
  maxElements: count("lists, strings and the like in one request; numbers in arrays do not count", 1, 2 ** 24),
  maxBytesInFlight: bytes("requests, what is decoded from them, and answers, held at one time, bytes", 1024 * GIB),
  maxConnections: count("connections at one time, on each port"),
  maxConnectionsPerAddress: count("connections at one time from one address, on each port"),
  maxStreamsPerConnection: count("concurrent requests on one connection"),
  maxRequestsPerSecondPerAddress: count("requests from one address in a second; 0: any number", 0),
  maxHeaderBytes: bytes("headers of one request, bytes", 2 ** 20),
  maxStreamResetBurst: count("requests that one HTTP/2 connection may start and take back at once"),
  maxStreamResetsPerSecond: count("... and then in each second"),
  maxControlFrames: count("pings and settings that an HTTP/2 connection may send between two calls"),
  maxStreamingCalls: count("streaming calls, such as health watches, at one time on each gRPC port"),
  maxStreamingCallsPerConnection: count("... and on one connection"),
  maxStreamingMessages: count("messages of the caller in one streaming call"),
  maxStreamingMessageBytes: bytes("largest message of the caller in a streaming call, bytes"),
  handshakeTimeoutMs: time("TLS handshake"),
  headersTimeoutMs: time("from the first byte of a REST request to the end of its headers"),
  firstRequestTimeoutMs: time("from the TLS handshake to the first request"),
  requestTimeoutMs: time("from the start of a request to its last byte"),
  stallTimeoutMs: time("longest pause inside a request or while an answer is taken"),
  idleTimeoutMs: time("pause between two requests of a connection"),
  restRunTimeoutMs: time("longest run of a REST call"),
  quoteTimeoutMs: time("longest time the platform may take for one quote"),
  drainTimeoutMs: time("longest wait for requests in flight when the server stops, or its lease ends"),
  loadTimeoutMs: time("from a version's files until its engine has the model"),
  maxEngineBytes: {
    ...bytes(
      "memory in RAM of one process of the engines tensorflow and upstream, which is ended beyond it, bytes; 0: any",
      1024 * GIB,
    ),
    minimum: 0,
  },
};

/** Names of all limits. */
export function limitNames(): (keyof ServingLimits)[] {
  return Object.keys(limitOptions) as (keyof ServingLimits)[];
}

/** @throws NodeError `bad-option` naming the first limit that is out of its bounds */
export function checkLimits(limits: ServingLimits): ServingLimits {
  for (const name of limitNames()) {
    const { minimum, maximum } = limitOptions[name];
    const value = limits[name];
    if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
      throw new NodeError("bad-option", `the limit ${name} cannot be used`, {
        expected: `${minimum} to ${maximum}`,
        actual: String(value),
      });
    }
  }
  return limits;
}

/** Whether a limit is a time. Its flag is in seconds. */
export function isTime(name: keyof ServingLimits): boolean {
  return name.endsWith("Ms");
}

function bytes(meaning: string, maximum = 2 * GIB - 1): LimitOption {
  return { minimum: 1024, maximum, meaning };
}

function count(meaning: string, minimum = 1, maximum = 1_000_000): LimitOption {
  return { minimum, maximum, meaning };
}

function time(meaning: string): LimitOption {
  return { minimum: 1, maximum: DAY_MS, meaning };
}
