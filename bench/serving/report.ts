/** A server under load that tells what it spent, whenever the process that measures asks. */

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

/** Says that the server is ready, then answers each message with what was spent since; ends with the parent process. */
export function reportWhenAsked(ready: ServerReady): void {
  let cpu = process.cpuUsage();
  let lastLook = performance.now();
  let longestGapMs = 0;
  setInterval(() => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - lastLook);
    lastLook = now;
  }, LOOK_MS);
  process.on("message", () => {
    const spent = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const cpuMs = (spent.user + spent.system) / 1000;
    process.send?.({ cpuMs, rssMiB: process.memoryUsage.rss() / MIB, longestGapMs } satisfies ServerReport);
    longestGapMs = 0;
  });
  process.on("disconnect", () => process.exit());
  process.send?.(ready);
}
