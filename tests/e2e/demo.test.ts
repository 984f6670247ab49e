import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sealserve, startSealserve } from "./command.ts";
import { processesNaming } from "./processes.ts";

interface DemoDocument {
  readonly ok: boolean;
  readonly steps: readonly { name: string; ok: boolean; ms: number; detail: string }[];
  readonly prediction: Record<string, { inputs: Record<string, unknown>; outputs: Record<string, unknown> }>;
  readonly refusals: readonly { name: string; code: string; message: string }[];
}

async function demoFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("sealserve-demo-"));
}

test("the demo serves both example models, shows three refusals by name and leaves nothing behind", async () => {
  const before = await demoFolders();
  const { code, stdout, stderr } = await sealserve(["demo", "--json"]);
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split("\n");
  const result = JSON.parse(lines.at(-1) as string) as DemoDocument;
  assert.equal(result.ok, true);
  assert.ok(result.steps.every((step) => step.ok && Number.isInteger(step.ms)));
  assert.equal(lines.length, result.steps.length + 1, "one line a step, and the document");

  const halfPlusTwo = result.prediction["half_plus_two"];
  assert.ok(halfPlusTwo);
  assert.deepEqual([halfPlusTwo.inputs, halfPlusTwo.outputs], [{ x: [[1]] }, { y: [[2.5]] }]);
  assert.ok(result.prediction["tiny_classifier"]);

  assert.deepEqual(
    result.refusals.map((refusal) => refusal.code),
    ["mrenclave-not-accepted", "file-digest-mismatch", "policy-unpinned"],
  );
  assert.deepEqual(await demoFolders(), before, "temporary folder removed");
  assert.deepEqual(await processesNaming("sealserve-demo-"), [], "no process left");
});

for (const moment of ["seal half_plus_two", "start the owner's broker", "node: platform", "verify the node"]) {
  test(`Ctrl-C right after "${moment}" stops everything`, async () => {
    const before = await demoFolders();
    const demo = startSealserve(["demo"]);
    await demo.says(moment);
    const { code, stderr } = await demo.stop("SIGINT");
    assert.notEqual(code, 0);
    assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
    assert.deepEqual(await demoFolders(), before);
    assert.deepEqual(await processesNaming("sealserve-demo-"), []);
  });
}

test("the demo stops everything when its terminal goes away", async () => {
  const before = await demoFolders();
  const demo = startSealserve(["demo"]);
  await demo.says("start the owner's broker");
  await demo.stop("SIGHUP");
  assert.deepEqual(await demoFolders(), before);
  assert.deepEqual(await processesNaming("sealserve-demo-"), []);
});

test("the demo names a model folder that is not there", async () => {
  const { code, stderr } = await sealserve(["demo", "--model", join(tmpdir(), "no-such-model")]);
  assert.equal(code, 2);
  assert.match(stderr, /no-such-model is not a folder/);
});
