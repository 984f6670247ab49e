import { setImmediate as turn } from "node:timers/promises";
import type { LoadedModel } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { CliError } from "../errors.ts";
import { formatBytes, ProgressBar } from "../output/progress-bar.ts";
import { printJson, printResult } from "../output/terminal.ts";
import { readInputBody } from "../prediction/input-body.ts";
import { inputsFromBody, type PreparedInputs, sampleInputs } from "../prediction/inputs.ts";
import { abortOnSignal } from "../service/until-signal.ts";
import { fourDigits, type Latencies, summarise } from "./latencies.ts";
import { type EngineOptions, openModel } from "./open-model.ts";

/** Options of `sealserve models bench`. */
export interface BenchOptions extends EngineOptions {
  readonly signature?: string;
  readonly input?: string;
  readonly batch?: readonly number[];
  readonly warmUp: number;
  readonly seconds: number;
  readonly json?: true;
}

/** Calls of one batch size that are timed at most: their times are kept. */
const MAX_CALLS = 100_000;

/** What was measured with one batch size. */
interface BatchResult extends Latencies {
  /** Size of the first dimension that the signature leaves open; undefined for inputs out of a file. */
  readonly batch: number | undefined;
  readonly callsPerSecond: number;
  readonly itemsPerSecond: number | undefined;
}

/** `sealserve models bench`. @throws CliError `usage`; ServingError for inputs that do not fit; ModelError */
export async function bench(directory: string, options: BenchOptions): Promise<void> {
  const { input, batch, threads, json } = options;
  if (input !== undefined && batch !== undefined) {
    throw new CliError("usage", "--batch makes inputs of several sizes up, and --input brings its own", {
      remedy: "leave one of them out",
    });
  }
  const body = input === undefined ? undefined : await readInputBody(input);
  const signal = abortOnSignal();
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const model = await openModel(directory, options, signal);
  const loaded = { milliseconds: fourDigits(performance.now() - started), bytes: process.memoryUsage.rss() - before };
  try {
    const results = await measureAll(model, options, { body, signal });
    // The system counts in KiB.
    report({ loaded, peakBytes: process.resourceUsage().maxRSS * 1024, threads, results }, json === true);
  } finally {
    await model.close();
  }
}

async function measureAll(
  model: LoadedModel,
  options: BenchOptions,
  { body, signal }: { readonly body: string | undefined; readonly signal: AbortSignal },
): Promise<BatchResult[]> {
  const results: BatchResult[] = [];
  for (const size of body === undefined ? (options.batch ?? [1]) : [undefined]) {
    const prepared = prepare(model, options, { body, batch: size });
    const measuring = measure(model, prepared, { ...options, size, signal });
    results.push(
      await measuring.catch((error: unknown) => {
        throw body === undefined ? explainMadeUp(error) : error;
      }),
    );
  }
  return results;
}

function prepare(
  { signatureDefs, refusals }: LoadedModel,
  { signature }: BenchOptions,
  { body, batch }: { readonly body: string | undefined; readonly batch: number | undefined },
): PreparedInputs {
  const prepared =
    body === undefined ? sampleInputs(signatureDefs, signature, batch) : inputsFromBody(body, signatureDefs, signature);
  const refusal = refusals.get(prepared.signatureName);
  if (refusal !== undefined) {
    throw refusal;
  }
  return prepared;
}

interface Measuring extends Pick<BenchOptions, "warmUp" | "seconds"> {
  readonly size: number | undefined;
  readonly signal: AbortSignal;
}

/** Calls one after the other, as many as the time allows; at least one is timed. */
async function measure(
  model: LoadedModel,
  { signatureName, inputs }: PreparedInputs,
  { warmUp, seconds, size, signal }: Measuring,
): Promise<BatchResult> {
  const bar = new ProgressBar(size === undefined ? "timing" : `batch of ${size}`, {
    describe: (ms) => `${Math.round(ms / 1000)} s`,
  });
  const limit = seconds * 1000;
  const times: number[] = [];
  const begun = performance.now();
  const elapsed = (): number => performance.now() - begun;
  try {
    for (let call = 0; call < warmUp && elapsed() < limit; call++) {
      await callOnce(model, signatureName, inputs, signal);
    }
    const timedFrom = performance.now();
    do {
      times.push(await callOnce(model, signatureName, inputs, signal));
      bar.update(Math.min(elapsed(), limit), limit);
    } while (elapsed() < limit && times.length < MAX_CALLS);
    const callsPerSecond = fourDigits((times.length * 1000) / (performance.now() - timedFrom));
    const itemsPerSecond = size === undefined ? undefined : fourDigits(callsPerSecond * size);
    return { batch: size, ...summarise(times), callsPerSecond, itemsPerSecond };
  } finally {
    bar.clear();
  }
}

async function callOnce(
  model: LoadedModel,
  signatureName: string,
  inputs: ReadonlyMap<string, Tensor>,
  signal: AbortSignal,
): Promise<number> {
  // A model that is run at once would leave no turn in which Ctrl-C is heard.
  await turn();
  const start = performance.now();
  await model.run(signatureName, inputs, [], { signal });
  return performance.now() - start;
}

/** Inputs that are made up have the right types and shapes, and may be nonsense to the model all the same. */
function explainMadeUp(error: unknown): unknown {
  return error instanceof ServingError
    ? new CliError("usage", `the model fails on the inputs that were made up: ${error.message}`, {
        remedy: "give inputs with --input",
        cause: error,
      })
    : error;
}

interface BenchReport {
  readonly loaded: { readonly milliseconds: number; readonly bytes: number };
  readonly peakBytes: number;
  readonly threads: number | undefined;
  readonly results: readonly BatchResult[];
}

function report(measured: BenchReport, json: boolean): void {
  if (json) {
    printJson(measured);
    return;
  }
  const { loaded, peakBytes, results } = measured;
  printResult(
    `loaded in ${loaded.milliseconds} ms; memory grew by ${formatBytes(Math.max(loaded.bytes, 0))}, peak ${formatBytes(peakBytes)}`,
  );
  for (const { batch, calls, mean, p50, p90, p99, max, callsPerSecond, itemsPerSecond } of results) {
    const what = batch === undefined ? "given inputs" : `batch of ${batch}`;
    const items = itemsPerSecond === undefined ? "" : `, ${itemsPerSecond} items/s`;
    printResult(
      `${what}: ${calls} calls, mean ${mean} ms, p50 ${p50}, p90 ${p90}, p99 ${p99}, max ${max}; ${callsPerSecond} calls/s${items}`,
    );
  }
}
