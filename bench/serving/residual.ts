/** The residual network end to end by gRPC, beside `onnxruntime` alone in the same rounds. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { printFigure } from "../harness.ts";
import { grpcBody, PREDICT } from "./predict-call.ts";
import type { RawReport } from "./raw-process.ts";
import { serveUnderLoad, type UnderLoad } from "./under-load.ts";

const ROUNDS = 3;
const SECONDS = 12;
const IN_FLIGHT = 4;
const BATCHES = [1, 8];
const TARGETS: Readonly<Record<number, number>> = { 1: 0.92, 8: 0.97 };

export async function residual(): Promise<void> {
  const server = await serveUnderLoad(["residual"]);
  const model = await readFile(join(server.folder, "residual/1/model.onnx"));
  for (const batch of BATCHES) {
    await measureBatch(server, model, batch);
  }
  await server.stop();
}

async function measureBatch(server: UnderLoad, model: Uint8Array, batch: number): Promise<void> {
  const data = Float32Array.from({ length: batch * 224 * 224 * 3 }, (_, index) => Math.sin(index));
  const body = grpcBody("residual", "input", { dtype: "float32", shape: [batch, 224, 224, 3], data });
  const order = { protocol: "grpc", path: PREDICT, body, connections: 4, streams: IN_FLIGHT / 4 } as const;
  await server.load({ ...order, seconds: 4 });
  await server.report();
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const raw = await runRaw(model, batch);
    const served = await server.load({ ...order, seconds: SECONDS });
    const { rssMiB, longestGapMs, longestBusyMs } = await server.report();
    rounds.push({
      raw: raw.imagesPerSecond,
      served: served.perSecond * batch,
      ratio: (served.perSecond * batch) / raw.imagesPerSecond,
      rssMiB,
      longestGapMs,
      longestBusyMs,
    });
  }
  const best = rounds.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  printFigure({
    name: `Serving: residual network, batch ${batch}, images per second over gRPC`,
    ratio: round3(best.ratio),
    ratioOf: "served to onnxruntime alone, best of the rounds",
    target: TARGETS[batch],
    rounds: rounds.map((values) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, round3(value)])),
    ),
  });
}

/** Runs the model without a server, in a process that ends afterwards. */
async function runRaw(model: Uint8Array, batch: number): Promise<RawReport> {
  const child = fork(join(import.meta.dirname, "raw-process.ts"), { serialization: "advanced" });
  child.send({ model, batch, seconds: SECONDS });
  const [report] = (await once(child, "message")) as [RawReport];
  return report;
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
