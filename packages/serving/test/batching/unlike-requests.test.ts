import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ModelError } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { refusal } from "../support/refusal.ts";
import { bench, floats, halved, valuesOf } from "./support.ts";

const DIFFERENT_SHAPES =
  "Tensors with name 'x:0' from different tasks have different shapes and padding is turned off. " +
  "Set pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal dimensions " +
  "starting with the first dim.";

/** A tensor of ones. */
function ones(shape: readonly number[]): Tensor {
  const length = shape.reduce((product, size) => product * size);
  return { dtype: "float32", shape, data: new Float32Array(length).fill(1) };
}

describe("padding", () => {
  it("brings batches to an allowed size, and its rows come back to nobody", async () => {
    const { ask, clock, model, observer } = bench({ allowedSizes: [4, 8] });
    const answers = [ask(floats([1])), ask(floats([2, 3]))];
    await clock.advance(0);
    assert.deepEqual(model.runs[0]?.get("x"), floats([1, 2, 3, 2]));
    assert.deepEqual(await Promise.all(answers), [floats([...halved([1])]), floats([...halved([2, 3])])]);
    const alone = ask(floats([9]));
    await clock.advance(0);
    assert.deepEqual(model.runs[1]?.get("x"), floats([9, 9, 9, 9]));
    assert.deepEqual(await alone, floats([...halved([9])]));
    const observed = observer.batches.map(({ requests, rows, size }) => ({ requests, rows, size }));
    assert.deepEqual(observed, [
      { requests: 2, rows: 3, size: 4 },
      { requests: 1, rows: 1, size: 4 },
    ]);
  });

  it("makes inputs of different lengths fit", async () => {
    const { ask, clock, model } = bench({ padVariableLength: true }, { shape: [-1, -1] });
    const answers = [ask(floats([1, 2], [1, 2])), ask(floats([3, 4, 5, 6, 7, 8], [2, 3]))];
    await clock.advance(0);
    assert.deepEqual(model.runs[0]?.get("x"), floats([1, 2, 1, 3, 4, 5, 6, 7, 8], [3, 3]));
    assert.deepEqual((await Promise.all(answers))[0], floats([...halved([1, 2, 1])], [1, 3]));
  });

  const sevenDimensions = [1, 1, 1, 1, 1, 1];
  for (const [what, shapes] of [
    ["of different rank", [[1, 1], [1]]],
    [
      "of more dimensions than can be padded",
      [
        [...sevenDimensions, 1],
        [...sevenDimensions, 2],
      ],
    ],
  ] as const) {
    it(`refuses tensors ${what}`, async () => {
      const { ask, clock } = bench({ padVariableLength: true }, { shape: [-1, -1, -1] });
      const asRefused = refusal("INVALID_ARGUMENT", /'x:0' .* cannot be padded/);
      const refused = shapes.map((shape) => assert.rejects(ask(ones(shape)), asRefused));
      await clock.advance(0);
      await Promise.all(refused);
    });
  }

  it("does not put together parts of a large request that were padded to different sizes", async () => {
    const settings = { padVariableLength: true, splitLarge: true, maxBatchRows: 2 };
    const { ask, clock } = bench(settings, { shape: [-1, -1] });
    const wide = ask(ones([1, 3]));
    const asRefused = refusal("FAILED_PRECONDITION", "The parts of a large request gave outputs of different shapes");
    const refused = assert.rejects(ask(ones([3, 1])), asRefused);
    await clock.advance(0);
    await Promise.all([wide, refused]);
  });

  it("leaves it to each to run alone when it would take too much memory (E1)", async () => {
    const { ask, clock, sizes } = bench({ padVariableLength: true, maxBatchRows: 1000, maxRequestRows: 1000 });
    const answers = [ask(ones([1, 1 << 18])), ask(ones([500, 1]))];
    await clock.advance(0);
    assert.deepEqual(sizes(), [1, 500]);
    assert.deepEqual(
      (await Promise.all(answers)).map(({ shape }) => shape),
      [
        [1, 1 << 18],
        [500, 1],
      ],
    );
  });
});

