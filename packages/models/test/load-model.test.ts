import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import type { Worker } from "node:worker_threads";

import { decodeTensor, encodeTensor, SavedModel } from "@sealserve/protocol";
import { ModelError } from "../src/errors.ts";
import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { makeTinyClassifier } from "../src/examples/tiny-classifier.ts";
import { loadModel } from "../src/load-model.ts";
import { makeValueInfo } from "../src/onnx/write.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxFiles, onnxModel, sumGraph } from "./fixtures/onnx.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { halfPlusTwoWithFunctions, savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats } from "./fixtures/tensors.ts";

after(closeModels);

test("half_plus_two in both forms answers for any shape", async () => {
  for (const files of [makeHalfPlusTwo(), savedModelFiles(halfPlusTwoWithFunctions())]) {
    const model = await load(files);
    assert.equal(model.platform, "tensorflow");
    for (const shape of [[3], [3, 1], [1, 1, 3]]) {
      const outputs = await model.run("serving_default", feed(floats(shape, [1, 2, 5])), []);
      expectTensor(outputs.get("y"), floats(shape, [2.5, 3, 4.5]));
    }
    expectTensor((await model.run("serving_default", feed(floats([], [2])), [])).get("y"), floats([], [3]));
    expectTensor((await model.run("serving_default", feed(floats([0], [])), [])).get("y"), floats([0], []));
  }
});

test("the declared signature is there for metadata", async () => {
  const saved = await load(makeHalfPlusTwo());
  assert.equal(saved.signatureDefs.get("serving_default")?.inputs.get("x")?.name, "x:0");
  assert.deepEqual(saved.signatures.get("serving_default")?.inputs.get("x")?.shape, [-1, 1]);
  const onnx = await load(makeTinyClassifier());
  const declared = onnx.signatureDefs.get("serving_default")?.outputs.get("probabilities");
  assert.deepEqual([declared?.name, declared?.dtype, declared?.tensorShape?.dim.length], ["probabilities", 1, 2]);
  const unshaped = await load(onnxFiles({ input: [makeValueInfo("x", "float32")] }));
  assert.equal(unshaped.signatureDefs.get("serving_default")?.inputs.get("x")?.tensorShape?.unknownRank, true);
});

test("an ONNX file may have any name, but there must be one", async () => {
  const bytes = onnxModel(sumGraph());
  const model = await load(new Map([["network.onnx", bytes]]));
  assert.equal(model.platform, "onnx");
  expectTensor((await model.run("serving_default", feed(floats([1, 2], [1, 1])), [])).get("y"), floats([1, 2], [2, 3]));
});

test("what is no model, or more than one, is refused", async () => {
  await assert.rejects(loadModel(new Map()), modelError("no-model"));
  await assert.rejects(loadModel(new Map([["readme.txt", new Uint8Array()]])), modelError("no-model"));
  const bytes = onnxModel(sumGraph());
  const two = new Map([
    ["a.onnx", bytes.slice()],
    ["b.onnx", bytes.slice()],
  ]);
  await assert.rejects(loadModel(two), modelError("ambiguous-model"));
  await assert.rejects(loadModel(new Map([...makeHalfPlusTwo(), ["a.onnx", bytes]])), modelError("ambiguous-model"));
});

test("broken files are refused", async () => {
  const garbage = new TextEncoder().encode("this is no protobuf");
  await assert.rejects(loadModel(new Map([["saved_model.pb", garbage.slice()]])), modelError("bad-saved-model"));
  await assert.rejects(loadModel(new Map([["model.onnx", garbage.slice()]])), modelError("bad-onnx"));
  await assert.rejects(loadModel(makeHalfPlusTwo(), { tags: ["gpu"] }), modelError("unknown-tag"));
  const damaged = makeHalfPlusTwo();
  const shard = damaged.get("variables/variables.data-00000-of-00001");
  assert.ok(shard);
  shard[0] = (shard[0] ?? 0) ^ 1;
  await assert.rejects(loadModel(damaged), modelError("checksum-mismatch"));
});

test("the model's files are wiped, whether it loads or not, and others are left alone", async () => {
  const assets: [string, Uint8Array][] = [["assets/words.txt", Uint8Array.of(1, 2, 3)]];
  const pooled = Buffer.from([...makeTinyClassifier().values()].flatMap((bytes) => [...bytes]));
  assert.notEqual(pooled.buffer.byteLength, pooled.length, "a buffer out of the pool");
  const [refused, saved] = [
    new Map([...onnxFiles({ output: [] }), ...assets]),
    new Map([...makeHalfPlusTwo(), ...assets]),
  ];
  await load(saved);
  await load(new Map([["model.onnx", pooled]]));
  await assert.rejects(loadModel(refused), ModelError);
  for (const [path, bytes] of [...saved, ...refused, ["model.onnx", pooled] as const]) {
    assert.equal(isWiped(bytes), !path.startsWith("assets/"), path);
  }
});

test("files may still be on their way when the thread starts, which gets none unless all come", async () => {
  const files = makeHalfPlusTwo();
  const model = await load(new Promise((resolve) => setTimeout(resolve, 50, files)));
  expectTensor((await model.run("serving_default", feed(floats([1], [2])), [])).get("y"), floats([1], [3]));
  assert.ok([...files.values()].every(isWiped));
  await assert.rejects(loadModel(Promise.reject(new Error("the last chunk is damaged"))), /the last chunk is damaged/);
});

