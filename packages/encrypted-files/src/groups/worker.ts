import { parentPort } from "node:worker_threads";
import type { GroupJob, GroupReply } from "./cipher-threads.ts";
import { groupBuffers } from "./group-buffers.ts";
import { openGroup, sealGroup } from "./group-cipher.ts";

function run({ kind, memory, length }: GroupJob): GroupReply {
  const buffers = groupBuffers(memory, length);
  if (kind === "open") {
    return { damaged: openGroup(buffers) };
  }
  sealGroup(buffers);
  return {};
}

parentPort?.on("message", (job: GroupJob) => parentPort?.postMessage(run(job), []));
parentPort?.postMessage({} satisfies GroupReply, []);
