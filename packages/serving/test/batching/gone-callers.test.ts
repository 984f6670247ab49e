import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { whenAllAborted } from "../../src/batching/all-aborted.ts";
import { type BatchCall, runBatch } from "../../src/batching/batch-runner.ts";
import { BatchTask } from "../../src/batching/batch-task.ts";
import { manualClock } from "../support/manual-clock.ts";
import { refusal } from "../support/refusal.ts";
import { type RowModel, rowModel } from "../support/row-model.ts";
import { floats, halved, observed, rules } from "./support.ts";

const gone = new ServingError("CANCELLED", "gone");

function batchCall(model: RowModel): BatchCall {
  const signature = model.signatures.get("halve");
  assert.ok(signature);
  const [observer, clock] = [observed(), manualClock()];
  return { model, signatureName: "halve", signature, outputs: ["y"], rules: rules(), observer, clock };
}

function task(values: readonly number[], signal?: AbortSignal): BatchTask {
  return new BatchTask(new Map([["x", floats(values)]]), values.length, 0, signal === undefined ? {} : { signal });
}

describe("a joint signal", () => {
  it("counts those that have fired before", () => {
    const later = new AbortController();
    const joint = whenAllAborted([AbortSignal.abort(gone), later.signal]);
    assert.equal(joint?.signal.aborted, false);
    later.abort(gone);
    assert.equal(joint?.signal.aborted, true);
    const fired = whenAllAborted([AbortSignal.abort(), AbortSignal.abort(gone)]);
    assert.equal(fired?.signal.aborted, true);
    assert.equal(fired?.signal.reason, gone);
  });

  it("never fires when one is missing, or once it is released", () => {
    assert.equal(whenAllAborted([AbortSignal.abort(), undefined]), undefined);
    const controller = new AbortController();
    const joint = whenAllAborted([controller.signal]);
    joint?.release();
    controller.abort();
    assert.equal(joint?.signal.aborted, false);
  });
});

describe("a batch", () => {
  it("is not run when all of its callers are gone", async () => {
    const model = rowModel();
    const tasks = [task([1], AbortSignal.abort(gone)), task([2], AbortSignal.abort(gone))];
    const refused = tasks.map(({ outputs }) => assert.rejects(outputs, refusal("CANCELLED", "gone")));
    await runBatch(batchCall(model), tasks);
    await Promise.all(refused);
    assert.equal(model.runs.length, 0);
  });

  it("is run for those that are left", async () => {
    const model = rowModel();
    const [left, other] = [task([2, 3]), task([1], AbortSignal.abort(gone))];
    const refused = assert.rejects(other.outputs, refusal("CANCELLED", "gone"));
    await runBatch(batchCall(model), [other, left]);
    await refused;
    assert.deepEqual(model.runs, [new Map([["x", floats([2, 3])]])]);
    assert.deepEqual((await left.outputs).get("y"), floats([...halved([2, 3])]));
  });

  it("leaves no listeners with its callers", async () => {
    const { signal } = new AbortController();
    await runBatch(batchCall(rowModel()), [task([1], signal), task([2], signal)]);
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  });

  it("ends its tasks, and its own turn, when it cannot even be put together", async () => {
    const model = rowModel();
    const unreadable: Tensor = {
      dtype: "float32",
      shape: [1],
      get data(): never {
        throw new RangeError("no memory");
      },
    };
    const tasks = [task([1]), new BatchTask(new Map([["x", unreadable]]), 1, 0)];
    const refused = tasks.map(({ outputs }) => assert.rejects(outputs, /no memory/));
    await runBatch(batchCall(model), tasks);
    await Promise.all(refused);
    assert.equal(model.runs.length, 0);
  });

  it("that is run again one by one ends each task by its own outcome", async () => {
    const model = rowModel();
    const { compute } = model;
    model.compute = (inputs) => {
      const { shape, data } = inputs.get("x") as Tensor;
      if (shape[0] === 2) {
        throw new ServingError("INVALID_ARGUMENT", "not together");
      }
      return data[0] === 1 ? new Map([["y", floats([1, 2, 3])]]) : compute(inputs);
    };
    const [first, second] = [task([1]), task([2])];
    const refused = assert.rejects(first.outputs, refusal("FAILED_PRECONDITION", /0th dimension/));
    await runBatch(batchCall(model), [first, second]);
    await refused;
    assert.deepEqual((await second.outputs).get("y"), floats([...halved([2])]));
  });
});
