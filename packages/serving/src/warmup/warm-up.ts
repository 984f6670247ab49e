import { setImmediate as turn } from "node:timers/promises";
import {
  type ListedRequest,
  PredictionLog,
  ProtocolError,
  parseRequestList,
  readTfRecords,
  ServingError,
  servingErrorOf,
} from "@sealserve/protocol";
import { type Handler, ModelHandler } from "../core/handler.ts";
import type { Servable } from "../core/servables.ts";
import type { SignatureOptions } from "../core/signature-options.ts";
import { answerRest } from "../rest/answer.ts";
import { readVersionFile, type VersionFiles } from "../source/version-files.ts";
import { OneServable } from "./one-servable.ts";
import { runPredictionLog } from "./run-log.ts";

/** TensorFlow Serving's file of requests: a TFRecord file of PredictionLogs. */
export const WARMUP_RECORDS_FILE = "assets.extra/tf_serving_warmup_requests";
/** Ours beside it: bodies of REST calls, see {@link parseRequestList}. */
export const WARMUP_JSON_FILE = "assets.extra/warmup_requests.json";
/** Most requests of a file. */
export const MAX_WARMUP_REQUESTS = 1000;

/** Largest file, bytes: it is held as a whole beside the model. */
export const MAX_WARMUP_BYTES = 256 << 20;

/** How versions are warmed up. */
export interface WarmUpOptions extends SignatureOptions {
  /** How often each request is run. */
  readonly iterations: number;
}

/** One request of a file, and how to run it. */
type Run = (handler: Handler, signal: AbortSignal) => Promise<unknown>;

/**
 * Runs the requests that come with a version, in order, before it serves. A version without such a file is not warmed up.
 * @returns how many requests there are
 * @throws ServingError with TensorFlow Serving's messages, without what they quote of JSON: whatever fails here fails the load
 * @throws the signal's reason
 */
export async function warmUp(
  servable: Servable,
  files: VersionFiles,
  options: WarmUpOptions,
  signal: AbortSignal,
): Promise<number> {
  const handler = new ModelHandler(new OneServable(servable), options);
  let count = 0;
  const records = await readVersionFile(files, WARMUP_RECORDS_FILE, MAX_WARMUP_BYTES);
  if (records !== undefined) {
    count += await runAll(recordRuns(records), WARMUP_RECORDS_FILE, handler, options, signal);
  }
  const json = await readVersionFile(files, WARMUP_JSON_FILE, MAX_WARMUP_BYTES);
  if (json !== undefined) {
    count += await runAll(jsonRuns(json), WARMUP_JSON_FILE, handler, options, signal);
  }
  return count;
}

async function runAll(
  runs: Iterable<Run>,
  path: string,
  handler: Handler,
  { iterations }: WarmUpOptions,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for (const run of runs) {
    if (count === MAX_WARMUP_REQUESTS) {
      const message = `Number of warmup records exceeds the maximum (${MAX_WARMUP_REQUESTS}) at ${path}`;
      throw new ServingError("INVALID_ARGUMENT", message);
    }
    count++;
    for (let iteration = 0; iteration < iterations; iteration++) {
      await run(handler, signal);
      // A run that needs no other thread is done at once, and others are served in between.
      await turn();
    }
  }
  return count;
}

function* recordRuns(bytes: Uint8Array): Generator<Run, void> {
  let number = 0;
  for (const record of checkedRecords(bytes)) {
    const log = parseLog(record, number++);
    yield (handler, signal) => runPredictionLog(handler, log, { signal, entrypoint: "GRPC" });
  }
}

function* checkedRecords(bytes: Uint8Array): Generator<Uint8Array, void> {
  try {
    yield* readTfRecords(bytes);
  } catch (cause) {
    const { code, message } = servingErrorOf(cause);
    if (code !== "DATA_LOSS") {
      throw cause;
    }
    const advice = "Please verify your warmup data is in TFRecord format.";
    throw new ServingError("DATA_LOSS", `${message} in ${WARMUP_RECORDS_FILE}. ${advice}`, { cause });
  }
}

/** Names the record by its number: its content may be somebody's data. */
function parseLog(record: Uint8Array, number: number): PredictionLog {
  try {
    return PredictionLog.decode(record);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) {
      throw cause;
    }
    const message = `Failed to parse warmup record: number ${number} from ${WARMUP_RECORDS_FILE}`;
    throw new ServingError("INVALID_ARGUMENT", message, { cause });
  }
}

function* jsonRuns(bytes: Uint8Array): Generator<Run, void> {
  let number = 0;
  for (const { verb, body } of checkedList(bytes)) {
    const call = { kind: verb, model: { name: "warmup" } };
    const position = number++;
    yield async (handler, signal) => {
      try {
        await answerRest(handler, { call, body, origin: undefined, signal });
      } catch (cause) {
        throw withoutQuotation(cause, position);
      }
    };
  }
}

/** Says in which file the list is that cannot be read. */
function* checkedList(bytes: Uint8Array): Generator<ListedRequest, void> {
  try {
    yield* parseRequestList(bytes);
  } catch (cause) {
    if (!(cause instanceof ServingError) || cause.code !== "INVALID_ARGUMENT") {
      throw cause;
    }
    throw new ServingError(cause.code, `${WARMUP_JSON_FILE}: ${cause.message}`, { cause });
  }
}

/** Messages about a body quote it, which is meant for its sender; a version's status is for everybody. */
function withoutQuotation(cause: unknown, number: number): unknown {
  return cause instanceof ServingError && cause.code === "INVALID_ARGUMENT"
    ? new ServingError(cause.code, `Warmup request number ${number} of ${WARMUP_JSON_FILE} does not fit the model`, {
        cause,
      })
    : cause;
}
