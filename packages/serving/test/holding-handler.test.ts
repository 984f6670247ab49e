import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { type Input, ModelSpec, type Tensor } from "@sealserve/protocol";
import type { Call } from "../src/core/call.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { HoldingHandler } from "../src/core/holding-handler.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { exampleSignature, examplesDouble } from "./support/examples-double.ts";
import { modelDouble } from "./support/model-double.ts";
import { ServedModel } from "./support/served-model.ts";

const LIMIT = 4000;
const budget = new MemoryBudget(LIMIT);
const model = modelDouble();
const handler = new HoldingHandler(new ModelHandler(new ServedModel("half", [{ version: 1n, model }])), budget);
const signatures = {
  classify: exampleSignature("tensorflow/serving/classify", ["scores"]),
  regress: exampleSignature("tensorflow/serving/regress", ["outputs"]),
};
const examples = new HoldingHandler(
  new ModelHandler(new ServedModel("examples", [{ version: 1n, model: examplesDouble(signatures) }])),
  budget,
);
const call: Call = { signal: new AbortController().signal, entrypoint: "GRPC" };
const modelSpec = ModelSpec.create({ name: "half" });
const tooMuch = { code: "RESOURCE_EXHAUSTED", message: "The server holds too much data; try again later" };

afterEach(() => {
  model.gate = Promise.resolve();
  assert.equal(budget.held, 0, "all is given back");
});

function floats(count: number): ReadonlyMap<string, Tensor> {
  return new Map([["x", { dtype: "float32", shape: [count], data: new Float32Array(count) }]]);
}

async function predict(inputs: ReadonlyMap<string, Tensor>, signatureName = ""): Promise<unknown> {
  return await handler.predict(
    { modelSpec: { ...modelSpec, signatureName }, inputs: new Map(inputs), outputFilter: [] },
    call,
  );
}

test("inputs count as held until their call ends", async () => {
  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const running = predict(floats(100));
  assert.equal(budget.held, 400);
  gate.resolve();
  await running;
});

test("inputs that do not fit beside those of other calls are refused, and the model does not see them", async () => {
  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const runs = model.runs.length;
  const running = predict(floats(600));
  await assert.rejects(predict(floats(500)), tooMuch);
  const beside = predict(floats(400));
  gate.resolve();
  await Promise.all([running, beside]);
  assert.equal(model.runs.length, runs + 2);
  await predict(floats(1000));
});

test("inputs of a call that fails are given back", async () => {
  await assert.rejects(predict(new Map(), "pair"));
  await assert.rejects(predict(floats(10), "no such"));
  await assert.rejects(
    async () => await handler.predict({ modelSpec: undefined, inputs: new Map(floats(10)), outputFilter: [] }, call),
  );
});

test("many short strings count for what they take beside their bytes", async () => {
  const data = Array.from({ length: 100 }, () => new Uint8Array(1));
  const strings: ReadonlyMap<string, Tensor> = new Map([["a", { dtype: "string", shape: [100], data }]]);
  await assert.rejects(predict(strings, "pair"), tooMuch);
});

test("examples are held for every method, alone and with a context", async () => {
  const spec = (signatureName: string): ModelSpec => ModelSpec.create({ name: "examples", signatureName });
  const fitting = { exampleList: { examples: [new Uint8Array()] } };
  const large = [new Uint8Array(LIMIT)];
  const refused: Input[] = [
    { exampleList: { examples: large } },
    { exampleListWithContext: { examples: large, context: new Uint8Array() } },
    { exampleListWithContext: { examples: [], context: new Uint8Array(LIMIT + 1) } },
  ];
  for (const input of refused) {
    await assert.rejects(examples.classify({ modelSpec: spec("classify"), input }, call), tooMuch);
    await assert.rejects(examples.regress({ modelSpec: spec("regress"), input }, call), tooMuch);
    await assert.rejects(examples.multiInference({ tasks: [], input }, call), tooMuch);
  }
  await examples.classify({ modelSpec: spec("classify"), input: fitting }, call);
  await examples.regress({ modelSpec: spec("regress"), input: fitting }, call);
});

test("a part of the free memory never takes more than half of it", () => {
  assert.equal(budget.reservePart(100), 100);
  assert.equal(budget.reservePart(LIMIT), (LIMIT - 100) / 2);
  budget.release(100 + (LIMIT - 100) / 2);
});
