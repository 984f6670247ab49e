import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchingParameters, decodeMessageText, type Tensor } from "@sealserve/protocol";
import { ServerBatching } from "../../src/batching/server-batching.ts";
import { manualClock } from "../support/manual-clock.ts";
import { refusal } from "../support/refusal.ts";
import { rowModel } from "../support/row-model.ts";
import { floats, halved, observed } from "./support.ts";

const parameters = (text: string): BatchingParameters => decodeMessageText(BatchingParameters, text);
const id = { name: "m", version: 1n };
const x = (...values: number[]): ReadonlyMap<string, Tensor> => new Map([["x", floats(values)]]);

test("one set of parameters counts for all models, which share the threads", async () => {
  const clock = manualClock();
  const settings = parameters("max_batch_size { value: 4 } num_batch_threads { value: 1 }");
  const observers = new Map<string, ReturnType<typeof observed>>();
  const observerOf = ({ name }: { name: string }, signature: string) => {
    const observer = observed();
    observers.set(`${name} ${signature}`, observer);
    return observer;
  };
  const batching = new ServerBatching({ kind: "parameters", parameters: settings, perModel: false }, observerOf, clock);
  const models = [rowModel(), rowModel()];
  const held = Promise.withResolvers<void>();
  const [first, second] = models.map((model, index) => {
    model.gate = held.promise;
    return batching.decorate(model, { name: `m${index}`, version: 1n }, parameters("max_batch_size { value: 1 }"));
  });
  const answers = [
    first?.run("halve", x(1), ["y"]),
    first?.run("halve", x(2), ["y"]),
    second?.run("halve", x(3), ["y"]),
  ];
  await clock.advance(0);
  assert.deepEqual(
    models.map(({ runs }) => runs.length),
    [1, 0],
    "one thread, one batch",
  );
  held.resolve();
  await clock.advance(0);
  assert.deepEqual((await answers[2])?.get("y"), floats([...halved([3])]));
  await Promise.all(answers);
  assert.deepEqual([...observers.keys()].sort(), ["m0 halve", "m1 halve"]);
  assert.equal(observers.get("m0 halve")?.batches[0]?.requests, 2);
  await assert.rejects(first?.run("halve", x(1, 2, 3, 4, 5), ["y"]) ?? Promise.resolve(), /larger than .* 4$/);
});

test("with parameters per model, a model without any is not batched", () => {
  const batching = new ServerBatching(
    {
      kind: "parameters",
      parameters: parameters("max_batch_size { value: 8 } allowed_batch_sizes: 4"),
      perModel: true,
    },
    observed,
  );
  const model = rowModel();
  assert.equal(batching.isPerModel, true);
  assert.equal(batching.decorate(model, id, undefined), model);
  assert.notEqual(batching.decorate(model, id, parameters("")), model);
  assert.throws(
    () => batching.decorate(model, id, parameters("allowed_batch_sizes: 4")),
    refusal("INVALID_ARGUMENT", /last entry was 4; expected 1000$/),
  );
});

test("shared parameters that contradict each other are refused at once", () => {
  const settings = parameters("max_batch_size { value: 8 } allowed_batch_sizes: 4");
  assert.throws(
    () => new ServerBatching({ kind: "parameters", parameters: settings, perModel: false }, observed),
    refusal("INVALID_ARGUMENT", /must match max_batch_size; last entry was 4; expected 8$/),
  );
});

test("automatic batches take requests of any size and shape", async () => {
  const clock = manualClock();
  const observer = observed();
  const batching = new ServerBatching({ kind: "auto", latencyBudgetMs: 100 }, () => observer, clock);
  const model = rowModel([-1, -1]);
  const batched = batching.decorate(model, id, undefined);
  const large = floats(
    Array.from({ length: 5000 }, (_, index) => index),
    [5000, 1],
  );
  const inputs = [large, floats([1, 2], [1, 2]), floats([3], [1, 1]), floats([4, 5], [1, 2])];
  const answers = inputs.map((value) => batched.run("halve", new Map([["x", value]]), ["y"]));
  await clock.advance(0);
  assert.deepEqual(
    (await Promise.all(answers)).map((outputs) => outputs.get("y")?.shape),
    inputs.map(({ shape }) => shape),
  );
  assert.deepEqual(new Set(observer.batches.map(({ rows }) => rows)), new Set([5000, 2, 1]));
  assert.equal(observer.waits.length, 4);
});
