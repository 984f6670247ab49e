import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, truncateSync } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes, encryptBytes } from "../src/bytes.ts";
import { decryptFile, encryptFile, type Progress } from "../src/files.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { failDirectoryFlush, failOneEarlyFlush, flipped, sampleBytes, scratchDirectory } from "./scratch.ts";

const wrapKey = generateWrapKey();
const moduleUrl = new URL("../src/files.ts", import.meta.url);

/** A directory with `plain` of some size in it. */
async function directoryWithPlain(t: TestContext, size: number) {
  const directory = await scratchDirectory(t);
  const plain = sampleBytes(size);
  const [input, output] = [join(directory, "plain"), join(directory, "model.pf")];
  await writeFile(input, plain);
  return { directory, plain, input, output };
}

for (const version of [1, 2] as const) {
  for (const size of [0, 1, 3072, 3073, 4096, 396288, 396289, 1_000_000]) {
    test(`version ${version}: a file of ${size} bytes comes back`, async (t) => {
      const { directory, plain, input, output } = await directoryWithPlain(t, size);
      await encryptFile({ input, output, wrapKey, embeddedPath: "a/b", version });
      assert.deepEqual(decryptBytes(await readFile(output), { wrapKey }), { content: plain, path: "a/b", version });
      await decryptFile({ input: output, output: join(directory, "again"), wrapKey, verifyPath: "a/b" });
      assert.equal(Buffer.compare(await readFile(join(directory, "again")), plain), 0);
      assert.deepEqual((await readdir(directory)).toSorted(), ["again", "model.pf", "plain"]);
    });
  }
}

test("a file with a third level of tree nodes comes back", async (t) => {
  const { directory, plain, input, output } = await directoryWithPlain(t, 12979201 + 400_000);
  await encryptFile({ input, output, wrapKey });
  assert.equal(Buffer.compare(decryptBytes(await readFile(output), { wrapKey }).content, plain), 0);
  await decryptFile({ input: output, output: join(directory, "again"), wrapKey });
  assert.equal(Buffer.compare(await readFile(join(directory, "again")), plain), 0);
});

test("the normalised output path is embedded, and checked against the input path when asked to", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 10);
  await encryptFile({ input, output: `${directory}/.//model.pf`, wrapKey });
  assert.equal(decryptBytes(await readFile(output), { wrapKey }).path, output);
  const again = join(directory, "again");
  await decryptFile({ input: output, output: again, wrapKey, verifyPath: true });
  await writeFile(join(directory, "moved.pf"), await readFile(output));
  await decryptFile({ input: join(directory, "moved.pf"), output: again, wrapKey, verifyPath: false });
  const moved = { input: join(directory, "moved.pf"), output: join(directory, "never"), wrapKey, verifyPath: true };
  await assert.rejects(decryptFile(moved), { code: "invalid-path", expected: /moved\.pf/, actual: /model\.pf/ });
});

test("plaintext is for its owner's eyes only, even where a public file stood", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 10);
  await encryptFile({ input, output, wrapKey });
  const again = join(directory, "again");
  await writeFile(again, "older");
  await chmod(again, 0o644);
  await decryptFile({ input: output, output: again, wrapKey });
  assert.equal((await stat(again)).mode & 0o777, 0o600);
});

test("progress rises to the total in both directions", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 1_000_000);
  for (const run of [
    (onProgress: (progress: Progress) => void) => encryptFile({ input, output, wrapKey, onProgress }),
    (onProgress: (progress: Progress) => void) =>
      decryptFile({ input: output, output: join(directory, "again"), wrapKey, onProgress }),
  ]) {
    const seen: Progress[] = [];
    await run((progress) => seen.push(progress));
    assert.ok(seen.length > 2);
    assert.ok(seen.every(({ total }) => total === 1_000_000));
    assert.deepEqual(
      seen.map(({ done }) => done),
      seen.map(({ done }) => done).toSorted((a, b) => a - b),
    );
    assert.equal(seen.at(-1)?.done, 1_000_000);
  }
});

test("a file that is damaged late leaves nothing behind, and an older output as it was", async (t) => {
  const directory = await scratchDirectory(t);
  const encrypted = encryptBytes(sampleBytes(1_000_000), { wrapKey, embeddedPath: "a" });
  const [input, output] = [join(directory, "damaged.pf"), join(directory, "output")];
  await writeFile(input, flipped(encrypted, encrypted.length - 1));
  await assert.rejects(decryptFile({ input, output, wrapKey }), { code: "corrupted", message: /damaged\.pf/ });
  assert.deepEqual(await readdir(directory), ["damaged.pf"]);
  await writeFile(output, "older");
  await assert.rejects(decryptFile({ input, output, wrapKey }), { code: "corrupted" });
  assert.equal(await readFile(output, "utf8"), "older");
  assert.deepEqual((await readdir(directory)).toSorted(), ["damaged.pf", "output"]);
});

