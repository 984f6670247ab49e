/** A server under load that tells what it spent, whenever the process that measures asks. */

/** What the process spent since it was asked last. */
export interface ServerReport {
  readonly cpuMs: number;
  readonly rssMiB: number;
  /** Longest time in which a timer of one millisecond did not run: the server was busy, or had no processor. */
  readonly longestGapMs: number;
  /** Most that the thread of the event loop computed from one run of that timer to the next: the part that is the server's own. */
  readonly longestBusyMs: number;
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
  let lastCpuMs = threadCpuMs();
  let longestBusyMs = 0;
  setInterval(() => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - lastLook);
    lastLook = now;
    const cpuMs = threadCpuMs();
    longestBusyMs = Math.max(longestBusyMs, cpuMs - lastCpuMs);
    lastCpuMs = cpuMs;
  }, LOOK_MS);
  process.on("message", () => {
    const spent = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const cpuMs = (spent.user + spent.system) / 1000;
    process.send?.({
      cpuMs,
      rssMiB: process.memoryUsage.rss() / MIB,
      longestGapMs,
      longestBusyMs,
    } satisfies ServerReport);
    longestGapMs = 0;
    longestBusyMs = 0;
  });
  process.on("disconnect", () => process.exit());
  process.send?.(ready);
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
