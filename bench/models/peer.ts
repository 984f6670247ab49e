/** The peer: `onnxruntime` by itself in this process, with the options that the engine gives it, on ONNX written by hand. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { Tensor } from "@sealserve/protocol";

// As for our engine: it would spend time on recording what it does.
process.env["ORT_DISABLE_TELEMETRY"] = "1";
const fromModels = createRequire(new URL("../../packages/models/package.json", import.meta.url));
const runtime = fromModels("onnxruntime-node") as typeof import("onnxruntime-node");

/** Inputs of a model by name. */
export type Inputs = ReadonlyMap<string, Tensor>;

/** A model of the peer's; `predict` is its output. */
export interface PeerModel {
  run(inputs: Inputs): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openPeer(model: Uint8Array, threads: number): Promise<PeerModel> {
  const session = await runtime.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  return {
    run: async (inputs) => {
      const feeds = [...inputs].map(([name, { dtype, shape, data }]) => [name, toFeed(dtype, shape, data)] as const);
      const { predict } = await session.run(Object.fromEntries(feeds));
      return predict?.data as Float32Array;
    },
    close: () => session.release(),
  };
}

function toFeed(dtype: Tensor["dtype"], shape: readonly number[], data: Tensor["data"]) {
  assert.ok(
    (dtype === "float32" && data instanceof Float32Array) || (dtype === "int64" && data instanceof BigInt64Array),
  );
  return new runtime.Tensor(dtype, data as Float32Array, [...shape]);
}

const TOLERANCE = 1e-4;

/**
 * The largest difference between two outputs, relative to the distance between the largest and the smallest number of one of
 * them: numbers that lie close together would else seem equal whatever is done to them.
 * @throws AssertionError from 1e-4 on
 */
export function expectEqualOutputs(actual: Tensor | undefined, expected: Float32Array): number {
  assert.ok(actual?.data instanceof Float32Array && actual.data.length === expected.length);
  const { data } = actual;
  const range = expected.reduce((a, b) => Math.max(a, b)) - expected.reduce((a, b) => Math.min(a, b));
  const difference = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (data[at] as number))), 0);
  assert.ok(difference < TOLERANCE * range, `the outputs differ by ${difference} over a range of ${range}`);
  return Number((difference / range).toPrecision(2));
}
