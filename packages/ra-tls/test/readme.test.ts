import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const README = new URL("../README.md", import.meta.url);
/** Below the checkout, so that packages are found; not under version control. */
const BUILD = resolve(import.meta.dirname, "../../../build");

describe("the README of this package", () => {
  it("has examples that run, one after another, and print what they say", async () => {
    const text = await readFile(README, "utf8");
    const program = [...text.matchAll(/^```ts run\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("\n");
    const promised = [...program.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, line]) => line);
    const file = resolve(BUILD, `ra-tls-readme-${process.pid}.ts`);
    await mkdir(BUILD, { recursive: true });
    await writeFile(file, program);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
      assert.equal(promised.length, 3);
      assert.deepEqual(stdout.trim().split("\n"), promised);
    } finally {
      await rm(file);
    }
  });
});
