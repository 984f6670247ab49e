import assert from "node:assert/strict";
import { mkdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes } from "../src/bytes.ts";
import { decryptDirectory, encryptDirectory } from "../src/directories.ts";
import type { Progress } from "../src/files.ts";
import { generateWrapKey } from "../src/wrap-key.ts";
import { scratchDirectory } from "./scratch.ts";

const wrapKey = generateWrapKey();

async function directoryWithModel(t: TestContext) {
  const root = await scratchDirectory(t);
  const input = join(root, "plain");
  await mkdir(join(input, "1", "variables"), { recursive: true });
  await mkdir(join(input, "empty"));
  await writeFile(join(input, "1", "saved_model.pb"), "graph");
  await writeFile(join(input, "1", "variables", "variables.index"), "index");
  await symlink("saved_model.pb", join(input, "1", "link"));
  return { root, input, output: join(root, "sealed") };
}

const FILES = ["1/saved_model.pb", "1/variables/variables.index"];

test("a directory is mirrored file by file, and comes back", async (t) => {
  const { root, input, output } = await directoryWithModel(t);
  const seen: string[] = [];
  const report = await encryptDirectory({ input, output, wrapKey, onFile: (file) => seen.push(file) });
  assert.deepEqual(report, { files: FILES, skipped: ["1/link"] });
  assert.deepEqual(seen, FILES);
  const sealed = await readFile(join(output, "1", "saved_model.pb"));
  assert.equal(decryptBytes(sealed, { wrapKey }).path, join(output, "1", "saved_model.pb"));

  const again = join(root, "again");
  await decryptDirectory({ input: output, output: again, wrapKey, verifyPath: true });
  assert.equal(await readFile(join(again, "1", "variables", "variables.index"), "utf8"), "index");
  assert.ok((await stat(join(again, "empty"))).isDirectory());
  assert.equal((await stat(join(again, "1"))).mode & 0o777, 0o700);
});

test("paths below a chosen root are embedded, and checked", async (t) => {
  const { root, input, output } = await directoryWithModel(t);
  await encryptDirectory({ input, output, wrapKey, embeddedPath: "models/./demo/" });
  const sealed = await readFile(join(output, "1", "saved_model.pb"));
  assert.equal(decryptBytes(sealed, { wrapKey }).path, "models/demo/1/saved_model.pb");
  await decryptDirectory({ input: output, output: join(root, "again"), wrapKey, verifyPath: "models/demo" });
  await rename(join(output, "1"), join(output, "2"));
  const moved = { input: output, output: join(root, "other"), wrapKey, verifyPath: "models/demo" };
  await assert.rejects(decryptDirectory(moved), { code: "invalid-path" });
});

test("progress rises to the size of all files, in both directions", async (t) => {
  const { root, input, output } = await directoryWithModel(t);
  await writeFile(join(input, "1", "weights"), new Uint8Array(900_000));
  const directions = [
    { run: encryptDirectory, total: 900_010, from: input, to: output },
    { run: decryptDirectory, total: (1 + 1 + 223) * 4096, from: output, to: join(root, "again") },
  ];
  for (const { run, total, from, to } of directions) {
    const seen: Progress[] = [];
    await run({ input: from, output: to, wrapKey, onProgress: (progress) => seen.push(progress) });
    const done = seen.map((progress) => progress.done);
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    assert.deepEqual(seen.at(-1), { done: total, total });
    assert.ok(seen.every((progress) => progress.total === total));
  }
});

test("a directory can be encrypted into one below itself, once", async (t) => {
  const { input } = await directoryWithModel(t);
  const report = await encryptDirectory({ input, output: join(input, "sealed"), wrapKey });
  assert.deepEqual(report.files, FILES);
});

test("a plaintext file among encrypted ones is refused", async (t) => {
  const { root, input, output } = await directoryWithModel(t);
  await encryptDirectory({ input, output, wrapKey });
  await writeFile(join(output, "1", "notes.txt"), "left over");
  const mixed = { input: output, output: join(root, "again"), wrapKey };
  await assert.rejects(decryptDirectory(mixed), { code: "invalid-header", message: /notes\.txt/ });
});

test("a missing directory is named", async (t) => {
  const root = await scratchDirectory(t);
  const options = { input: join(root, "none"), output: join(root, "out"), wrapKey };
  await assert.rejects(encryptDirectory(options), { code: "input-missing", message: /none/ });
});
