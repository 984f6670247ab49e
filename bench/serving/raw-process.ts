/** `onnxruntime` by itself, with the options that the engine gives it. */
import { createRequire } from "node:module";

/** What to run, for how long. */
export interface RawOrder {
  readonly model: Uint8Array;
  readonly batch: number;
  readonly seconds: number;
}

/** How many images went through. */
export interface RawReport {
  readonly imagesPerSecond: number;
}

// As for our engine: it would spend time on recording what it does.
process.env["ORT_DISABLE_TELEMETRY"] = "1";
const fromModels = createRequire(new URL("../../packages/models/package.json", import.meta.url));

process.once(
  "message",
  (order: RawOrder) => void run(order).then((report) => process.send?.(report, () => process.exit())),
);

async function run({ model, batch, seconds }: RawOrder): Promise<RawReport> {
  const runtime = fromModels("onnxruntime-node") as typeof import("onnxruntime-node");
  const session = await runtime.InferenceSession.create(model, {
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const data = Float32Array.from({ length: batch * 224 * 224 * 3 }, (_, index) => Math.sin(index));
  const feeds = { input: new runtime.Tensor("float32", data, [batch, 224, 224, 3]) };
  await session.run(feeds);
  const start = performance.now();
  let images = 0;
  while (performance.now() - start < seconds * 1000) {
    await session.run(feeds);
    images += batch;
  }
  return { imagesPerSecond: (images * 1000) / (performance.now() - start) };
}
