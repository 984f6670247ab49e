import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// There is no other way to get at it from inside a process that was started without the flag.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Frees what nobody holds, so that what is held afterwards can be compared. */
export function collectGarbage(): void {
  collect();
  // Buffers are freed beside the program; the next collection waits for that.
  collect();
}

/** Bytes of the heap and of buffers outside of it, garbage that was not collected yet included. */
export function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Milliseconds that `job` took on the processor: on a machine that does other work as well, less than the clock says. */
export function processorMs(job: () => void): number {
  const start = process.threadCpuUsage();
  job();
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}
