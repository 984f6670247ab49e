// A decoding thread that never ends with a body.
import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => {
  for (;;) {
    // A JSON of which nobody has thought.
  }
});
