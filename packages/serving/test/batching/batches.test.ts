import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { runModel } from "../../src/core/run.ts";
import { refusal } from "../support/refusal.ts";
import { bench, floats, halved, valuesOf } from "./support.ts";

describe("batches", () => {
  it("put together what has come in together, in its order, and give each request its own rows", async () => {
    const { ask, clock, sizes, model } = bench();
    const answers = [ask(floats([1, 2])), ask(floats([3])), ask(floats([4, 5, 6]))];
    await clock.advance(0);
    assert.deepEqual(sizes(), [6]);
    assert.deepEqual(model.runs[0]?.get("x"), floats([1, 2, 3, 4, 5, 6]));
    assert.deepEqual(await Promise.all(answers), [
      floats([...halved([1, 2])]),
      floats([...halved([3])]),
      floats([...halved([4, 5, 6])]),
    ]);
  });

  it("are made of requests for a model that could run each at once, too, by their rules and counted", async () => {
    const { model, observer, clock, sizes, batched } = bench();
    model.runNow = () => assert.fail("it was run past the batches");
    const ask = async (values: readonly number[]) =>
      await runModel(batched, "halve", new Map([["x", floats(values)]]), ["y"], {});
    const answers = [ask([1, 2]), ask([3])];
    await clock.advance(0);
    assert.deepEqual([sizes(), observer.batches.length], [[3], 1]);
    const [first, second] = await Promise.all(answers);
    assert.deepEqual([first?.get("y"), second?.get("y")], [floats([...halved([1, 2])]), floats([...halved([3])])]);
    await assert.rejects(ask([1, 2, 3, 4, 5, 6, 7, 8, 9]), { code: "INVALID_ARGUMENT" });
  });

  it("wait for more rows until the timeout after their first request, and no longer when they are full", async () => {
    const { ask, clock, sizes } = bench({ timeoutMs: 10, maxBatchRows: 3 });
    const first = ask(floats([1]));
    await clock.advance(9);
    const second = ask(floats([2]));
    await clock.advance(0.5);
    assert.deepEqual(sizes(), []);
    await clock.advance(0.5);
    assert.deepEqual(sizes(), [2]);
    const others = [ask(floats([3, 4])), ask(floats([5]))];
    await clock.advance(0);
    assert.deepEqual(sizes(), [2, 3], "a full batch does not wait");
    await Promise.all([first, second, ...others]);
  });

  it("are closed by a request that does not fit any more, which opens the next", async () => {
    const { ask, clock, sizes } = bench({ timeoutMs: 10, maxBatchRows: 4 });
    const answers = [ask(floats([1, 2, 3])), ask(floats([4, 5]))];
    await clock.advance(0);
    assert.deepEqual(sizes(), [3]);
    await clock.advance(10);
    assert.deepEqual(sizes(), [3, 2]);
    assert.deepEqual((await Promise.all(answers))[1], floats([...halved([4, 5])]));
  });

  it("run a number at a time, over all queues in turn", async () => {
    const { ask, clock, model, batched } = bench({ maxBatchRows: 1 }, { threads: 1 });
    const held = Promise.withResolvers<void>();
    model.gate = held.promise;
    const answers = [ask(floats([1])), ask(floats([2])), ask(floats([3]), { outputs: ["n"] })];
    const inputs = new Map<string, Tensor>([
      ["text", { dtype: "string", shape: [1], data: [Buffer.from("t")] }],
      ["number", { dtype: "int64", shape: [1], data: BigInt64Array.of(7n) }],
    ]);
    const echo = batched.run("echo", inputs, ["text", "number"]);
    await clock.advance(0);
    assert.equal(model.runs.length, 1);
    held.resolve();
    await clock.advance(0);
    assert.deepEqual(model.asked, [["y"], ["n"], ["text", "number"], ["y"]], "each queue had its turn");
    assert.equal(model.load.most, 1);
    await Promise.all(answers);
    assert.deepEqual(await echo, inputs);
  });

  it("hold strings and several inputs, rows kept together", async () => {
    const { batched, clock, model } = bench();
    const text = (...texts: string[]): Tensor => ({
      dtype: "string",
      shape: [texts.length],
      data: texts.map((value) => Buffer.from(value)),
    });
    const number = (...numbers: bigint[]): Tensor => ({
      dtype: "int64",
      shape: [numbers.length],
      data: BigInt64Array.from(numbers),
    });
    const two = { text: text("a", "b"), number: number(1n, 2n), ignored: text("?") };
    const one = { number: number(3n), text: text("c") };
    const answers = [two, one].map((inputs) =>
      batched.run("echo", new Map<string, Tensor>(Object.entries(inputs)), ["number", "text"]),
    );
    await clock.advance(0);
    const all = { text: text("a", "b", "c"), number: number(1n, 2n, 3n) };
    assert.deepEqual(model.runs, [new Map<string, Tensor>(Object.entries(all))]);
    assert.deepEqual(await answers[1], new Map<string, Tensor>(Object.entries(one)));
  });

  it("are made of requests for the same outputs only, in whatever order these are named", async () => {
    const { ask, clock, model } = bench();
    const asked = [["y"], ["n"], ["y", "n"], ["n", "y"]].map((outputs) => ask(floats([1]), { outputs }));
    await clock.advance(0);
    assert.deepEqual(model.asked, [["y"], ["n"], ["y", "n"]]);
    await clock.advance(0);
    await Promise.all(asked);
  });
});

