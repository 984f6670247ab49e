/** Setting of glibc's allocator: blocks from this size on are maps of their own, which go back to the system when they are freed. */
const SETTING = "MALLOC_MMAP_THRESHOLD_";
const ONE_MIB = `${1 << 20}`;

/**
 * Lets the memory of unloaded models go back to the system. By default glibc raises the size with every large block that is
 * freed, up to 32 MiB, and keeps what is smaller: a served model of 102 MB then holds 560 MB in the place of 380. The
 * allocator reads its setting only when a process starts, so this one starts itself again, in its own place, unless the
 * setting is there.
 */
export function returnFreedMemory(): void {
  if (process.platform === "linux" && process.env[SETTING] === undefined && process.execve !== undefined) {
    const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    process.execve(process.execPath, args, { ...process.env, [SETTING]: ONE_MIB });
  }
}
