/** A SavedModel of 2.4 GB, which is more than one protobuf message or one read may hold: from a folder, and from a sealed package. */
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { printFigure } from "../harness.ts";
import { loadApart, seal } from "./load.ts";
import { RandomWeights } from "./random-weights.ts";
import { SavedModelWriter } from "./saved-model-writer.ts";
import { significant } from "./turns.ts";

const LAYERS = 3;
/** Inputs and outputs of a dense layer: its weights are 784 MiB. */
const WIDTH = 14_336;
const WEIGHTS_MIB = (LAYERS * WIDTH * WIDTH * Float32Array.BYTES_PER_ELEMENT) / 2 ** 20;
const DRAWN = 1 << 20;
/** Node writes less than 2 GiB at a time. */
const WRITTEN_AT_ONCE = 2 ** 28;
const TARGET_GROWTH = 2.5;

export async function large(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-bench-"));
  try {
    await writeModel(join(folder, "large", "1"));
    const orders = { folder: { directory: join(folder, "large", "1") }, sealed: await seal(folder, "large") };
    for (const [from, order] of Object.entries(orders)) {
      const { seconds, processorSeconds, before, peak } = await loadApart(order);
      printFigure({
        name: `Models: a SavedModel of 2.4 GB, ${from === "sealed" ? "decrypted and loaded" : "import and load"}`,
        ratio: significant((peak - before) / WEIGHTS_MIB),
        ratioOf: "growth of the process at its peak, with its files in memory, to the weights",
        target: TARGET_GROWTH,
        seconds,
        processorSeconds,
      });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeModel(folder: string): Promise<void> {
  for (const [path, content] of makeModel()) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await using file = await open(target, "w");
    for (let at = 0; at < content.length; at += WRITTEN_AT_ONCE) {
      await file.write(content, at, Math.min(WRITTEN_AT_ONCE, content.length - at));
    }
  }
}

/** Dense layers in a row. All have the same weights, in memory once and in the checkpoint once for each. */
function makeModel(): Map<string, Uint8Array> {
  const writer = new SavedModelWriter();
  const weights = makeWeights();
  let value = writer.placeholder("x", "float32");
  for (let layer = 0; layer < LAYERS; layer++) {
    value = writer.add("MatMul", [value, writer.variable([WIDTH, WIDTH], weights)]);
  }
  return writer.files({ inputs: { x: ["x:0", "float32"] }, outputs: { y: [`${value}:0`, "float32"] } });
}

function makeWeights(): Float32Array<ArrayBuffer> {
  const drawn = new RandomWeights().draw(DRAWN, 0.01);
  const weights = new Float32Array(WIDTH * WIDTH);
  for (let at = 0; at < weights.length; at += drawn.length) {
    weights.set(drawn.subarray(0, weights.length - at), at);
  }
  return weights;
}
