/** The starter of `sealserve`: with which Node it runs the command. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const STARTER = fileURLToPath(new URL("../../packages/cli/bin/sealserve.cjs", import.meta.url));
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-starter-"));
});

after(() => rm(folder, { recursive: true, force: true }));

/** What is printed under a Node that takes itself for another version, and tells of another process instead of starting it. */
async function versionPrintedUnder(version: string): Promise<string> {
  const disguise = join(folder, `${version}.cjs`);
  await writeFile(
    disguise,
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });
     require("node:child_process").spawn = (node) => {
       console.log("starts", node);
       process.exit();
     };`,
  );
  return execFileSync(process.execPath, ["--require", disguise, STARTER, "--version"], { encoding: "utf8" });
}

for (const version of ["20.20.0", "22.22.0", "24.4.1", "24.6.9"]) {
  test(`Node ${version} starts the one that the workspace brings`, async () => {
    assert.match(await versionPrintedUnder(version), /^starts .*node-linux-.*\/bin\/node\n$/);
  });
}

for (const version of ["24.7.0", "24.21.0", "25.0.0"]) {
  test(`Node ${version} runs the command itself`, async () => {
    assert.match(await versionPrintedUnder(version), /^\d+\.\d+\.\d+\n$/);
  });
}
