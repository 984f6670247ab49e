import { utimesSync, writeFileSync } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A directory of the test's own, gone when the test ends. */
export async function scratchDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-files-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Lets the flush of `directory` fail from now on, as a broken disk would. */
export async function failDirectoryFlush(t: TestContext, directory: string): Promise<void> {
  await onDirectoryFlush(t, directory, () => {
    throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" });
  });
}

/** Calls `act` at each flush of `directory`, which comes right after an output in it got its name. */
export async function onDirectoryFlush(t: TestContext, directory: string, act: () => void): Promise<void> {
  await using handle = await open(directory);
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  const { ino } = await handle.stat();
  // oxlint-disable-next-line typescript/unbound-method -- called with its own handle below
  const { sync } = prototype;
  t.mock.method(prototype, "sync", async function (this: FileHandle): Promise<void> {
    if ((await this.stat()).ino === ino) {
      act();
    }
    await sync.call(this);
  });
}

/** Lets one early flush of a file fail from now on, as a broken disk would: the system tells it once. */
export async function failOneEarlyFlush(t: TestContext, directory: string): Promise<void> {
  await using handle = await open(directory);
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  t.mock.method(
    prototype,
    "datasync",
    async () => {
      throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO", syscall: "fdatasync" });
    },
    { times: 1 },
  );
}

/** Bytes without a pattern in them, the same on each run. */
export function sampleBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** A copy of `bytes` with one bit changed. */
export function flipped(bytes: Uint8Array, offset: number, mask = 1): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ mask;
  return copy;
}

/** Lets hostile storage put `bytes` in the place of a file's own as soon as it was read from once, and hide the time of it. */
export async function swapAfterFirstRead(t: TestContext, path: string, bytes: Uint8Array): Promise<void> {
  await using handle = await open(path);
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  const { ino } = await handle.stat();
  // oxlint-disable-next-line typescript/unbound-method -- called with its own handle below
  const read = prototype.read as (this: FileHandle, ...position: unknown[]) => Promise<unknown>;
  let swapped = false;
  utimesSync(path, 1, 1);
  t.mock.method(prototype, "read", async function (this: FileHandle, ...position: unknown[]): Promise<unknown> {
    const result = await read.apply(this, position);
    if (!swapped && (await this.stat()).ino === ino) {
      swapped = true;
      writeFileSync(path, bytes);
      utimesSync(path, 1, 1);
    }
    return result;
  });
}

/** Lets the closing of every file that is written to fail, as over a quota; the descriptor goes all the same. */
export async function failCloseAfterWrite(t: TestContext, directory: string): Promise<void> {
  await using handle = await open(directory);
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  // oxlint-disable-next-line typescript/unbound-method -- called with its own handle below
  const write = prototype.write as (this: FileHandle, ...position: unknown[]) => Promise<unknown>;
  t.mock.method(prototype, "write", async function (this: FileHandle, ...position: unknown[]): Promise<unknown> {
    const close = this.close.bind(this);
    this.close = async () => {
      await close();
      throw Object.assign(new Error("EDQUOT: quota exceeded, close"), { code: "EDQUOT", syscall: "close" });
    };
    return write.apply(this, position);
  });
}
