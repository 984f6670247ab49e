/** Figures of small models: microseconds of single runs one after the other, beside what `onnxruntime` alone takes for the same. */
import { availableParallelism } from "node:os";
import { loadModel } from "@sealserve/models";
import { printFigure } from "../harness.ts";
import { expectEqualOutputs, type Inputs, openPeer } from "./peer.ts";
import { median, significant, timeInTurn } from "./turns.ts";

const TURNS = { rounds: 9, runs: 60, warmUps: 60 };

/** A SavedModel, and ONNX written by hand that gives the same. */
export interface SmallModel {
  readonly name: string;
  readonly about: string;
  readonly savedModel: ReadonlyMap<string, Uint8Array>;
  readonly inputs: Inputs;
  readonly peer: Uint8Array;
  /** What the peer's model does, and of what it is spared. */
  readonly peerAbout: string;
  readonly peerInputs: Inputs;
}

export async function measureSmallModel(small: SmallModel): Promise<void> {
  const threads = availableParallelism();
  const model = await loadModel(small.savedModel, { threads });
  const peer = await openPeer(small.peer, threads);
  const run = async () => (await model.run("serving_default", small.inputs, [])).get("predict");
  const difference = expectEqualOutputs(await run(), await peer.run(small.peerInputs));
  const jobs = [
    { name: "imported", run },
    { name: "onnxruntime", run: () => peer.run(small.peerInputs) },
  ];
  const times = await timeInTurn(jobs, TURNS);
  printFigure({
    name: `Models: ${small.name}`,
    ratio: times.speed("imported", "onnxruntime"),
    ratioOf: `speed to that of onnxruntime alone, ${small.peerAbout}`,
    about: small.about,
    microsecondsP50: Object.fromEntries(
      Object.entries(times.all).map(([name, all]) => [name, significant(median(all) * 1000)]),
    ),
    processorMilliseconds: times.processor,
    outputsDifferBy: difference,
    threads,
    peerOfTensorflow:
      "TensorFlow is not measured here: the target, its speed in process, is neither met nor missed by this",
  });
  await Promise.all([model.close(), peer.close()]);
}
