// Loops that the engine runs as a whole give what the interpreter gives, turn by turn.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { convertModel } from "../src/convert/convert-model.ts";
import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import type { LoadedModel } from "../src/loaded-model.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectSame, outcome } from "./fixtures/outcome.ts";
import { type RecurrentLayer, randomNumbers, recurrentModel } from "./fixtures/recurrent.ts";
import { functionDef, savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats, numbersOf } from "./fixtures/tensors.ts";

after(closeModels);

const sizes = { features: 3, units: 5 };

const layers: Readonly<Record<string, RecurrentLayer>> = {
  lstm: { kind: "LSTM", ...sizes },
  lstm_backwards: { kind: "LSTM", ...sizes, backwards: true },
  lstm_masked: { kind: "LSTM", ...sizes, isMasked: true },
  lstm_hard: { kind: "LSTM", ...sizes, gate: "hard", activation: "Relu" },
  lstm_last_step_only: { kind: "LSTM", ...sizes, form: "last step only" },
  gru: { kind: "GRU", ...sizes },
  gru_counts_turns: { kind: "GRU", ...sizes, form: "counts turns" },
  gru_masked_backwards: { kind: "GRU", ...sizes, isMasked: true, backwards: true },
  gru_resets_before: { kind: "GRU", ...sizes, resetsBefore: true },
  gru_of_two: { kind: "GRU", ...sizes, batch: 2 },
  gru_scaled: { kind: "GRU", ...sizes, factor: 0.75 },
};

const plain = (name: string): string => `${name}_interpreted`;
const all = Object.fromEntries(
  Object.entries(layers).flatMap(([name, layer]) => [
    [name, layer],
    [plain(name), { ...layer, isInterpreted: true }],
  ]),
);

/** Loops that are like those above but for one thing. */
const others: Readonly<Record<string, RecurrentLayer>> = Object.fromEntries(
  (["list is longer", "starts at one", "counts by two", "sets from the end"] as const).map((variation) => [
    variation,
    { kind: "GRU", ...sizes, variation },
  ]),
);
const files = savedModelFiles(recurrentModel(all));
let model: LoadedModel;

before(async () => {
  model = await load(savedModelFiles(recurrentModel(all)), { threads: 1 });
});

test("a loop over rows whose turns are the engine's is one graph, and lists of unknown shape are made", () => {
  const { graphs, plans, refusals } = prepareSavedModel(files);
  assert.deepEqual([...refusals.keys()], []);
  const signatures = (names: readonly string[]) => names.flatMap((name) => [name, `${name}:end`]);
  assert.deepEqual([...graphs.keys()], signatures(Object.keys(layers)));
  assert.deepEqual([...plans.keys()], signatures(Object.keys(layers).map(plain)));
});

test("a loop that is not of this kind is left to the interpreter, turn by turn", async () => {
  const changed = savedModelFiles(recurrentModel(others));
  const { graphs, plans } = prepareSavedModel(changed);
  assert.deepEqual([...graphs.keys()], []);
  assert.equal(plans.size, 2 * Object.keys(others).length);
  const x = feed(floats([2, 3, sizes.features], randomNumbers([2, 3, sizes.features], 1)));
  const varied = await load(changed, { threads: 1 });
  const rowsOf = async (name: string): Promise<number[][]> => {
    const { data } = (await varied.run(name, x, [])).get("sequence") as Tensor;
    const size = 2 * sizes.units;
    return Array.from({ length: data.length / size }, (_, row) =>
      numbersOf({ ...floats([]), data: data.slice(row * size, (row + 1) * size) as Float32Array }),
    );
  };
  const [first, second, third] = await rowsOf("sets from the end");
  const none = Array(2 * sizes.units).fill(0);
  assert.deepEqual(await rowsOf("list is longer"), [third, second, first, none]);
  assert.deepEqual((await rowsOf("starts at one"))[0], none);
  assert.deepEqual([(await rowsOf("counts by two"))[0], (await rowsOf("counts by two"))[1]], [third, none]);
});

