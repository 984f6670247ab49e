import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PRIVATE_FILE_MODE, writeOutputFile } from "../src/output-file.ts";
import { failCloseAfterWrite, sampleBytes, scratchDirectory } from "./scratch.ts";

test("a file whose closing fails too leaves no plaintext behind, and the first failure is told", async (t) => {
  const directory = await scratchDirectory(t);
  const output = join(directory, "plain");
  await writeFile(output, "older");
  await failCloseAfterWrite(t, directory);
  const diskFull = Object.assign(new Error("ENOSPC: no space left, write"), { code: "ENOSPC", syscall: "write" });
  const write = writeOutputFile(output, PRIVATE_FILE_MODE, async (file) => {
    await file.write(sampleBytes(5000), 0);
    throw diskFull;
  });
  await assert.rejects(write, { code: "output-failed", actual: "ENOSPC", cause: diskFull });
  assert.deepEqual(await readdir(directory), ["plain"]);
});

test("a file whose closing alone fails is not given its name", async (t) => {
  const directory = await scratchDirectory(t);
  const output = join(directory, "plain");
  await writeFile(output, "older");
  await failCloseAfterWrite(t, directory);
  const write = writeOutputFile(output, PRIVATE_FILE_MODE, (file) => file.write(sampleBytes(5000), 0));
  await assert.rejects(write, { code: "output-failed", actual: "EDQUOT" });
  assert.equal(await readFile(output, "utf8"), "older");
  assert.deepEqual(await readdir(directory), ["plain"]);
});
