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

/** What is scanned to learn how fast the processor is just now: four million letters. */
const SCANNED = "0123456789abcdef".repeat(256 * 1024);

/** Milliseconds on the processor for a text read letter by letter, at best of three: the unit of {@link timeLimitMs}. */
function yardstickMs(): number {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3; turn++) {
    best = Math.min(
      best,
      processorMs(() => scan(SCANNED)),
    );
  }
  return best;
}

function scan(text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index++) {
    sum = (sum * 31 + text.charCodeAt(index)) | 0;
  }
  return sum;
}

/**
 * No input may take longer, in milliseconds on the processor: what reading four million letters takes eight times, and 50 at
 * least. Where other programs share the core and its caches, an input and the letters become slower together; what takes
 * more than linear time is beyond the limit by orders of magnitude.
 */
export function timeLimitMs(): number {
  return Math.max(50, 8 * yardstickMs());
}
