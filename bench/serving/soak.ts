/**
 * A server at 70 % load for a long time: gRPC and REST in turn, while a version of 102 MB is replaced beside them in every
 * turn. What counts is that memory stays flat. `npm run bench:soak -- --minutes 60`
 */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printFigure, spread } from "../harness.ts";
import { writeBenchModel } from "./bench-models.ts";
import type { LoadOrder } from "./load-process.ts";
import { grpcBody, PREDICT, serveUnderLoad } from "./under-load.ts";

const SHARE = 0.7;
const CALIBRATION_SECONDS = 5;
const TURN_SECONDS = 10;
/** Turns until caches, pools and compiled code have their size. */
const SETTLING_TURNS = 3;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  throw new Error("--minutes takes a number above 0");
}

const connections = { connections: 4, streams: 8 } as const;
const orders: readonly Omit<LoadOrder, "port" | "caPem" | "seconds">[] = [
  {
    protocol: "grpc",
    path: PREDICT,
    body: grpcBody("half_plus_two", "x", { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) }),
    ...connections,
  },
  {
    protocol: "rest",
    path: "/v1/models/half_plus_two:predict",
    body: Buffer.from('{"instances": [1.0, 2.0, 5.0]}'),
    ...connections,
  },
];

const server = await serveUnderLoad(["half_plus_two", "residual"], ["--file_system_poll_wait_seconds=1"]);
const rates: number[] = [];
for (const order of orders) {
  rates.push(SHARE * (await server.load({ ...order, seconds: CALIBRATION_SECONDS })).perSecond);
}

const rss: number[] = [];
const p99: number[] = [];
const end = performance.now() + minutes * 60_000;
for (let version = 2; performance.now() < end; version++) {
  await replaceVersion(version);
  for (const [index, order] of orders.entries()) {
    p99.push((await server.load({ ...order, rate: rates[index] as number, seconds: TURN_SECONDS })).p99);
  }
  rss.push((await server.report()).rssMiB);
}
await server.stop();

const settled = rss.slice(SETTLING_TURNS);
printFigure({
  name: `Serving: ${minutes} minutes at ${SHARE * 100} % load, a version of 102 MB replaced every ${orders.length * TURN_SECONDS} s`,
  ratio: Number((mean(settled.slice(-settled.length / 2)) / mean(settled.slice(0, settled.length / 2))).toPrecision(3)),
  ratioOf: "memory in the second half to memory in the first, after settling",
  versionsLoaded: rss.length,
  rssMiB: { ...spread(rss), first: Math.round(rss[0] ?? 0), last: Math.round(rss.at(-1) ?? 0) },
  requestsPerSecond: rates.map(Math.round),
  p99Ms: spread(p99),
});

/** The new version is put into place whole; the folder of the one before last goes, which is unloaded by now. */
async function replaceVersion(version: number): Promise<void> {
  const spare = join(server.folder, "spare");
  await writeBenchModel(spare, "residual");
  await rename(join(spare, "residual", "1"), join(server.folder, "residual", `${version}`));
  await rm(join(server.folder, "residual", `${version - 2}`), { recursive: true, force: true });
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}
