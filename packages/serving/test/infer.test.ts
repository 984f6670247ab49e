import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signature } from "@sealserve/models";
import { type GrpcCodeName, type Input, ModelSpec, ServingError, type Tensor } from "@sealserve/protocol";
import type { Call } from "../src/core/call.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { exampleOf, exampleSignature, examplesDouble } from "./support/examples-double.ts";
import { ServedModel } from "./support/served-model.ts";

const CLASSIFY = "tensorflow/serving/classify";
const REGRESS = "tensorflow/serving/regress";

const signatures = {
  both: exampleSignature(CLASSIFY, ["classes", "scores"]),
  scores: exampleSignature(CLASSIFY, ["scores"]),
  classes: exampleSignature(CLASSIFY, ["classes"]),
  regress: exampleSignature(REGRESS, ["outputs"]),
  three: exampleSignature(CLASSIFY, ["classes", "scores", "more"]),
  two: exampleSignature(REGRESS, ["outputs", "more"]),
  pair: exampleSignature(CLASSIFY, ["scores"], ["inputs", "more"]),
  renamed: exampleSignature(CLASSIFY, ["scores"], ["examples"]),
  other: exampleSignature(CLASSIFY, ["y"]),
};
const call: Call = { signal: new AbortController().signal, entrypoint: "GRPC" };
const input: Input = { exampleList: { examples: [exampleOf(2, "a"), exampleOf(6, "b")] } };

function world(options = {}) {
  const model = examplesDouble(signatures);
  return { model, handler: new ModelHandler(new ServedModel("m", [{ version: 3n, model }]), options) };
}

function spec(signatureName: string): ModelSpec {
  return ModelSpec.create({ name: "m", signatureName });
}

function status(code: GrpcCodeName, message: string | RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, code);
    if (message instanceof RegExp) {
      assert.match(error.message, message);
    } else {
      assert.equal(error.message, message);
    }
    return true;
  };
}

const invalid = (message: string | RegExp) => status("INVALID_ARGUMENT", message);

test("Classify gives labels and scores, or the one that the model has", async () => {
  const { handler, model } = world();
  const classes = async (signatureName: string): Promise<[string, number][][]> => {
    const { modelSpec, result } = await handler.classify({ modelSpec: spec(signatureName), input }, call);
    assert.deepEqual(modelSpec, ModelSpec.create({ name: "m", version: 3n, signatureName }));
    return (result?.classifications ?? []).map((one) =>
      one.classes.map(({ label, score }) => [Buffer.from(label).toString(), score]),
    );
  };
  assert.deepEqual(await classes("both"), [[["a", 3]], [["b", 5]]]);
  assert.deepEqual(await classes("scores"), [[["", 3]], [["", 5]]]);
  assert.deepEqual(await classes("classes"), [[["a", 0]], [["b", 0]]]);
  assert.deepEqual(model.runs.at(-1), { signatureName: "classes", outputs: ["classes"] });
});

test("Regress gives a number for each example, from outputs of either shape", async () => {
  const { handler, model } = world();
  const values = async (): Promise<number[]> => {
    const { result } = await handler.regress({ modelSpec: spec("regress"), input }, call);
    return (result?.regressions ?? []).map(({ value }) => value);
  };
  assert.deepEqual(await values(), [3, 5]);
  model.results = new Map([["outputs", { dtype: "float32", shape: [2], data: Float32Array.of(7, 8) }]]);
  assert.deepEqual(await values(), [7, 8]);
});

test("an empty signature name is the default one", async () => {
  const model = examplesDouble({ serving_default: signatures.regress });
  const handler = new ModelHandler(new ServedModel("m", [{ version: 3n, model }]));
  const { modelSpec } = await handler.regress({ modelSpec: spec(""), input }, call);
  assert.equal(modelSpec?.signatureName, "serving_default");
});

test("a context is merged into every example, whose own features win", async () => {
  const { handler } = world();
  const examples = [exampleOf(6), exampleOf(undefined)];
  const withContext: Input = { exampleListWithContext: { examples, context: exampleOf(2, "c") } };
  const { result } = await handler.classify({ modelSpec: spec("both"), input: withContext }, call);
  const classes = (result?.classifications ?? []).flatMap((one) => one.classes);
  assert.deepEqual(
    classes.map(({ label, score }) => [Buffer.from(label).toString(), score]),
    [
      ["c", 5],
      ["c", 3],
    ],
  );
});

test("a context that would grow beyond its bound is refused before it does", async () => {
  const { handler, model } = world();
  const examples = Array.from({ length: 1000 }, () => new Uint8Array());
  const bomb: Input = { exampleListWithContext: { examples, context: new Uint8Array(1 << 20) } };
  const calling = handler.classify({ modelSpec: spec("both"), input: bomb }, call);
  await assert.rejects(calling, invalid(/^The context takes 1048576000 bytes for all examples, more than 67108864$/));
  assert.equal(model.runs.length, 0);
});