test("a loop that takes no rows stays with the interpreter, which bounds its time (E1)", () => {
  const numbers = (value: number) => ({ dtype: "int32", shape: [], data: Int32Array.of(value) }) as const;
  const func = (name: string) => ({ func: { name, attr: new Map() } });
  const { plans, graphs } = prepareSavedModel(
    savedModelFiles({
      nodes: [
        node("limit", "Placeholder", [], { dtype: typeAttr("int32") }),
        node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
        constantNode("zero", numbers(0)),
        node("loop", "StatelessWhile", ["zero", "x", "limit"], { cond: func("goes_on"), body: func("turn") }),
      ],
      functions: [
        functionDef("goes_on", ["i", "x", "limit"], { go: "less:z:0" }, [node("less", "Less", ["i", "limit"])]),
        functionDef("turn", ["i", "x", "limit"], { i: "next:z:0", x: "sum:z:0", limit: "limit" }, [
          constantNode("one", numbers(1)),
          node("next", "AddV2", ["i", "one:output:0"]),
          node("sum", "AddV2", ["x", "x"]),
        ]),
      ],
      signatures: {
        s: { inputs: { limit: ["limit:0", "int32"], x: ["x:0", "float32"] }, outputs: { y: ["loop:1", "float32"] } },
      },
    }),
  );
  assert.deepEqual([...graphs.keys()], []);
  assert.deepEqual(
    plans.get("s")?.steps.map(({ kind }) => kind),
    ["loop"],
  );
});

test("a loop that uses rows without taking them one by one stays with the interpreter too (E1)", () => {
  const whole = (name: string, shape: readonly number[], values: readonly number[]) =>
    constantNode(name, { dtype: "int32", shape, data: Int32Array.from(values) });
  const func = (name: string) => ({ func: { name, attr: new Map() } });
  const element = { element_dtype: typeAttr("float32"), shape_type: typeAttr("int32") };
  const { graphs } = prepareSavedModel(
    savedModelFiles({
      nodes: [
        node("limit", "Placeholder", [], { dtype: typeAttr("int32") }),
        node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
        whole("zero", [], [0]),
        whole("shape", [1], [2]),
        constantNode("start", floats([2, 2], [0, 0, 0, 0])),
        node("list", "TensorListFromTensor", ["x", "shape"], element),
        node("loop", "StatelessWhile", ["zero", "start", "limit", "list"], {
          cond: func("goes_on"),
          body: func("turn"),
        }),
      ],
      functions: [
        functionDef("goes_on", ["i", "x", "limit", "list"], { go: "less:z:0" }, [node("less", "Less", ["i", "limit"])]),
        functionDef(
          "turn",
          ["i", "x", "limit", "list"],
          { i: "next:z:0", x: "sum:z:0", limit: "limit", list: "list" },
          [
            whole("one", [], [1]),
            whole("shape", [1], [2]),
            node("next", "AddV2", ["i", "one:output:0"]),
            node("rows", "TensorListStack", ["list", "shape:output:0"], { element_dtype: typeAttr("float32") }),
            node("sum", "AddV2", ["x", "rows:tensor:0"]),
          ],
        ),
      ],
      signatures: {
        s: { inputs: { limit: ["limit:0", "int32"], x: ["x:0", "float32"] }, outputs: { y: ["loop:1", "float32"] } },
      },
    }),
  );
  assert.deepEqual([...graphs.keys()], []);
});

test("a loop goes into a converted model with its turns", async () => {
  const { model: content } = convertModel(files, { signature: "lstm_masked", weightsFile: "weights" });
  const converted = await load(new Map([["model.onnx", content]]), { threads: 1 });
  const x = feed(floats([2, 4, sizes.features], randomNumbers([2, 4, sizes.features], 3)));
  expectSame(await converted.run("serving_default", x, []), await model.run("lstm_masked", x, []));
});

test("steps that cost nothing to send, as the batch is empty, are bounded (E1)", async () => {
  const run = (shape: readonly number[]) => model.run("lstm", feed(floats(shape)), []);
  await assert.rejects(
    run([0, 100_001, sizes.features]),
    servingError("INVALID_ARGUMENT", "Input x has no elements, and a dimension of 100001, more than 100000"),
  );
  assert.equal((await run([0, 1000, sizes.features])).size > 0, true);
});

for (const [name, layer] of Object.entries(layers)) {
  for (const [batch, steps] of [
    [1, 1],
    [3, 4],
    [2, 0],
    [0, 2],
    [1, 9],
  ] as const) {
    test(`${name}: batch ${batch}, ${steps} steps`, async () => {
      const shape = [batch, steps, layer.features];
      const x = feed(floats(shape, randomNumbers(shape, batch + 1)));
      for (const part of ["", ":end"]) {
        const run = (layerName: string) => outcome(model.run(`${layerName}${part}`, x, []));
        expectSame(await run(name), await run(plain(name)));
      }
    });
  }
}
