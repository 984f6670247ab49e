/** What batching gains end to end: single rows over gRPC without it, by TensorFlow Serving's parameters, and tuned by itself. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { printFigure } from "../harness.ts";
import type { ModelName } from "./bench-models.ts";
import { DENSE_WIDTH } from "./dense-network.ts";
import { grpcBody, PREDICT } from "./predict-call.ts";
import { serveUnderLoad, type UnderLoad } from "./under-load.ts";

const ROUNDS = 3;
const SECONDS = 3;
const METRICS_PATH = "/metrics";
/** As an operator would set them who knows the load: 4 connections of 16 requests. */
const PARAMETERS = `max_batch_size { value: 64 } batch_timeout_micros { value: 1000 } max_enqueued_batches { value: 100 }
num_batch_threads { value: 2 }`;

interface Subject {
  readonly name: string;
  readonly model: ModelName;
  readonly body: () => Uint8Array;
}

/** Latencies in milliseconds. */
interface Outcome {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Of one request. */
  readonly cpuUs: number;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "half_plus_two, rows of one value",
    model: "half_plus_two",
    body: () => grpcBody("half_plus_two", "x", { dtype: "float32", shape: [1], data: Float32Array.of(3) }),
  },
  {
    name: "four dense layers of 1024, rows of 4 KB",
    model: "dense",
    body: () =>
      grpcBody("dense", "input", {
        dtype: "float32",
        shape: [1, DENSE_WIDTH],
        data: Float32Array.from({ length: DENSE_WIDTH }, (_, index) => Math.cos(index)),
      }),
  },
];

export async function batching(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-bench-batching-"));
  const parameters = join(folder, "batching.txt");
  await writeFile(parameters, PARAMETERS);
  const monitoring = join(folder, "monitoring.txt");
  await writeFile(monitoring, `prometheus_config { enable: true path: "${METRICS_PATH}" }`);
  const common = `--monitoring_config_file=${monitoring}`;
  for (const { name, model, body } of SUBJECTS) {
    const none = await measure(model, body(), [common]);
    const byFile = ["--enable_batching", `--batching_parameters_file=${parameters}`];
    const parametrised = await measure(model, body(), [common, ...byFile]);
    const tuned = await measure(model, body(), [common, "--batching=auto"]);
    printFigure({
      name: `Serving: batching, ${name}, 64 requests at one time`,
      ratio: round3(tuned.best.perSecond / none.best.perSecond),
      ratioOf: "requests per second with --batching=auto to none, best of the rounds",
      ratioOfParameters: round3(parametrised.best.perSecond / none.best.perSecond),
      none,
      parameters: parametrised,
      auto: tuned,
    });
  }
  await rm(folder, { recursive: true });
}

async function measure(
  model: ModelName,
  body: Uint8Array,
  flags: readonly string[],
): Promise<{ best: Outcome; meanRows: number; meanQueueMs: number }> {
  const server = await serveUnderLoad([model], flags);
  const order = { protocol: "grpc", path: PREDICT, body, connections: 4, streams: 16, seconds: SECONDS } as const;
  await server.load(order); // warm up, and tune
  await server.report();
  const rounds: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { perSecond, p50, p99 } = await server.load(order);
    const { cpuMs } = await server.report();
    const cpuUs = (cpuMs * 1000) / (perSecond * SECONDS);
    rounds.push({ perSecond: round3(perSecond), p50: round3(p50), p99: round3(p99), cpuUs: round3(cpuUs) });
  }
  const metrics = await scrape(server);
  await server.stop();
  return {
    best: rounds.reduce((a, b) => (b.perSecond > a.perSecond ? b : a)),
    meanRows: round3(meanOf(metrics, "rows")),
    meanQueueMs: round3(meanOf(metrics, "queue_seconds") * 1000),
  };
}

async function scrape({ restPort, caPem }: UnderLoad): Promise<string> {
  const options = { host: "localhost", port: restPort, path: METRICS_PATH, ca: caPem };
  return await new Promise((resolve, reject) => {
    https.get(options, (response) => void text(response).then(resolve, reject)).on("error", reject);
  });
}

/** Mean of one of our histograms of batches; 0 without batching. */
function meanOf(metrics: string, histogram: string): number {
  const read = (part: string): number =>
    Number(new RegExp(`^sealserve_batch_${histogram}_${part}\\{.*\\} (.*)$`, "m").exec(metrics)?.[1] ?? 0);
  return read("sum") / Math.max(1, read("count"));
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
