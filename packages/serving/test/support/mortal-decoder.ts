// The program of the decoding thread, which also ends itself when a body begins with an exclamation mark.
import { parentPort } from "node:worker_threads";
import type { DecodeMessage } from "../../src/rest/decode/messages.ts";

parentPort?.on("message", (message: DecodeMessage) => {
  if (message.kind !== "signature" && message.body[0] === "!".charCodeAt(0)) {
    process.exit(1);
  }
});
await import("../../src/rest/decode/worker.ts");
