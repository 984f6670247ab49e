/** The residual network as a SavedModel through importer and engine, beside the same network as ONNX in `onnxruntime` alone. */
import { availableParallelism } from "node:os";
import { type LoadedModel, loadModel } from "@sealserve/models";
import { printFigure, spread } from "../harness.ts";
import { makeResidualNetwork } from "../serving/residual-network.ts";
import { expectEqualOutputs, type Inputs, openPeer, type PeerModel } from "./peer.ts";
import { IMAGE_SIZE } from "./residual-layers.ts";
import { makeResidualSavedModel } from "./residual-saved-model.ts";
import { timeInTurn } from "./turns.ts";

/** Images of a run, and runs in a round. */
const BATCHES = [
  { batch: 1, runs: 8 },
  { batch: 8, runs: 2 },
];
const ROUNDS = 7;
const TARGET = 0.97;

export async function residual(): Promise<void> {
  const threads = availableParallelism();
  const imported = await loadModel(makeResidualSavedModel(), { threads });
  const onnx = await loadModel(new Map([["model.onnx", makeResidualNetwork()]]), { threads });
  const peer = await openPeer(makeResidualNetwork(), threads);
  for (const size of BATCHES) {
    await measureBatch({ imported, onnx, peer, threads }, size);
  }
  await Promise.all([imported, onnx, peer].map((model) => model.close()));
}

interface Models {
  readonly imported: LoadedModel;
  /** The ONNX of the peer in our engine: what lies between is not the import. */
  readonly onnx: LoadedModel;
  readonly peer: PeerModel;
  readonly threads: number;
}

async function measureBatch(
  { imported, onnx, peer, threads }: Models,
  { batch, runs }: { readonly batch: number; readonly runs: number },
): Promise<void> {
  const inputs: Inputs = new Map([["input", images(batch)]]);
  const run = async (model: LoadedModel) => (await model.run("serving_default", inputs, [])).get("predict");
  const difference = expectEqualOutputs(await run(imported), await peer.run(inputs));
  const models = [
    { name: "imported", run: () => run(imported) },
    { name: "onnxInEngine", run: () => run(onnx) },
    { name: "onnxruntime", run: () => peer.run(inputs) },
  ];
  const times = await timeInTurn(models, { rounds: ROUNDS, runs });
  printFigure({
    name: `Models: imported residual network, batch ${batch}`,
    ratio: times.speed("imported", "onnxruntime"),
    ratioOf:
      "speed of the imported SavedModel in the engine to that of the same network as ONNX in onnxruntime alone, median of the rounds",
    target: TARGET,
    ratioToOnnxInEngine: times.speed("imported", "onnxInEngine"),
    milliseconds: Object.fromEntries(Object.entries(times.all).map(([name, all]) => [name, spread(all)])),
    processorMilliseconds: times.processor,
    outputsDifferBy: difference,
    threads,
    rounds: ROUNDS,
    peerOfTensorflow: "TensorFlow is not measured here",
  });
}

function images(batch: number) {
  const data = Float32Array.from({ length: batch * IMAGE_SIZE * IMAGE_SIZE * 3 }, (_, index) => Math.sin(index));
  return { dtype: "float32", shape: [batch, IMAGE_SIZE, IMAGE_SIZE, 3], data } as const;
}
