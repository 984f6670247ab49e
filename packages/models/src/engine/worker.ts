import { type MessagePort, parentPort } from "node:worker_threads";

import { freeLarge } from "@sealserve/core";
import { ServingError } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { type HostedModel, hostModel } from "./hosted-model.ts";
import type { EngineLoad, EngineReply, EngineRequest, EngineRun } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { buffersOf, type PackedTensor, packOwned, packTensors, unpackTensors } from "./packed-tensor.ts";
import { packParcel } from "./parcel.ts";
import { toPlainError } from "./plain-error.ts";
import { isAlike, loadOf, type RunLoad } from "./run-load.ts";
import { serveInOrder } from "./serve-in-order.ts";
import { importRuntime } from "./sessions.ts";

/** The engine's thread: `onnxruntime` runs models synchronously, so it must not share a thread with the servers. */
const port = parentPort;
let model: HostedModel | undefined;

/** Replies of short runs wait this long for each other, milliseconds, as long as there are more such runs to do. */
const REPLY_TOGETHER_MS = 1;

if (port !== null) {
  serveOver(port);
  // The model may still be on its way. Why the library cannot be loaded is told when a model is.
  importRuntime().catch(() => undefined);
}

function serveOver(own: MessagePort): void {
  const outbox = new Outbox<EngineReply>({
    send: (replies, buffers) => own.postMessage(packParcel(replies), buffers),
    refuse: ({ id }) => own.postMessage(packParcel([unsent(id)]), []),
  });
  let lastSent = 0;
  const send = (): void => {
    outbox.flush();
    lastSent = performance.now();
  };
  let last: RunLoad | undefined;
  const answerLater = async (request: EngineRequest): Promise<void> => {
    const next = loadOf(request);
    if (!outbox.empty && !isAlike(next, last)) {
      // It may take long, and nobody's reply waits for that.
      send();
    }
    last = next;
    const reply = await answer(request);
    outbox.add(reply, reply.kind === "done" ? buffersOf(reply.outputs) : []);
    if (performance.now() - lastSent > REPLY_TOGETHER_MS) {
      send();
    }
  };
  serveInOrder(own, answerLater, send, (id) => outbox.add(leftOut(id), []));
}

async function answer(request: EngineRequest): Promise<EngineReply> {
  const { id } = request;
  try {
    return await serve(request);
  } catch (error) {
    const known = error instanceof ModelError || error instanceof ServingError ? error : unforeseen(request, error);
    return { kind: "failed", id, error: toPlainError(known) };
  }
}

async function serve(request: EngineRequest): Promise<EngineReply> {
  const { id } = request;
  if (request.kind === "load") {
    return { kind: "loaded", id, model: (await load(request)).description };
  }
  if (request.kind === "run") {
    return { kind: "done", id, outputs: await run(request) };
  }
  await model?.release();
  setImmediate(() => port?.close());
  return { kind: "closed", id };
}

async function load(request: EngineLoad): Promise<HostedModel> {
  model = await hostModel(request);
  return model;
}

async function run({ signature, inputs, outputs }: EngineRun): Promise<Map<string, PackedTensor>> {
  const callable = model?.callables.get(signature);
  if (callable === undefined) {
    throw new ModelError("engine-failed", "the engine was asked for a signature that is not loaded");
  }
  const packed = packTensors(await callable.run(unpackTensors(inputs), outputs), packOwned);
  const given = new Set(buffersOf(packed));
  for (const buffer of buffersOf(inputs)) {
    // An output may be an input as it came.
    if (!given.has(buffer)) {
      freeLarge(buffer);
    }
  }
  return packed;
}

/** Answers a run that nobody waits for any more, so that it does not count as one that is under way. */
function leftOut(id: number): EngineReply {
  return { kind: "failed", id, error: toPlainError(new ModelError("closed", "nobody waits for the run any more")) };
}

/** Stands for a reply that cannot be moved from here. */
function unsent(id: number): EngineReply {
  const error = new ServingError("INTERNAL", "The engine's answer cannot be moved from its thread");
  return { kind: "failed", id, error: toPlainError(error) };
}

/** An error that nobody wrote for others to read. One of a run may quote the request, and is not passed on. */
function unforeseen({ kind }: EngineRequest, error: unknown): ModelError | ServingError {
  if (kind === "run") {
    return new ServingError("INTERNAL", "The engine failed to run the model");
  }
  const reason = error instanceof Error ? error.message : "unknown failure";
  return new ModelError("engine-failed", `the engine could not ${kind} the model: ${reason}`);
}
