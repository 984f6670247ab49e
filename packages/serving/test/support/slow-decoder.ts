// The program of the decoding thread, which never ends with a body that begins with an exclamation mark.
import { parentPort } from "node:worker_threads";
import type { DecodeMessage } from "../../src/rest/decode/messages.ts";

parentPort?.on("message", (message: DecodeMessage) => {
  while (message.kind !== "signature" && message.body[0] === "!".charCodeAt(0)) {
    // A JSON of which nobody has thought.
  }
});
await import("../../src/rest/decode/worker.ts");
