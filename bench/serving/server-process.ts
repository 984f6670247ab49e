/** The server under load, in a process of its own, as `sealserve serve` starts it; it tells about itself when asked. */
import { startNode } from "../../packages/serving/src/node/start.ts";
import { optionsOfFlags } from "../../packages/serving/src/options/options-of-flags.ts";
import { parseFlags } from "../../packages/serving/src/options/parse-flags.ts";

/** What the process spent since it was asked last. */
export interface ServerReport {
  readonly cpuMs: number;
  readonly rssMiB: number;
  /** Longest time in which a timer of one millisecond did not run. */
  readonly longestGapMs: number;
}

/** Where it listens. */
export interface ServerReady {
  readonly grpcPort: number;
  readonly restPort: number;
}

const LOOK_MS = 1;
const MIB = 2 ** 20;

let cpu = process.cpuUsage();
let lastLook = performance.now();
let longestGapMs = 0;

setInterval(() => {
  const now = performance.now();
  longestGapMs = Math.max(longestGapMs, now - lastLook);
  lastLook = now;
}, LOOK_MS);

const node = await startNode(await optionsOfFlags(parseFlags(process.argv.slice(2))));
process.send?.({ grpcPort: portOf(node.grpcAddress), restPort: portOf(node.restAddress) } satisfies ServerReady);

process.on("message", () => {
  const spent = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  const cpuMs = (spent.user + spent.system) / 1000;
  process.send?.({ cpuMs, rssMiB: process.memoryUsage.rss() / MIB, longestGapMs } satisfies ServerReport);
  longestGapMs = 0;
});
process.on("disconnect", () => process.exit());

function portOf(address: string | undefined): number {
  return Number(address?.split(":").at(-1));
}