test("a callback that throws and a signal that aborts leave nothing behind", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 2_000_000);
  const stop = new Error("stopped by the caller");
  const onProgress = ({ done }: Progress) => {
    if (done > 500_000) {
      throw stop;
    }
  };
  await assert.rejects(encryptFile({ input, output, wrapKey, onProgress }), stop);
  const controller = new AbortController();
  const abortLater = ({ done }: Progress) => done > 500_000 && controller.abort(stop);
  const aborted = { input, output, wrapKey, signal: controller.signal, onProgress: abortLater };
  await assert.rejects(encryptFile(aborted), stop);
  await assert.rejects(encryptFile({ ...aborted, onProgress: undefined }), stop, "aborted before it began");
  assert.deepEqual(await readdir(directory), ["plain"]);

  await encryptFile({ input, output, wrapKey });
  const again = join(directory, "again");
  await assert.rejects(decryptFile({ input: output, output: again, wrapKey, onProgress }), stop);
  await assert.rejects(decryptFile({ input: output, output: again, wrapKey, signal: controller.signal }), stop);
  assert.deepEqual((await readdir(directory)).toSorted(), ["model.pf", "plain"]);
});

test("a process that is killed while it writes leaves no file under the output's name", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 2_000_000);
  const options = `{ input: ${JSON.stringify(input)}, output: ${JSON.stringify(output)}, wrapKey: new Uint8Array(16),
    onProgress: ({ done }) => done > 1_000_000 && process.kill(process.pid, "SIGKILL") }`;
  const script = `const { encryptFile } = await import(${JSON.stringify(moduleUrl.href)}); await encryptFile(${options});`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(child.signal, "SIGKILL");
  assert.equal((await readdir(directory)).includes("model.pf"), false);
});

for (const threads of [0, 2]) {
  test(`a large file takes little memory in both directions, with ${threads} threads`, async (t) => {
    const directory = await scratchDirectory(t);
    const input = join(directory, "plain");
    await using file = await open(input, "w");
    await file.truncate(300 * 1024 * 1024);
    const script = `
    const { encryptFile, decryptFile } = await import(${JSON.stringify(moduleUrl.href)});
    const wrapKey = new Uint8Array(16);
    const before = process.resourceUsage().maxRSS;
    await encryptFile({ input: "plain", output: "model.pf", wrapKey, threads: ${threads} });
    await decryptFile({ input: "model.pf", output: "again", wrapKey, verifyPath: true, threads: ${threads} });
    console.log((process.resourceUsage().maxRSS - before) * 1024);`;
    const child = spawnSync(process.execPath, ["--max-old-space-size=32", "--input-type=module", "-e", script], {
      cwd: directory,
      encoding: "utf8",
    });
    assert.equal(child.status, 0, child.stderr);
    assert.equal((await stat(join(directory, "again"))).size, 300 * 1024 * 1024);
    assert.ok(Number(child.stdout) < (64 + threads * 32) * 1024 * 1024, `took ${child.stdout} bytes more`);
  });
}

test("an output that outgrows what may be written leaves nothing behind, and an older one as it was", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 3_000_000);
  await writeFile(output, "older");
  for (const threads of [0, 2]) {
    const options = `{ input: ${JSON.stringify(input)}, output: ${JSON.stringify(output)}, wrapKey: new Uint8Array(16), threads: ${threads} }`;
    const script = `const { encryptFile } = await import(${JSON.stringify(moduleUrl.href)});
      await encryptFile(${options}).catch((error) => console.log(error.code, error.actual));`;
    // 1024 blocks of 1 KiB: the kernel fails the write as it would on a full disk.
    const limited = `ulimit -f 1024; exec "$0" --input-type=module -e "$1"`;
    const child = spawnSync("bash", ["-c", limited, process.execPath, script], { encoding: "utf8" });
    assert.equal(child.stdout.trim(), "output-failed EFBIG", child.stderr);
    assert.deepEqual((await readdir(directory)).toSorted(), ["model.pf", "plain"]);
    assert.equal(await readFile(output, "utf8"), "older");
  }
});

test("an input that grows or shrinks while it is read is refused, and leaves nothing behind", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 1_000_000);
  let grown = false;
  const grow = () => {
    if (!grown) {
      grown = true;
      appendFileSync(input, "more");
    }
  };
  await assert.rejects(encryptFile({ input, output, wrapKey, onProgress: grow }), { code: "input-changed" });
  const shrink = encryptFile({
    input,
    output,
    wrapKey,
    onProgress: ({ done }) => done === 3072 && truncateSync(input, 5000),
  });
  await assert.rejects(shrink, { code: "input-changed" });
  assert.deepEqual(await readdir(directory), ["plain"]);
});

