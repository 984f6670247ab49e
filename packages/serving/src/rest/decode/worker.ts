import { parentPort, type Transferable } from "node:worker_threads";
import { buffersOf, packOwned, packTensors } from "@sealserve/models";
import {
  PredictDocument,
  type PredictSignature,
  parseExamplesBody,
  parseInferBody,
  servingErrorOf,
} from "@sealserve/protocol";
import type { DecodeMessage, DecodeReply } from "./messages.ts";

/** The predict body that waits for its signature. */
let document: PredictDocument | undefined;

parentPort?.on("message", (message: DecodeMessage) => {
  try {
    handle(message);
  } catch (error) {
    document = undefined;
    const { code, message: text } = servingErrorOf(error);
    reply({ kind: "refused", code, message: text });
  }
});

function handle(message: DecodeMessage): void {
  switch (message.kind) {
    case "predict":
      document = new PredictDocument(message.body, message.limits);
      reply({ kind: "signature", signatureName: document.signatureName });
      break;
    case "examples": {
      const body = parseExamplesBody(message.body, message.limits);
      reply({ kind: "examples", body });
      break;
    }
    case "infer": {
      const request = parseInferBody(message.body, message.jsonLength, message.limits);
      const inputs = packTensors(request.inputs, packOwned);
      reply({ kind: "infer", body: { ...request, inputs } }, buffersOf(inputs));
      break;
    }
    case "signature":
    default:
      finish(message.signature);
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