test("requests without model, examples or a known signature are refused with TensorFlow Serving's messages", async () => {
  const { handler, model } = world();
  for (const method of ["classify", "regress"] as const) {
    const refused = async (request: { modelSpec?: ModelSpec; input?: Input }, message: string): Promise<void> =>
      await assert.rejects(handler[method](request, call), invalid(message));
    const modelSpec = spec(method === "classify" ? "scores" : "regress");
    await refused({ input }, "Missing ModelSpec");
    await refused({ modelSpec }, "Input is empty.");
    await refused({ modelSpec, input: {} }, "Input is empty.");
    await refused({ modelSpec, input: { exampleList: { examples: [] } } }, "Input is empty.");
    const context = exampleOf(1);
    await refused({ modelSpec, input: { exampleListWithContext: { examples: [], context } } }, "Input is empty.");
    await refused({ modelSpec: spec("nope"), input }, "No signature was found with the name: nope");
    await refused({ modelSpec: spec(""), input }, "No signature was found with the name: serving_default");
  }
  assert.equal(model.runs.length, 0);
});

test("signatures that do not fit are refused with TensorFlow Serving's messages", async () => {
  const { handler, model } = world();
  const refused = async (method: "classify" | "regress", name: string, message: string | RegExp): Promise<void> =>
    await assert.rejects(handler[method]({ modelSpec: spec(name), input }, call), invalid(message));
  await refused("classify", "pair", "Expected one input Tensor.");
  await refused("classify", "three", "Expected one or two output Tensors, found 3");
  await refused("classify", "renamed", /^No classification inputs found in SignatureDef: method_name: "tensorflow/);
  await refused(
    "classify",
    "other",
    'Expected classification signature outputs to contain at least one of "classes" or "scores". ' +
      'Signature was: method_name: "tensorflow/serving/classify"\n',
  );
  await refused("regress", "pair", "Expected one input Tensor.");
  await refused("regress", "two", "Expected one output Tensor.");
  await refused("regress", "renamed", /^No regression inputs found in SignatureDef: method_name/);
  await refused("regress", "other", /^No regression outputs found in SignatureDef: method_name/);
  assert.equal(model.runs.length, 0);
});

test("results of another form are refused with TensorFlow Serving's messages", async () => {
  const { handler, model } = world();
  const floats = (...shape: number[]): Tensor => ({ dtype: "float32", shape, data: new Float32Array(12) });
  const texts = (...shape: number[]): Tensor => ({
    dtype: "string",
    shape,
    data: Array.from({ length: 12 }, () => Buffer.of()),
  });
  const integers: Tensor = { dtype: "int32", shape: [2, 1], data: new Int32Array(2) };
  const refused = async (name: string, results: Record<string, Tensor>, message: string): Promise<void> => {
    model.results = new Map(Object.entries(results));
    const method = name === "regress" ? "regress" : "classify";
    await assert.rejects(handler[method]({ modelSpec: spec(name), input }, call), invalid(message));
  };
  const shape = "Expected Tensor shape: [batch_size num_classes] but got";
  await refused("both", { classes: texts(2), scores: floats(2, 1) }, `${shape} [2]`);
  await refused("both", { classes: texts(2, 1), scores: floats(2, 1, 3) }, `${shape} [2,1,3]`);
  await refused("scores", { scores: floats() }, `${shape} []`);
  await refused("classes", { classes: integers }, "Expected classes Tensor of DT_STRING. Got: DT_INT32");
  await refused("scores", { scores: integers }, "Expected scores Tensor of DT_FLOAT. Got: DT_INT32");
  await refused("classes", { classes: texts(3, 1) }, "Expected classes output batch size of 2. Got: 3");
  await refused("scores", { scores: floats(1, 2) }, "Expected scores output batch size of 2. Got: 1");
  await refused(
    "both",
    { classes: texts(2, 3), scores: floats(2, 4) },
    "Tensors class and score should match in dim_size(1). Got 3 vs. 4",
  );
  const either = "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got";
  await refused("regress", { outputs: floats(2, 2) }, `${either} [2,2]`);
  await refused("regress", { outputs: floats() }, `${either} []`);
  await refused("regress", { outputs: floats(3) }, "Input batch size did not match output batch size: 2 vs. 3");
  await refused("regress", { outputs: integers }, "Expected output Tensor of DT_FLOAT.  Got: DT_INT32");
});

test("MultiInference runs each task over the same examples, and keeps their order", async () => {
  const { handler } = world();
  const tasks = [
    { modelSpec: spec("regress"), methodName: REGRESS },
    { modelSpec: spec("both"), methodName: CLASSIFY },
  ];
  const { results } = await handler.multiInference({ tasks, input }, call);
  assert.deepEqual(
    results.map(({ modelSpec }) => [modelSpec?.name, modelSpec?.version, modelSpec?.signatureName]),
    [
      ["m", 3n, "regress"],
      ["m", 3n, "both"],
    ],
  );
  assert.deepEqual(results[0]?.regressionResult, { regressions: [{ value: 3 }, { value: 5 }] });
  const [first] = results[1]?.classificationResult?.classifications ?? [];
  assert.deepEqual(first, { classes: [{ label: Uint8Array.of(0x61), score: 3 }] });
});

test("MultiInference gives up the other tasks when one fails", async () => {
  const { handler, model } = world();
  const given: string[] = [];
  const run = model.run.bind(model);
  model.run = async (name, inputs, outputs, options) => {
    if (name === "regress") {
      throw new ServingError("INTERNAL", "failed");
    }
    const signal = options?.signal;
    assert.ok(signal);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    given.push(name);
    return await run(name, inputs, outputs, options);
  };
  const tasks = [
    { modelSpec: spec("both"), methodName: CLASSIFY },
    { modelSpec: spec("regress"), methodName: REGRESS },
  ];
  await assert.rejects(handler.multiInference({ tasks, input }, call), status("INTERNAL", "failed"));
  assert.deepEqual(given, ["both"]);
});

test("MultiInference refuses what TensorFlow Serving refuses, before anything runs", async () => {
  const { handler, model } = world();
  const task = (signature: string, methodName: string, name = "m") => ({
    modelSpec: ModelSpec.create({ name, signatureName: signature }),
    methodName,
  });
  const good = task("regress", REGRESS);
  const refused = async (tasks: object[], code: GrpcCodeName, message: string, given: Input = input): Promise<void> =>
    await assert.rejects(
      handler.multiInference({ tasks: tasks as (typeof good)[], input: given }, call),
      status(code, message),
    );
  await refused([], "INVALID_ARGUMENT", "ModelSpec has no name specified.");
  await refused([{ methodName: REGRESS }], "INVALID_ARGUMENT", "ModelSpec has no name specified.");
  await refused([good, task("both", CLASSIFY, "")], "INVALID_ARGUMENT", "Found ModelSpec with an empty model name.");
  await refused(
    [good, task("both", CLASSIFY, "other")],
    "INVALID_ARGUMENT",
    "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
  );
  await refused([good, good], "INVALID_ARGUMENT", "Duplicate evaluation of signature: regress");
  await refused([task("no", REGRESS)], "INVALID_ARGUMENT", "Requested signature not found in model graph: no");
  await refused(
    [task("", REGRESS)],
    "INVALID_ARGUMENT",
    "Requested signature not found in model graph: serving_default",
  );
  const predict = "tensorflow/serving/predict";
  await refused([good, task("both", predict)], "UNIMPLEMENTED", `Unsupported signature method_name: ${predict}`);
  await refused([good, task("two", REGRESS)], "INVALID_ARGUMENT", "Expected one output Tensor.");
  await refused([good], "INVALID_ARGUMENT", "Input is empty.", {});
  assert.equal(model.runs.length, 0);
});

test("method names are looked at only when that is asked for", async () => {
  const odd: Record<string, Signature> = {
    classify: exampleSignature("odd", ["scores"]),
    regress: exampleSignature("odd", ["outputs"]),
  };
  const model = examplesDouble(odd);
  const over = (options: object): ModelHandler =>
    new ModelHandler(new ServedModel("m", [{ version: 3n, model }]), options);
  const [lax, strict] = [over({}), over({ checkMethodName: true })];
  await lax.classify({ modelSpec: spec("classify"), input }, call);
  await lax.regress({ modelSpec: spec("regress"), input }, call);
  const examples: Tensor = { dtype: "string", shape: [1], data: [exampleOf(2)] };
  const request = { modelSpec: spec("classify"), inputs: new Map([["inputs", examples]]), outputFilter: [] };
  await lax.predict(request, call);
  await assert.rejects(
    strict.classify({ modelSpec: spec("classify"), input }, call),
    invalid(`Expected classification signature method_name to be ${CLASSIFY}. Was: odd`),
  );
  await assert.rejects(
    strict.regress({ modelSpec: spec("regress"), input }, call),
    invalid(`Expected regression signature method_name to be ${REGRESS}. Was: odd`),
  );
  await assert.rejects(
    async () => await strict.predict(request, call),
    status(
      "INTERNAL",
      "Expected prediction signature method_name to be one of " +
        `{tensorflow/serving/predict, ${CLASSIFY}, ${REGRESS}}. Was: odd`,
    ),
  );
  await assert.rejects(
    strict.multiInference({ tasks: [{ modelSpec: spec("regress"), methodName: REGRESS }], input }, call),
    invalid(`Expected regression signature method_name to be ${REGRESS}. Was: odd`),
  );
});

test("a call that has ended is not run", async () => {
  const { handler, model } = world();
  const ended = { ...call, signal: AbortSignal.abort(new ServingError("CANCELLED", "gone")) };
  const tasks = [{ modelSpec: spec("regress"), methodName: REGRESS }];
  await assert.rejects(handler.classify({ modelSpec: spec("scores"), input }, ended), status("CANCELLED", "gone"));
  await assert.rejects(handler.multiInference({ tasks, input }, ended), status("CANCELLED", "gone"));
  assert.equal(model.runs.length, 0);
});