test("an output that cannot be written is named, and leaves nothing behind", async (t) => {
  const { directory, input } = await directoryWithPlain(t, 5000);
  const elsewhere = join(directory, "none", "model.pf");
  await assert.rejects(encryptFile({ input, output: elsewhere, wrapKey }), {
    code: "output-failed",
    message: /none.model\.pf/,
    remedy: /directory exists/,
  });
  await assert.rejects(encryptFile({ input, output: join(input, "model.pf"), wrapKey }), { code: "output-failed" });
  assert.deepEqual(await readdir(directory), ["plain"]);
});

test("an output that is no regular file, nor a link to one, is refused and stays what it was", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 10);
  await encryptFile({ input, output, wrapKey });
  const [pipe, folder] = [join(directory, "pipe"), join(directory, "folder")];
  spawnSync("mkfifo", [pipe]);
  await mkdir(folder);
  await symlink(pipe, join(directory, "link"));
  await symlink("nowhere", join(directory, "dangling"));
  const before = await readdir(directory);
  for (const name of ["pipe", "folder", "link", "dangling"]) {
    const refusal = { code: "output-exists", message: new RegExp(`${name}" exists`), remedy: /regular file/ };
    await assert.rejects(encryptFile({ input, output: join(directory, name), wrapKey }), refusal);
    await assert.rejects(decryptFile({ input: output, output: join(directory, name), wrapKey }), refusal);
  }
  assert.ok((await lstat(pipe)).isFIFO());
  assert.ok((await lstat(join(directory, "link"))).isSymbolicLink());
  assert.deepEqual(await readdir(directory), before);
});

test("an output whose directory cannot be flushed is told to stand", async (t) => {
  const { input, output, directory } = await directoryWithPlain(t, 10);
  await failDirectoryFlush(t, directory);
  await assert.rejects(encryptFile({ input, output, wrapKey }), {
    code: "output-unflushed",
    message: /model\.pf" is written/,
    actual: "EIO",
  });
  assert.equal(decryptBytes(await readFile(output), { wrapKey }).content.length, 10);
  assert.deepEqual((await readdir(directory)).toSorted(), ["model.pf", "plain"]);
});

test("a disk that fails once, early in a large file, fails the whole and leaves nothing behind", async (t) => {
  const directory = await scratchDirectory(t);
  const input = join(directory, "plain");
  await writeFile(input, "");
  truncateSync(input, 100 * 1024 * 1024);
  await failOneEarlyFlush(t, directory);
  await assert.rejects(encryptFile({ input, output: join(directory, "model.pf"), wrapKey }), {
    code: "output-failed",
    actual: "EIO",
  });
  assert.deepEqual(await readdir(directory), ["plain"]);
});

test("an input that is a link is followed unless that is forbidden", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 10);
  const link = join(directory, "link");
  await symlink(input, link);
  await assert.rejects(encryptFile({ input: link, output, wrapKey, followLinks: false }), { code: "symlink" });
  await encryptFile({ input: link, output, wrapKey });
});

test("an input that is missing or no regular file is named", async (t) => {
  const directory = await scratchDirectory(t);
  const output = join(directory, "output");
  spawnSync("mkfifo", [join(directory, "pipe")]);
  for (const run of [encryptFile, decryptFile]) {
    await assert.rejects(run({ input: join(directory, "none"), output, wrapKey }), {
      code: "input-missing",
      message: /none" does not exist/,
    });
    await assert.rejects(run({ input: directory, output, wrapKey }), { code: "not-a-regular-file" });
    await assert.rejects(run({ input: join(directory, "pipe"), output, wrapKey }), { code: "not-a-regular-file" });
  }
  assert.deepEqual(await readdir(directory), ["pipe"]);
});

test("an output name that is a link is replaced, not followed", async (t) => {
  const { directory, input, output } = await directoryWithPlain(t, 10);
  const target = join(directory, "target");
  await writeFile(target, "precious");
  await symlink(target, output);
  await encryptFile({ input, output, wrapKey });
  assert.equal(await readFile(target, "utf8"), "precious");
});

test("a wrap key of the wrong size or an impossible path is refused before anything is read", async (t) => {
  const directory = await scratchDirectory(t);
  const options = { input: join(directory, "none"), output: join(directory, "output") };
  await assert.rejects(encryptFile({ ...options, wrapKey: new Uint8Array(15) }), { code: "wrap-key-size" });
  await assert.rejects(encryptFile({ ...options, wrapKey, embeddedPath: "n".repeat(800) }), { code: "path-too-long" });
});
