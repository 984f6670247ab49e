/** `sealserve models inspect` and `sealserve models check` as an owner types them. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeExampleModels } from "@sealserve/models";
import { sealserve } from "./command.ts";

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const version = (): string => at("half_plus_two", "1");

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "models-"));
  await writeExampleModels(folder);
});

after(async () => {
  await rm(folder, { recursive: true });
});

test("inspect tells signatures and plan, as text, as JSON and as a picture", async () => {
  const shown = await sealserve(["models", "inspect", version(), "--svg", at("plan.svg")]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^platform: tensorflow\n\nsignature "serving_default"/);
  assert.match(await readFile(at("plan.svg"), "utf8"), /^<svg /);
  const json = await sealserve(["models", "inspect", version(), "--json", "--signature", "serving_default"]);
  const { signatures } = JSON.parse(json.stdout) as { signatures: Record<string, { steps: unknown[] }> };
  assert.deepEqual(Object.keys(signatures), ["serving_default"]);
  assert.equal(signatures["serving_default"]?.steps.length, 1);
});

test("inspect does not overwrite a picture, and names what it cannot find", async () => {
  await writeFile(at("there.svg"), "mine");
  assert.equal((await sealserve(["models", "inspect", version(), "--svg", at("there.svg")])).code, 2);
  assert.equal(await readFile(at("there.svg"), "utf8"), "mine");
  const other = await sealserve(["models", "inspect", version(), "--signature", "other"]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /no signature "other".*serving_default/s);
  assert.equal((await sealserve(["models", "inspect", at("nothing")])).code, 2);
});

test("check loads the model and compares its outputs", async () => {
  const cases = (y: readonly number[]) =>
    JSON.stringify({ cases: [{ request: { inputs: { x: [1, 2] } }, outputs: { y } }] });
  await writeFile(at("right.json"), cases([2.5, 3]));
  await writeFile(at("wrong.json"), cases([2.5, 4]));
  const right = await sealserve(["models", "check", version(), "--expected", at("right.json")]);
  assert.equal(right.code, 0, right.stderr);
  assert.match(
    right.stdout,
    /signature "serving_default": runs\n(.*\n)*case 1, signature "serving_default": as expected\n/,
  );
  const wrong = await sealserve(["models", "check", version(), "--expected", at("wrong.json"), "--json"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stdout, /"failure":"element 1 of output \\"y\\" is 3, not 4"/);
  const tolerant = await sealserve([
    "models",
    "check",
    version(),
    "--expected",
    at("wrong.json"),
    "--tolerance",
    "0.5",
  ]);
  assert.equal(tolerant.code, 0, tolerant.stderr);
  assert.equal((await sealserve(["models", "check", version(), "--tolerance", "x"])).code, 2);
  assert.equal((await sealserve(["models", "check", version(), "--expected", at("none.json")])).code, 2);
});