describe("requests that do not go together", () => {
  it("of different shapes all fail, as in TensorFlow Serving, when the signature does not say which is right", async () => {
    const { ask, clock, model } = bench({}, { shape: [-1, -1] });
    const asRefused = refusal("FAILED_PRECONDITION", DIFFERENT_SHAPES);
    const refused = [ones([1, 2]), ones([2, 1])].map((x) => assert.rejects(ask(x), asRefused));
    await clock.advance(0);
    await Promise.all(refused);
    assert.equal(model.runs.length, 0);
  });

  it("do not fail those that have the declared shape", async () => {
    const { ask, clock, sizes } = bench({}, { shape: [-1, 2] });
    const asRefused = refusal("FAILED_PRECONDITION", DIFFERENT_SHAPES);
    const refused = [ones([1, 3]), ones([3])].map((x) => assert.rejects(ask(x), asRefused));
    const good = [ask(floats([1, 2], [1, 2])), ask(floats([3, 4], [1, 2]))];
    await clock.advance(0);
    const expected = [floats([...halved([1, 2])], [1, 2]), floats([...halved([3, 4])], [1, 2])];
    assert.deepEqual(await Promise.all(good), expected);
    await Promise.all(refused);
    assert.deepEqual(sizes(), [2]);
  });

  it("wait apart from each other where the rules say so", async () => {
    const { ask, clock, sizes } = bench({ separateShapes: true }, { shape: [-1, -1] });
    const shapes = [
      [1, 2],
      [2, 1],
      [1, 2],
    ];
    const answers = shapes.map((shape) => ask(ones(shape)));
    await clock.advance(0);
    assert.deepEqual(sizes(), [2, 2]);
    assert.deepEqual(
      (await Promise.all(answers)).map(({ shape }) => shape),
      shapes,
    );
  });

  it("fail alone when the model refuses the batch, and each learns of its own input only (E3, E4)", async () => {
    const { ask, clock, model, sizes } = bench();
    const { compute } = model;
    model.compute = (inputs) => {
      const bad = valuesOf(inputs).find((value) => value > 100);
      if (bad !== undefined) {
        throw new ServingError("INVALID_ARGUMENT", `value ${bad}`);
      }
      return compute(inputs);
    };
    const settled = Promise.allSettled([1, 1001, 3, 1002].map((value) => ask(floats([value]), { moveInputs: true })));
    await clock.advance(0);
    const outcomes = (await settled).map((one) =>
      one.status === "fulfilled" ? one.value.data[0] : (one.reason as Error).message,
    );
    assert.deepEqual(outcomes, [2.5, "value 1001", 3.5, "value 1002"]);
    assert.deepEqual(sizes(), [4, 1, 1, 1, 1]);
    assert.deepEqual(model.moves, [true, true, true, true, true], "each had kept its own inputs for this");
  });

  it("keep their inputs when these were not given away, also alone in a batch", async () => {
    const { ask, clock, model } = bench({ maxBatchRows: 1 });
    const [kept, given] = [floats([1]), floats([2])];
    const answers = [ask(kept), ask(given, { moveInputs: true })];
    await clock.advance(0);
    await Promise.all(answers);
    assert.deepEqual([kept.data.length, given.data.length], [1, 0]);
    assert.deepEqual(model.moves, [false, true]);
  });

  it("all fail with an engine that is gone", async () => {
    const { ask, clock, model } = bench();
    model.compute = () => {
      throw new ModelError("engine-failed", "gone");
    };
    const refused = [1, 2].map((value) => assert.rejects(ask(floats([value])), { code: "engine-failed" }));
    await clock.advance(0);
    await Promise.all(refused);
    assert.equal(model.runs.length, 1, "it is not asked again");
  });

  it("of a wrong type, without an input or without rows go to the model by themselves", async () => {
    const { batched, clock, model, ask } = bench();
    const good = ask(floats([1]));
    const text: Tensor = { dtype: "string", shape: [1], data: [Buffer.from("1")] };
    await assert.rejects(batched.run("halve", new Map([["x", text]]), ["y"]), /float but another type/);
    await batched.run("halve", new Map(), ["y"]);
    assert.deepEqual(await ask(floats([])), floats([]));
    assert.equal(model.runs.length, 3);
    await clock.advance(0);
    assert.deepEqual(await good, floats([...halved([1])]));
  });
});
