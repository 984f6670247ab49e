/** A small model under load while a model of 102 MB is loaded and unloaded beside it: latencies, memory, event loop. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { printFigure } from "../harness.ts";
import { writeBenchModel } from "./bench-models.ts";
import { grpcBody, PREDICT } from "./predict-call.ts";
import { serveUnderLoad } from "./under-load.ts";

const SECONDS = 8;
const RATE = 2000;
const CYCLES = 3;
const MAXIMUM_GROWTH = 2;

export async function loading(): Promise<void> {
  const server = await serveUnderLoad(["half_plus_two", "residual"], ["--file_system_poll_wait_seconds=1"]);
  const body = grpcBody("half_plus_two", "x", { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) });
  const order = {
    protocol: "grpc",
    path: PREDICT,
    body,
    connections: 4,
    streams: 8,
    seconds: SECONDS,
    rate: RATE,
  } as const;
  const spare = join(server.folder, "spare");
  await server.load(order);
  await server.report();
  const cycles = [];
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await writeBenchModel(spare, "residual");
    const quiet = await server.load(order);
    const before = await server.report();
    await rename(join(spare, "residual", "1"), join(server.folder, "residual", `${cycle + 2}`));
    const busy = await server.load(order); // the new version is found and loaded, the old one unloaded
    const during = await server.report();
    cycles.push({
      p99Quiet: quiet.p99,
      p99Loading: busy.p99,
      growth: busy.p99 / quiet.p99,
      rssMiB: during.rssMiB,
      longestGapQuietMs: before.longestGapMs,
      longestGapLoadingMs: during.longestGapMs,
      longestBusyQuietMs: before.longestBusyMs,
      longestBusyLoadingMs: during.longestBusyMs,
    });
  }
  await server.stop();
  const best = Math.min(...cycles.map(({ growth }) => growth));
  printFigure({
    name: "Serving: a small model while 102 MB are loaded and unloaded beside it",
    ratio: Number(best.toPrecision(3)),
    ratioOf: "p99 while loading to p99 before, best of the cycles",
    target: MAXIMUM_GROWTH,
    requestsPerSecond: RATE,
    cycles: cycles.map((values) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toPrecision(3))])),
    ),
  });
}
