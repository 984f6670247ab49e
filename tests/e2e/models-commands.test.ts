/** `sealserve models` with each of its commands as an owner types them. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { writeExampleModels } from "@sealserve/models";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { biasModel, savedModelFiles } from "../../packages/models/test/fixtures/saved-model.ts";
import { libraries, skipWithoutLibrary } from "../support/libtensorflow.ts";
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

test("convert writes an ONNX model that gives the same", async () => {
  const out = at("converted.onnx");
  const { code, stdout, stderr } = await sealserve(["models", "convert", version(), "--out", out, "--json"]);
  assert.equal(code, 0, stderr);
  const { files, ...told } = JSON.parse(stdout) as { files: { path: string }[] };
  assert.deepEqual(
    files.map(({ path }) => path),
    [out],
  );
  assert.deepEqual(told, { signature: "serving_default", opset: 18, inputs: ["x"], outputs: ["y"] });
  const session = await InferenceSession.create(out);
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 2, 5), [3]) });
  assert.deepEqual(y?.data, Float32Array.of(2.5, 3, 4.5));
  await session.release();
});

test("convert puts weights beside the model when it is asked to, and the runtime finds them there", async () => {
  for (const [path, content] of savedModelFiles(biasModel(512))) {
    await mkdir(dirname(at("bias", path)), { recursive: true });
    await writeFile(at("bias", path), content);
  }
  const out = at("outside.onnx");
  const told = await sealserve(["models", "convert", at("bias"), "--out", out, "--external-data"]);
  assert.equal(told.code, 0, told.stderr);
  assert.equal((await stat(`${out}.data`)).size, 2048);
  const session = await InferenceSession.create(out);
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(1), [1]) });
  assert.equal(y?.data[511], 512);
  await session.release();
});

test("convert refuses what would overwrite, mix with the model, or cannot be", async () => {
  await writeFile(at("mine.onnx"), "mine");
  await writeFile(at("other.onnx.data"), "mine");
  await symlink(version(), at("link"));
  const refused = async (args: readonly string[], message: RegExp) => {
    const { code, stderr } = await sealserve(["models", "convert", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  };
  await refused([version(), "--out", at("mine.onnx")], /exists already/);
  await refused([version(), "--out", at("other.onnx")], /other\.onnx\.data exists already/);
  await refused([version(), "--out", join(version(), "m.onnx")], /inside of the model's own directory/);
  await refused([version(), "--out", join(version(), "variables", "m.onnx")], /inside of the model's own directory/);
  await refused([at("link"), "--out", join(version(), "m.onnx")], /inside of the model's own directory/);
  await refused([version(), "--out", at("m.pb")], /does not end in \.onnx/);
  await refused([version(), "--out", at("no", "folder", "m.onnx")], /no such file or folder/);
  await refused([at("nothing"), "--out", at("m.onnx")], /no such file or folder/);
  await refused([at("half_plus_two"), "--out", at("m.onnx")], /holds no SavedModel/);
  await refused([version(), "--out", at("m.onnx"), "--signature", "other"], /no signature "other".*serving_default/);
  await refused([version(), "--out", at("m.onnx"), "--opset", "9"], /operator set 9/);
  await refused([version(), "--out", at("m.onnx"), "--tags", "train"], /tags \{train\}/);
  await refused([version()], /--out/);
  assert.equal(await readFile(at("mine.onnx"), "utf8"), "mine");
  assert.ok(!(await readdir(folder)).includes("m.onnx"));
});

test("bench times calls of each size within its time", async () => {
  const args = ["--batch", "1,4", "--seconds", "0.2", "--warm-up", "2", "--threads", "1", "--json"];
  const { code, stdout, stderr } = await sealserve(["models", "bench", version(), ...args]);
  assert.equal(code, 0, stderr);
  const { loaded, peakBytes, threads, results } = JSON.parse(stdout) as {
    loaded: { milliseconds: number };
    peakBytes: number;
    threads: number;
    results: {
      batch: number;
      calls: number;
      p50: number;
      p99: number;
      itemsPerSecond: number;
      callsPerSecond: number;
    }[];
  };
  assert.ok(loaded.milliseconds > 0 && peakBytes > 0 && threads === 1);
  assert.deepEqual(
    results.map(({ batch }) => batch),
    [1, 4],
  );
  assert.ok(results.every(({ calls, p50, p99 }) => calls >= 1 && p50 > 0 && p50 <= p99));
  const [, four] = results;
  assert.ok(Math.abs((four?.itemsPerSecond ?? 0) / (four?.callsPerSecond ?? 1) - 4) < 0.01);
});

test("bench takes inputs that are given, and refuses those that make no sense", async () => {
  const given = await sealserve(["models", "bench", version(), "--input", '{"instances": [1, 2]}', "--seconds", "0.1"]);
  assert.equal(given.code, 0, given.stderr);
  assert.match(given.stdout, /given inputs: \d+ calls, mean/);
  const refused = async (args: readonly string[], message: RegExp) => {
    const { code, stderr } = await sealserve(["models", "bench", ...args, "--seconds", "0.1"]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  };
  await refused([version(), "--input", '{"instances": [1]}', "--batch", "2"], /leave one of them out/);
  await refused([version(), "--input", '{"instances": ["a"]}'], /./);
  await refused([version(), "--signature", "other"], /no signature "other"/);
  await refused([version(), "--batch", "0"], /whole number from 1/);
  await refused([version(), "--batch", "1,x"], /whole number/);
  await refused([version(), "--threads", "100000"], /at most 1024 threads/);
  await refused([version(), "--warm-up", "-1"], /whole number from 0/);
  await refused([at("nothing")], /nothing/);
  assert.equal((await sealserve(["models", "bench", version(), "--seconds", "0"])).code, 2);
});

test("an engine and its library go together, and a file that is none is refused by name", async () => {
  for (const flags of [
    ["--engine", "tensorflow"],
    ["--libtensorflow", "lib.so"],
  ]) {
    const refused = await sealserve(["models", "check", version(), ...flags]);
    assert.deepEqual([refused.code, /go together/.test(refused.stderr)], [2, true], refused.stderr);
  }
  await writeFile(at("lib.so"), "no library");
  const refused = await sealserve([
    "models",
    "check",
    version(),
    "--engine",
    "tensorflow",
    "--libtensorflow",
    at("lib.so"),
  ]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /lib\.so cannot be loaded as a library/);
});

test("check and bench in TensorFlow itself", { skip: skipWithoutLibrary }, async () => {
  const engine = ["--engine", "tensorflow", "--libtensorflow", libraries[0] ?? ""];
  await writeFile(
    at("in-tensorflow.json"),
    JSON.stringify({ cases: [{ request: { inputs: { x: [1, 2] } }, outputs: { y: [2.5, 3] } }] }),
  );
  const checked = await sealserve([
    "models",
    "check",
    version(),
    ...engine,
    "--expected",
    at("in-tensorflow.json"),
    "--json",
  ]);
  assert.equal(checked.code, 0, checked.stderr);
  const { cases } = JSON.parse(checked.stdout) as { cases: { failure?: string }[] };
  assert.deepEqual(
    cases.map(({ failure }) => failure),
    [undefined],
  );
  const timed = await sealserve(["models", "bench", version(), ...engine, "--seconds", "0.2", "--json"]);
  assert.equal(timed.code, 0, timed.stderr);
});