describe("a full server", () => {
  it("refuses what would make too many batches wait", async () => {
    const { ask, clock, model } = bench({ maxBatchRows: 2, maxEnqueuedBatches: 2 }, { threads: 1 });
    const held = Promise.withResolvers<void>();
    model.gate = held.promise;
    const running = ask(floats([0]));
    await clock.advance(0);
    const waiting = [ask(floats([1, 2])), ask(floats([3]))];
    await assert.rejects(
      ask(floats([4, 5])),
      refusal(
        "UNAVAILABLE",
        "The batch scheduling queue to which this task was submitted is full; currently 2 batches enqueued and " +
          "max_enqueued_batches is 2",
      ),
    );
    const last = ask(floats([6]));
    held.resolve();
    await clock.advance(0);
    assert.deepEqual(await last, floats([...halved([6])]));
    await Promise.all([running, ...waiting]);
  });

  it("refuses a request of more rows than a batch may have", async () => {
    const { ask, model } = bench({ maxRequestRows: 4, maxBatchRows: 4 });
    await assert.rejects(
      ask(floats([1, 2, 3, 4, 5])),
      refusal("INVALID_ARGUMENT", "Task size 5 is larger than maximum input batch size 4"),
    );
    assert.equal(model.runs.length, 0);
  });
});

describe("large requests", () => {
  const splitting = { splitLarge: true, maxRequestRows: 20, maxBatchRows: 4, timeoutMs: 10 };

  it("are cut to fill the open batch and put together again", async () => {
    const { ask, clock, sizes } = bench(splitting);
    const values = [2, 3, 4, 5, 6, 7, 8, 9, 10];
    const answers = [ask(floats([1])), ask(floats(values))];
    await clock.advance(0);
    assert.deepEqual(sizes(), [4, 4]);
    await clock.advance(10);
    assert.deepEqual(sizes(), [4, 4, 2]);
    assert.deepEqual(await answers[1], floats([...halved(values)]));
    assert.deepEqual(await answers[0], floats([...halved([1])]));
    await assert.rejects(ask(floats(Array.from({ length: 21 }, () => 0))), refusal("INVALID_ARGUMENT", /Task size 21/));
  });

  it("are refused whole when not all of their parts find a place", async () => {
    const { ask, clock, sizes } = bench({ ...splitting, maxEnqueuedBatches: 2 });
    const first = ask(floats([1]));
    await assert.rejects(
      ask(floats([2, 3, 4, 5, 6, 7, 8, 9])),
      refusal(
        "UNAVAILABLE",
        "The batch scheduling queue to which this task was submitted is full; task size is 8 but scheduling capacity is " +
          "only 7 (num_enqueued_batches=1, max_enqueued_batches=2, open_batch_size=1, max_execution_batch_size=4)",
      ),
    );
    await clock.advance(10);
    assert.deepEqual(sizes(), [1], "no part of it has run");
    const fits = ask(floats([1, 2, 3, 4, 5, 6, 7, 8]));
    await clock.advance(10);
    assert.equal((await fits).shape[0], 8);
    await first;
  });

  it("fail as one when a part fails", async () => {
    const { ask, clock, model } = bench({ ...splitting, maxBatchRows: 2 });
    const { compute } = model;
    model.compute = (inputs) => {
      if (valuesOf(inputs)[0] === 3) {
        throw new ServingError("INVALID_ARGUMENT", "three");
      }
      return compute(inputs);
    };
    const refused = assert.rejects(ask(floats([1, 2, 3, 4, 5])), refusal("INVALID_ARGUMENT", "three"));
    await clock.advance(10);
    await refused;
  });

  it("do not run the parts that are left when a part fails, and give up those that run", async () => {
    const { ask, clock, model, sizes } = bench({ ...splitting, maxBatchRows: 2 }, { threads: 2 });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const run = model.run.bind(model);
    model.run = async (...args) => {
      const gate = gates[model.runs.length];
      const outputs = run(...args);
      await gate?.promise;
      return await outputs;
    };
    const refused = assert.rejects(ask(floats([1, 2, 3, 4, 5, 6, 7])), refusal("INVALID_ARGUMENT", "one"));
    await clock.advance(0);
    assert.deepEqual(sizes(), [2, 2]);
    gates[0]?.reject(new ServingError("INVALID_ARGUMENT", "one"));
    await refused;
    assert.equal(model.signals[1]?.aborted, true);
    gates[1]?.resolve();
    await clock.advance(10);
    assert.ok(model.signals.slice(2).every((signal) => signal?.aborted));
    assert.ok(sizes().length <= 3, `${sizes().join()}: one may have begun with the place of the one that failed`);
  });
});
