import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { refusal } from "../support/refusal.ts";
import { bench, floats, halved } from "./support.ts";

describe("inputs and outputs without a common first dimension", () => {
  const number: Tensor = { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) };
  const texts: Tensor = { dtype: "string", shape: [2], data: [new Uint8Array(), new Uint8Array()] };

  it("are refused in TensorFlow Serving's words", async () => {
    const { batched, ask } = bench();
    await assert.rejects(
      ask(floats([1], [])),
      refusal("INVALID_ARGUMENT", "Batching Run() input tensors must have at least one dimension"),
    );
    const inputs = new Map([
      ["text", texts],
      ["number", number],
    ]);
    await assert.rejects(
      batched.run("echo", inputs, ["text"]),
      refusal("INVALID_ARGUMENT", "Batching Run() input tensors must have equal 0th-dimension size"),
    );
  });

  it("are refused when a tensor's data do not fit its shape: rows would move to others (E3)", async () => {
    const { ask, model } = bench();
    await assert.rejects(ask(floats([1, 2, 3], [2])), { code: "bad-tensor" });
    await assert.rejects(ask(floats([1], [2])), { code: "bad-tensor" });
    assert.equal(model.runs.length, 0);
  });

  const SUM =
    "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors";
  for (const [y, message] of [
    [floats([1], []), "Batched output tensor has 0 dimensions"],
    [floats([1]), SUM],
    [floats([1, 2, 3]), SUM],
  ] as const) {
    it(`are refused when the model gives them, for all of the batch: shape [${y.shape.join()}]`, async () => {
      const { ask, clock, model } = bench();
      model.compute = () => new Map([["y", y]]);
      const asRefused = refusal("FAILED_PRECONDITION", message);
      const refused = [1, 2].map((value) => assert.rejects(ask(floats([value])), asRefused));
      await clock.advance(0);
      await Promise.all(refused);
    });
  }
});

describe("a request that has ended", () => {
  const deadline = new ServingError("DEADLINE_EXCEEDED", "Deadline Exceeded");

  it("leaves the queue: cancelled with its reason, after its deadline in TensorFlow Serving's words", async () => {
    const { ask, clock, sizes } = bench({ timeoutMs: 10, maxBatchRows: 3, maxEnqueuedBatches: 1 });
    const gone = new AbortController();
    const late = new AbortController();
    const cancelled = assert.rejects(ask(floats([1, 2]), { signal: gone.signal }), refusal("CANCELLED", "gone"));
    const expired = assert.rejects(
      ask(floats([3]), { signal: late.signal }),
      refusal("RESOURCE_EXHAUSTED", "Run() timeout exceeded while waiting in batching queue"),
    );
    gone.abort(new ServingError("CANCELLED", "gone"));
    const other = ask(floats([4, 5]));
    late.abort(deadline);
    await clock.advance(10);
    assert.deepEqual(sizes(), [2], "its place was taken by another");
    assert.deepEqual(await other, floats([...halved([4, 5])]));
    await Promise.all([cancelled, expired]);
  });

  it("does not come into the queue", async () => {
    const { ask, clock, model } = bench();
    await assert.rejects(ask(floats([1]), { signal: AbortSignal.abort(deadline) }), refusal("DEADLINE_EXCEEDED", /./));
    await clock.advance(0);
    assert.equal(model.runs.length, 0);
  });

  it("ends a run only together with all others of its batch: the latest deadline counts", async () => {
    const { ask, clock, model } = bench();
    const held = Promise.withResolvers<void>();
    model.gate = held.promise;
    const controllers = [new AbortController(), new AbortController()];
    const answers = controllers.map(({ signal }, index) => ask(floats([index]), { signal }));
    await clock.advance(0);
    controllers[0]?.abort(deadline);
    assert.equal(model.signals[0]?.aborted, false);
    controllers[1]?.abort(deadline);
    assert.equal(model.signals[0]?.aborted, true);
    assert.equal(model.signals[0]?.reason, deadline);
    held.resolve();
    await Promise.all(answers);
    const endless = [ask(floats([1]), { signal: new AbortController().signal }), ask(floats([2]))];
    await clock.advance(0);
    assert.equal(model.signals[1], undefined, "one without a deadline keeps the batch running");
    await Promise.all(endless);
  });

  it("is not run again with a batch that failed", async () => {
    const { ask, clock, model, sizes } = bench();
    const gone = new AbortController();
    model.compute = () => {
      gone.abort(new ServingError("CANCELLED", "gone"));
      throw new ServingError("INVALID_ARGUMENT", "no");
    };
    const refused = [
      assert.rejects(ask(floats([1])), refusal("INVALID_ARGUMENT", "no")),
      assert.rejects(ask(floats([2]), { signal: gone.signal }), refusal("CANCELLED", "gone")),
    ];
    await clock.advance(0);
    await Promise.all(refused);
    assert.deepEqual(sizes(), [2, 1]);
  });
});

describe("a batched model", () => {
  it("tells how long requests waited", async () => {
    const { ask, clock, observer } = bench({ timeoutMs: 10 });
    const answers = [ask(floats([1]))];
    await clock.advance(4);
    answers.push(ask(floats([2])));
    await clock.advance(6);
    await Promise.all(answers);
    assert.deepEqual(observer.waits, [10, 6]);
  });

  it("refuses what waits when it is unloaded, and closes its model", async () => {
    const { ask, batched, model } = bench({ timeoutMs: 10 });
    const refused = assert.rejects(ask(floats([1])), { code: "closed" });
    await batched.close();
    await refused;
    assert.equal(model.closed, true);
  });

  it("passes on what it does not change", () => {
    const { batched, model } = bench();
    assert.equal(batched.signatures, model.signatures);
    assert.equal(batched.signatureDefs, model.signatureDefs);
    assert.equal(batched.refusals, model.refusals);
    assert.equal(batched.platform, model.platform);
    assert.equal(batched.failure, undefined);
  });
});
