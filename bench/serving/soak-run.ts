/** Serves under a steady load while versions are replaced beside it, and watches the memory. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ModelName, writeBenchModel } from "./bench-models.ts";
import type { LoadOrder } from "./load-process.ts";
import { grpcBody, PREDICT } from "./predict-call.ts";
import { serveUnderLoad, type UnderLoad } from "./under-load.ts";

/** How a server is loaded, and for how long. */
export interface SoakPlan {
  readonly seconds: number;
  /** Each protocol is loaded for so long, in turn; then a version is replaced. */
  readonly turnSeconds: number;
  /** Requests per second, or the share of what the server can answer: that is measured first. */
  readonly load: { readonly perSecond: number } | { readonly share: number };
  /** The model whose versions are replaced. */
  readonly replaced: ModelName;
  /** Numbers in each request by gRPC. */
  readonly values: number;
}

/** How the server fared. */
export interface SoakReport {
  /** One after each turn of both protocols; seconds since the first request. */
  readonly memory: readonly { readonly seconds: number; readonly rssMiB: number }[];
  /** Requests per second by gRPC and by REST. */
  readonly rates: readonly number[];
  /** Latencies of each turn, milliseconds. */
  readonly p99: readonly number[];
  readonly sent: number;
  /** Answered without an error. */
  readonly answered: number;
  /** The others: in which turn, and how they failed. */
  readonly failures: readonly SoakFailure[];
}

/** Requests of one turn that failed alike. */
export interface SoakFailure {
  /** Seconds from the first request to the end of the turn. */
  readonly seconds: number;
  readonly protocol: LoadOrder["protocol"];
  /** Code and message. */
  readonly failure: string;
  readonly count: number;
}

type Order = Omit<LoadOrder, "port" | "caPem" | "seconds">;

const CALIBRATION_SECONDS = 5;

function ordersOf({ values }: SoakPlan): readonly Order[] {
  const data = Float32Array.from({ length: values }, (_, index) => index % 100);
  const connections = { connections: 4, streams: 8 } as const;
  return [
    {
      protocol: "grpc",
      path: PREDICT,
      body: grpcBody("half_plus_two", "x", { dtype: "float32", shape: [values], data }),
      ...connections,
    },
    {
      protocol: "rest",
      path: "/v1/models/half_plus_two:predict",
      body: Buffer.from('{"instances": [1.0, 2.0, 5.0]}'),
      ...connections,
    },
  ];
}

/** Runs a soak. Requests that fail in it are reported. */
export async function soak(plan: SoakPlan): Promise<SoakReport> {
  const models = new Set<ModelName>(["half_plus_two", plan.replaced]);
  const server = await serveUnderLoad([...models], ["--file_system_poll_wait_seconds=1"]);
  const orders = ordersOf(plan);
  const report = await soakServer(server, plan, orders, await ratesOf(server, plan, orders));
  await server.stop();
  return report;
}

async function soakServer(
  server: UnderLoad,
  plan: SoakPlan,
  orders: readonly Order[],
  rates: readonly number[],
): Promise<SoakReport> {
  const memory: { seconds: number; rssMiB: number }[] = [];
  const p99: number[] = [];
  const failures: SoakFailure[] = [];
  let [sent, answered] = [0, 0];
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  for (let version = 2; seconds() < plan.seconds; version++) {
    await replaceVersion(server.folder, plan.replaced, version);
    for (const [index, order] of orders.entries()) {
      const report = await server.tryLoad({ ...order, rate: rates[index] as number, seconds: plan.turnSeconds });
      p99.push(report.p99);
      sent += report.sent;
      answered += report.sent - report.failed;
      for (const [failure, count] of Object.entries(report.failures)) {
        failures.push({ seconds: Math.round(seconds()), protocol: order.protocol, failure, count });
      }
    }
    memory.push({ seconds: seconds(), rssMiB: (await server.report()).rssMiB });
  }
  return { memory, rates, p99, sent, answered, failures };
}

async function ratesOf(server: UnderLoad, { load }: SoakPlan, orders: readonly Order[]): Promise<number[]> {
  const rates: number[] = [];
  for (const order of orders) {
    const perSecond =
      "perSecond" in load
        ? load.perSecond
        : load.share * (await server.load({ ...order, seconds: CALIBRATION_SECONDS })).perSecond;
    rates.push(perSecond);
  }
  return rates;
}

/** The new version is put into place whole; the folder of the one before last goes, which is unloaded by now. */
async function replaceVersion(folder: string, model: ModelName, version: number): Promise<void> {
  const spare = join(folder, "spare");
  await writeBenchModel(spare, model);
  await rename(join(spare, model, "1"), join(folder, model, `${version}`));
  await rm(join(folder, model, `${version - 2}`), { recursive: true, force: true });
}

/** By how much memory grows in a minute, MiB: the slope of the line that fits best. */
export function growthPerMinute(memory: SoakReport["memory"]): number {
  const mean = (of: (sample: SoakReport["memory"][number]) => number): number =>
    memory.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, memory.length);
  const [middle, level] = [mean(({ seconds }) => seconds), mean(({ rssMiB }) => rssMiB)];
  const covariance = mean(({ seconds, rssMiB }) => (seconds - middle) * (rssMiB - level));
  const variance = mean(({ seconds }) => (seconds - middle) ** 2);
  return variance === 0 ? 0 : (covariance / variance) * 60;
}
