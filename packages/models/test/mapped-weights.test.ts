import assert from "node:assert/strict";
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { hostModel } from "../src/engine/hosted-model.ts";
import { type MappedWeights, mapWeights } from "../src/engine/mapped-weights.ts";
import { loadSessions } from "../src/engine/sessions.ts";
import { UnnamedFiles } from "../src/engine/unnamed-files.ts";
import { encodeModel, makeExternalInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";
import { halfPlusTwoWithFunctions, savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats } from "./fixtures/tensors.ts";

const FILE = "variables/variables.data-00000-of-00001";
/** As many floats as the least weights that are mapped. */
const COUNT = 2 ** 22;
/** Bytes of the file before the factors, which then stand where floats may not. */
const BEFORE = 3;

let place: string;
beforeEach(() => {
  place = mkdtempSync("/dev/shm/sealserve-test-");
});
afterEach(() => rmSync(place, { recursive: true }));

/** `x * factors + offset`. */
function lineModel(): Uint8Array {
  const at = (name: string, count: number, offset: number) =>
    makeExternalInitialiser(name, "float32", [count], { file: FILE, offset, length: 4 * count });
  return encodeModel({
    node: [makeNode("Mul", ["x", "factors"], ["scaled"]), makeNode("Add", ["scaled", "offset"], ["y"])],
    initializer: [at("factors", COUNT, BEFORE), at("offset", 1, BEFORE + 4 * COUNT)],
    input: [makeValueInfo("x", "float32")],
    output: [makeValueInfo("y", "float32")],
  });
}

function lineWeights(): Map<string, Uint8Array> {
  const numbers = Float32Array.from({ length: COUNT + 1 }, (_, index) => index);
  const bytes = new Uint8Array(BEFORE + numbers.byteLength);
  bytes.set(new Uint8Array(numbers.buffer), BEFORE);
  return new Map([[FILE, bytes]]);
}

function mapInPlace(models: readonly Uint8Array[], weights = lineWeights()): MappedWeights | undefined {
  return mapWeights(models, weights, (bytes) => UnnamedFiles.open(bytes, place));
}

/** Lines of the process's memory map for files below the place. */
function mapped(): string[] {
  const lines = readFileSync("/proc/self/maps", "utf8").split("\n");
  return lines.filter((line) => line.includes(place));
}

test("weights are mapped out of files without names, which are gone when the engine gives them back", async () => {
  const weights = lineWeights();
  const mapping = mapInPlace([lineModel(), lineModel()], weights) ?? assert.fail("nothing was mapped");
  weights.get(FILE)?.fill(0);
  expectNoContent(mapping.folder);
  const sessions = await loadSessions({ models: mapping.models, files: [], folder: mapping.folder, threads: 1 });
  mapping.close();
  assert.deepEqual(readdirSync(place), []);
  assert.deepEqual(sessions.refusals, [undefined, undefined]);
  assert.ok(mapped().length > 0 && mapped().every((line) => line.endsWith("(deleted)")));
  for (const model of mapping.models.keys()) {
    const feeds = new Map([["x", { type: "float32", dims: [1], data: Float32Array.of(2) }]]);
    const { data } = (await sessions.run(model, feeds, ["y"])).get("y") ?? assert.fail();
    assert.ok(data instanceof Float32Array);
    assert.deepEqual([data[0], data[1], data[COUNT - 1]], [COUNT, COUNT + 2, 3 * COUNT - 2]);
  }
  await sessions.release();
  assert.deepEqual(mapped(), []);
});

/** Whoever looks into the folder, then or when the process has been killed, finds links to its own files and empty ones. */
function expectNoContent(folder: string): void {
  const entries = readdirSync(folder).map((name) => lstatSync(join(folder, name)));
  const [links, others] = [true, false].map((isLink) => entries.filter((entry) => entry.isSymbolicLink() === isLink));
  assert.equal(links?.length, 1);
  assert.deepEqual(
    others?.map(({ size }) => size),
    [0],
  );
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
}

test("a SavedModel with large weights gives the same by mapped ones, and its files are overwritten", async () => {
  const factors = Float32Array.from({ length: COUNT }, (_, index) => index % 100);
  const variables = {
    "a/value": { dtype: "float32", shape: [COUNT], bytes: new Uint8Array(factors.buffer) },
    "b/value": { dtype: "float32", shape: [], bytes: new Uint8Array(Float32Array.of(2).buffer) },
  } as const;
  const source = savedModelFiles({ ...halfPlusTwoWithFunctions(), variables });
  const givenUp = new Uint8Array(new SharedArrayBuffer(1));
  const model = await hostModel({ source, tags: undefined, threads: 1, givenUp });
  assert.ok([...source.values()].every(({ length }) => length === 0));
  const callable = model.callables.get("serving_default") ?? assert.fail();
  const outputs = await callable.run(feed(floats([1], [0.5])), callable.outputs);
  const [output] = outputs.values();
  assert.deepEqual([output?.data[0], output?.data[3], output?.data[COUNT - 1]], [2, 3.5, ((COUNT - 1) % 100) / 2 + 2]);
  assert.match(readFileSync("/proc/self/maps", "utf8"), /\/sealserve-weights-\w+\/#\d+ \(deleted\)$/m);
  await model.release();
});

test("small weights, and those that stand nowhere, are left to the engine", () => {
  assert.equal(mapInPlace([lineModel()], new Map([[FILE, new Uint8Array(2 ** 20)]])), undefined);
  assert.equal(mapInPlace([lineModel()], new Map([["elsewhere", new Uint8Array(2 ** 25)]])), undefined);
  assert.equal(mapInPlace([lineModel()], new Map([[FILE, new Uint8Array(4 * COUNT)]])), undefined);
  assert.deepEqual(readdirSync(place), []);
});

test("what the system refuses meanwhile leaves all to the engine", () => {
  const open = (bytes: number) => {
    const files = UnnamedFiles.open(bytes, place) ?? assert.fail();
    rmSync(files.folder, { recursive: true });
    return files;
  };
  assert.equal(mapWeights([lineModel()], lineWeights(), open), undefined);
});

test("no files are made on a disk, without room, or where others can move the folder", () => {
  assert.equal(UnnamedFiles.open(1, "/proc"), undefined);
  assert.equal(UnnamedFiles.open(1, join(place, "nowhere")), undefined);
  assert.equal(UnnamedFiles.open(Number.MAX_SAFE_INTEGER, place), undefined);
  chmodSync(place, 0o777);
  assert.equal(UnnamedFiles.open(1, place), undefined);
  chmodSync(place, 0o1777);
  UnnamedFiles.open(1, place)?.close();
  assert.deepEqual(readdirSync(place), []);
});
