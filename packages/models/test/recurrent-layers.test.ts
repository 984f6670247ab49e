// Cells of recurrent layers are recognised by what they compute, and give what the loop gives.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import type { LoadedModel } from "../src/loaded-model.ts";
import { withBodies } from "../src/onnx/bodies.ts";
import { ModelProto, type NodeProto } from "../src/onnx/schema.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectSame, outcome } from "./fixtures/outcome.ts";
import { type RecurrentLayer, randomNumbers, recurrentModel } from "./fixtures/recurrent.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats } from "./fixtures/tensors.ts";

after(closeModels);

const sizes = { features: 3, units: 4 };

const recognised: Readonly<Record<string, RecurrentLayer>> = {
  "an LSTM": { kind: "LSTM", ...sizes },
  "an LSTM without biases": { kind: "LSTM", ...sizes, isBiased: false },
  "an LSTM with gates in another order": { kind: "LSTM", ...sizes, order: [3, 2, 0, 1] },
  "an LSTM whose first state has one row": { kind: "LSTM", ...sizes, hasOneState: true },
  "an LSTM of which the last step is kept": { kind: "LSTM", ...sizes, form: "last step only" },
  "a GRU": { kind: "GRU", ...sizes },
  "a GRU without biases": { kind: "GRU", ...sizes, isBiased: false },
  "a GRU with gates in another order": { kind: "GRU", ...sizes, order: [1, 2, 0] },
  "a GRU whose turns are counted twice": { kind: "GRU", ...sizes, form: "counts turns" },
};

const others: Readonly<Record<string, RecurrentLayer>> = {
  "an LSTM that shows its state otherwise": { kind: "LSTM", ...sizes, activation: "Relu" },
  "an LSTM with gates of another form": { kind: "LSTM", ...sizes, gate: "hard" },
  "an LSTM with one operation more": { kind: "LSTM", ...sizes, factor: 0.9 },
  "an LSTM with a mask": { kind: "LSTM", ...sizes, isMasked: true },
  "a GRU with gates of another form": { kind: "GRU", ...sizes, gate: "Relu" },
  "a GRU that resets its state before the product": { kind: "GRU", ...sizes, resetsBefore: true },
  "a GRU that keeps what it should renew": { kind: "GRU", ...sizes, variation: "gates the wrong way" },
  "a GRU that renews by another gate than it keeps by": { kind: "GRU", ...sizes, variation: "shares by another gate" },
  "a GRU that collects something else": { kind: "GRU", ...sizes, variation: "collects something else" },
  "a GRU that does something besides": { kind: "GRU", ...sizes, variation: "does something besides" },
  "a GRU with one operation more": { kind: "GRU", ...sizes, factor: 0.9 },
};

const order = (count: number) => fc.shuffledSubarray([...Array(count).keys()], { minLength: count });
const random = fc
  .sample(
    fc.record({
      kind: fc.constantFrom("LSTM" as const, "GRU" as const),
      features: fc.integer({ min: 1, max: 6 }),
      units: fc.integer({ min: 1, max: 9 }),
      backwards: fc.boolean(),
      isBiased: fc.boolean(),
      four: order(4),
      three: order(3),
    }),
    { numRuns: 12, seed: 1 },
  )
  .map(({ four, three, ...layer }): RecurrentLayer => ({ ...layer, order: layer.kind === "LSTM" ? four : three }));

const layers: Readonly<Record<string, RecurrentLayer>> = {
  ...recognised,
  ...others,
  ...Object.fromEntries(random.map((layer) => [`random: ${JSON.stringify(layer)}`, layer])),
};
const [names, plain] = [Object.keys(layers), (name: string): string => `${name}, interpreted`];
/** Names of signatures and functions are plain. */
const key = (name: string): string =>
  `layer_${names.indexOf(name.replace(", interpreted", ""))}${name.endsWith("interpreted") ? "p" : ""}`;

const files = () =>
  savedModelFiles(
    recurrentModel(
      Object.fromEntries(
        names.flatMap((name) => [
          [key(name), layers[name] as RecurrentLayer],
          [key(plain(name)), { ...(layers[name] as RecurrentLayer), isInterpreted: true }],
        ]),
      ),
    ),
  );
let model: LoadedModel;

before(async () => {
  model = await load(files(), { threads: 1 });
});

test("cells are recognised by what they compute", () => {
  const { graphs } = prepareSavedModel(files());
  const layersOf = (name: string): string[] => {
    const graph = graphs.get(key(name)) ?? assert.fail(name);
    const nodes = [...withBodies(ModelProto.decode(graph.model).graph?.node ?? [])];
    assert.equal(nodes.filter(({ opType }) => opType === "Loop").length, 1, name);
    return nodes.map(({ opType }) => opType).filter((type) => type === "LSTM" || type === "GRU");
  };
  for (const name of names) {
    assert.deepEqual(layersOf(name), name in others ? [] : [layers[name]?.kind], name);
  }
});

test("an empty batch takes none of the turns that its sender may choose freely", () => {
  const { graphs } = prepareSavedModel(files());
  const typesIn = (nodes: readonly NodeProto[]): string[] =>
    [...withBodies(nodes)].map(({ opType }) => opType).filter((type) => type === "If" || type === "Loop");
  for (const name of Object.keys(recognised)) {
    const { graph } = ModelProto.decode((graphs.get(key(name)) ?? assert.fail(name)).model);
    const [choice] = (graph?.node ?? []).filter(({ opType }) => opType === "If");
    const otherwise = choice?.attribute.find((attribute) => attribute.name === "else_branch")?.g?.node ?? [];
    assert.deepEqual(typesIn(otherwise), ["If", "Loop"], name);
    const [empty] = otherwise.filter(({ opType }) => opType === "If");
    assert.deepEqual(typesIn(empty?.attribute.find(({ name: of }) => of === "then_branch")?.g?.node ?? []), [], name);
  }
});

/** Rows of random numbers, with some changed. */
function sequence(
  batch: number,
  steps: number,
  features: number,
  change: Readonly<Record<number, number>> = {},
): Tensor {
  const shape = [batch, steps, features];
  return floats(
    shape,
    randomNumbers(shape, batch + steps).map((value, index) => change[index] ?? value),
  );
}

for (const [name, { features }] of Object.entries(layers)) {
  test(`${name} gives what the interpreter gives`, async () => {
    const inputs = [
      sequence(1, 1, features),
      sequence(1, 7, features),
      sequence(4, 3, features),
      sequence(2, 0, features),
      sequence(0, 2, features),
      sequence(0, 0, features),
      sequence(2, 5, features, { [features]: Number.NaN }),
      sequence(2, 5, features, { 0: Number.POSITIVE_INFINITY, [features]: Number.NEGATIVE_INFINITY }),
      sequence(1, 3, features, { 0: 1e30 }),
      sequence(1, 2, features + 1),
    ];
    for (const x of inputs) {
      for (const part of ["", ":end"]) {
        const run = (layer: string) => outcome(model.run(`${key(layer)}${part}`, feed(x), []));
        expectSame(await run(name), await run(plain(name)));
      }
    }
  });
}
