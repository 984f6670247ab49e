import { parentPort, type Transferable } from "node:worker_threads";
import { buffersOf, packOwned, packTensors } from "@sealserve/models";
import {
  NumberStorage,
  PredictDocument,
  type PredictSignature,
  parseExamplesBody,
  parseInferBody,
  servingErrorOf,
} from "@sealserve/protocol";
import type { DecodeMessage, DecodeReply } from "./messages.ts";

/** The numbers of one body after the other. */
const storage = new NumberStorage();
/** Memory of the body that is being decoded. */
let memory: ArrayBufferLike = new ArrayBuffer();
/** The predict body that waits for its signature. */
let document: PredictDocument | undefined;

parentPort?.on("message", (message: DecodeMessage) => {
  if (message.kind !== "signature") {
    memory = message.body.buffer;
  }
  try {
    handle(message);
  } catch (error) {
    document = undefined;
    const { code, message: text } = servingErrorOf(error);
    reply({ kind: "refused", code, message: text });
  }
  if (document === undefined) {
    giveBack();
  }
});

function handle(message: DecodeMessage): void {
  switch (message.kind) {
    case "predict":
      document = new PredictDocument(message.body, message.limits, storage);
      reply({ kind: "signature", signatureName: document.signatureName });
      break;
    case "examples": {
      const body = parseExamplesBody(message.body, message.limits, storage);
      reply({ kind: "examples", body });
      break;
    }
    case "infer": {
      const request = parseInferBody(message.body, message.jsonLength, message.limits, storage);
      const inputs = packTensors(request.inputs, packOwned);
      reply({ kind: "infer", body: { ...request, inputs } }, buffersOf(inputs));
      break;
    }
    case "signature":
    default:
      finish(message.signature);
  }
}

/**
 * Behind the last word on a body, since strings of a binary tail are views into it: a message holds copies of what it does not move,
 * and nothing moves the body's memory before this.
 */
function giveBack(): void {
  storage.release();
  if (memory instanceof ArrayBuffer && !memory.detached) {
    reply({ kind: "spent", buffer: memory }, [memory]);
  }
}

function finish(signature: PredictSignature | undefined): void {
  const waiting = document;
  document = undefined;
  if (waiting === undefined || signature === undefined) {
    reply({ kind: "dropped" });
    return;
  }
  const body = waiting.against(signature);
  const inputs = packTensors(body.inputs, packOwned);
  reply({ kind: "predict", body: { ...body, inputs } }, buffersOf(inputs));
}

function reply(answer: DecodeReply, buffers: readonly Transferable[] = []): void {
  parentPort?.postMessage(answer, buffers);
}
