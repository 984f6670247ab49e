import { readdirSync } from "node:fs";

/** Where Linux lists the caches of the first processor. */
const CACHES = "/sys/devices/system/cpu/cpu0/cache";
const SWITCH = "TF_ENABLE_ONEDNN_OPTS";

/**
 * Has TensorFlow do without oneDNN, by its own switch, where the processor does not tell its caches, as in some virtual machines: oneDNN
 * divides by their sizes, and the process ends with SIGFPE at the first convolution (seen with 2.21). To be called before the library is
 * loaded. What the environment says already stays.
 */
export function avoidOneDnnWithoutCaches(directory = CACHES): void {
  if (!hasCaches(directory)) {
    process.env[SWITCH] ??= "0";
  }
}

function hasCaches(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => name.startsWith("index"));
  } catch {
    return false;
  }
}