test("files that come for nothing are wiped: the load was given up before, or meanwhile", async () => {
  const giveUp = new AbortController();
  const [before, meanwhile] = [makeHalfPlusTwo(), makeHalfPlusTwo()];
  const coming = new Promise<typeof meanwhile>((resolve) => setTimeout(resolve, 50, meanwhile));
  const loading = loadModel(coming, { signal: giveUp.signal });
  giveUp.abort(new Error("given up"));
  await assert.rejects(loading, /given up/);
  await assert.rejects(loadModel(Promise.resolve(before), { signal: giveUp.signal }), /given up/);
  assert.ok([...before.values(), ...meanwhile.values()].every(isWiped));
});

/** Overwritten, or moved to another thread. */
function isWiped(bytes: Uint8Array): boolean {
  if (bytes.length === 0) {
    return true;
  }
  return bytes.every((byte) => byte === 0);
}

test("signatures that compute the same share the engine's model, others do not disturb them", async () => {
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
        node("z", "Placeholder", [], { dtype: typeAttr("float32") }),
        constantNode("two", floats([], [2])),
        node("doubled", "Mul", ["x", "two"]),
        node("again", "Mul", ["z", "two"]),
        node("raised", "Add", ["x", "two"]),
      ],
      signatures: {
        serving_default: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["doubled:0", "float32"] } },
        serve: { inputs: { in: ["z:0", "float32"] }, outputs: { out: ["again:0", "float32"] } },
        raise: {
          inputs: { x: ["x:0", "float32"] },
          outputs: { y: ["raised:0", "float32"], doubled: ["doubled:0", "float32"] },
        },
      },
    }),
  );
  const three = floats([1], [3]);
  expectTensor((await model.run("serving_default", feed(three), [])).get("y"), floats([1], [6]));
  expectTensor((await model.run("serve", feed(three, "in"), [])).get("out"), floats([1], [6]));
  const outputs = await model.run("raise", feed(three), []);
  expectTensor(outputs.get("y"), floats([1], [5]));
  expectTensor(outputs.get("doubled"), floats([1], [6]));
  assert.deepEqual([...(await model.run("raise", feed(three), ["doubled"])).keys()], ["doubled"]);
});

test("a signature that cannot be imported says so when it is called", async () => {
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
        node("good", "Relu", ["x"]),
        node("bad", "PyFunc", ["x"]),
      ],
      signatures: {
        serving_default: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["good:0", "float32"] } },
        other: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["bad:0", "float32"] } },
      },
    }),
  );
  expectTensor((await model.run("serving_default", feed(floats([1], [-1])), [])).get("y"), floats([1], [0]));
  await assert.rejects(model.run("other", feed(floats([1])), []), modelError("unsupported-op", /PyFunc/));
  assert.equal(model.refusals.get("other")?.code, "unsupported-op");
});

test("what the engine cannot run is refused at load, per signature", async () => {
  const nodes = [
    node("s", "Placeholder", [], { dtype: typeAttr("uint8") }),
    node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
    node("bad", "Sigmoid", ["s"]),
    node("good", "Sigmoid", ["x"]),
  ];
  const bad = { inputs: { s: ["s:0", "uint8"] as const }, outputs: { y: ["bad:0", "uint8"] as const } };
  const good = { inputs: { x: ["x:0", "float32"] as const }, outputs: { y: ["good:0", "float32"] as const } };
  await assert.rejects(
    loadModel(savedModelFiles({ nodes, signatures: { bad } })),
    modelError("engine-refused", /"bad"/),
  );
  const model = await load(savedModelFiles({ nodes, signatures: { bad, good } }));
  assert.equal(model.refusals.get("bad")?.code, "engine-refused");
  expectTensor((await model.run("good", feed(floats([1], [0])), [])).get("y"), floats([1], [0.5]));
});

test("default values of a signature outlive the wiped file", async () => {
  const files = makeHalfPlusTwo();
  const saved = SavedModel.decode(files.get("saved_model.pb") as Uint8Array);
  const signature = saved.metaGraphs[0]?.signatureDef.get("serving_default");
  assert.ok(signature);
  const value = floats([1], [7]);
  (signature as { defaults: ReadonlyMap<string, Uint8Array> }).defaults = new Map([["x", encodeTensor(value)]]);
  const content = SavedModel.encode(saved);
  const model = await load(new Map([...files, ["saved_model.pb", content]]));
  assert.ok(isWiped(content));
  const stored = model.signatureDefs.get("serving_default")?.defaults.get("x");
  assert.ok(stored);
  expectTensor(decodeTensor(stored), value);
  expectTensor(model.signatures.get("serving_default")?.defaults.get("x"), value);
});

test("an ONNX file among the assets is no second model", async () => {
  const model = await load(new Map([...makeHalfPlusTwo(), ["assets/extra.onnx", Uint8Array.of(1)]]));
  assert.equal(model.platform, "tensorflow");
  await assert.rejects(loadModel(new Map([["assets/model.onnx", Uint8Array.of(1)]])), modelError("no-model"));
});

test("a load can be given up: before it begins and while it is under way", async () => {
  const reason = new Error("no longer wanted");
  const files = makeHalfPlusTwo();
  await assert.rejects(loadModel(files, { signal: AbortSignal.abort(reason) }), reason);
  for (const bytes of files.values()) {
    assert.ok(isWiped(bytes));
  }
  const caller = new AbortController();
  const started = once(process, "worker");
  const loading = loadModel(makeHalfPlusTwo(), { signal: caller.signal });
  const [worker] = (await started) as [Worker];
  caller.abort(reason);
  await assert.rejects(loading, reason);
  assert.equal(worker.threadId, -1, "its thread has ended");
});
