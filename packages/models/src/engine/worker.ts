import { parentPort } from "node:worker_threads";

import type { EngineReply, EngineRequest, EngineTensor } from "./messages.ts";
import { loadSessions, type Sessions } from "./sessions.ts";

/** The engine's thread: `onnxruntime` runs models synchronously, so it must not share a thread with the servers. */
const port = parentPort;
let sessions: Sessions | undefined;
/** Requests are answered one after the other: nothing may be released while it runs. */
let lastAnswer: Promise<void> = Promise.resolve();

port?.on("message", (request: EngineRequest) => {
  lastAnswer = lastAnswer.then(async () => {
    const reply = await answer(request);
    port.postMessage(reply, buffersOf(reply));
  });
});

async function answer(request: EngineRequest): Promise<EngineReply> {
  try {
    return await serve(request);
  } catch (error) {
    return { kind: "failed", id: request.id, message: error instanceof Error ? error.message : "unknown failure" };
  }
}

async function serve(request: EngineRequest): Promise<EngineReply> {
  const { id } = request;
  if (request.kind === "load") {
    sessions = await loadSessions(request);
    return { kind: "loaded", id, refusals: sessions.refusals };
  }
  if (request.kind === "close") {
    await sessions?.release();
    setImmediate(() => port?.close());
    return { kind: "closed", id };
  }
  if (sessions === undefined) {
    throw new Error("no model is loaded");
  }
  return { kind: "done", id, outputs: await sessions.run(request.model, request.feeds, request.fetches) };
}

/** Buffers to move, not copy, with a reply. Two outputs may be one array. */
function buffersOf(reply: EngineReply): ArrayBuffer[] {
  const outputs: readonly EngineTensor[] = reply.kind === "done" ? [...reply.outputs.values()] : [];
  return [...new Set(outputs.flatMap(({ data }) => ("buffer" in data ? [data.buffer] : [])))];
}
