/**
 * Settings that a process reads only when it starts. A service that wants others than it was started with starts itself
 * again, in its own place: the same process, which a supervisor does not notice.
 */

/** Of the program that runs services: flags for V8, and variables of the environment. */
export interface ProcessSettings {
  /**
   * Mebibytes of one half of the young generation, where V8's own choice grows to 16. Services make much garbage and hold
   * little: objects die young, and more room for them costs memory and gains nothing.
   */
  readonly youngHalfMiB?: number;
  /**
   * Has the memory of what is unloaded go back to the system: glibc raises the size from which blocks are maps of their own with
   * every large block that is freed, up to 32 MiB, and keeps what is smaller. A served model of 102 MB then holds 560 MB in the
   * place of 380.
   */
  readonly returnsFreedMemory?: boolean;
}

const YOUNG_HALF_FLAG = "--max-semi-space-size";
const ALLOCATOR_SETTING = "MALLOC_MMAP_THRESHOLD_";
const ONE_MIB = `${1 << 20}`;

/** Starts this process again unless it has the settings, or was given others for the same. Linux only; elsewhere nothing happens. */
export function applyProcessSettings({ youngHalfMiB, returnsFreedMemory = false }: ProcessSettings): void {
  const givenFlags = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  const flags =
    youngHalfMiB === undefined || givenFlags.includes("semi-space") ? [] : [`${YOUNG_HALF_FLAG}=${youngHalfMiB}`];
  const variables =
    returnsFreedMemory && process.env[ALLOCATOR_SETTING] === undefined ? { [ALLOCATOR_SETTING]: ONE_MIB } : {};
  const isApplied = flags.length === 0 && Object.keys(variables).length === 0;
  if (!isApplied && process.platform === "linux" && process.execve !== undefined) {
    const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
    process.execve(process.execPath, args, { ...process.env, ...variables });
  }
}
