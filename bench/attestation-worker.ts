/** A worker thread of `attestation.ts`: verifies warm for a while and says how often. */
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { loadSubject, type SubjectName, warmVerification } from "./attestation-subjects.ts";

const { name, milliseconds }: { name: SubjectName; milliseconds: number } = workerData;
const verify = await warmVerification(await loadSubject(name));
await runFor(milliseconds / 4); // until the code is compiled

if (parentPort === null) {
  throw new Error("this is a worker thread of attestation.ts");
}
parentPort.postMessage("ready", []);
await once(parentPort, "message");
parentPort.postMessage(await runFor(milliseconds), []);

/** Verifications per second. */
async function runFor(duration: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < duration) {
    await verify();
    count++;
  }
  return (1000 * count) / (performance.now() - start);
}
