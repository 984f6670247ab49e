import assert from "node:assert/strict";
import { test } from "node:test";
import { type LoadedModel, ModelError } from "@sealserve/models";
import {
  GetModelMetadataRequest,
  GetModelStatusRequest,
  type GrpcCodeName,
  ModelSpec,
  modelStates,
  type PredictRequest,
  ServingError,
  signaturesOf,
  type Tensor,
} from "@sealserve/protocol";
import type { Call } from "../src/core/call.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { answerRest, type RestRequest } from "../src/rest/answer.ts";
import { modelDouble } from "./support/model-double.ts";
import { ServedModel } from "./support/served-model.ts";

const one = modelDouble();
const three = modelDouble();
const handler = new ModelHandler(
  new ServedModel("half", [
    { version: 1n, model: one },
    { version: 3n, model: three },
  ]),
);

const x: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) };
const text: Tensor = { dtype: "string", shape: [], data: [Buffer.from("t")] };

function request(changes: Partial<PredictRequest> & { spec?: Partial<ModelSpec> } = {}): PredictRequest {
  const { spec = {}, ...rest } = changes;
  return {
    modelSpec: ModelSpec.create({ name: "half", ...spec }),
    inputs: new Map([["x", x]]),
    outputFilter: [],
    ...rest,
  };
}

const call: Call = { signal: new AbortController().signal, entrypoint: "GRPC" };

function status(code: GrpcCodeName, message: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ServingError, String(error));
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  };
}

test("a request without a version runs the newest, and the answer says which", async () => {
  const { modelSpec, outputs } = await handler.predict(request(), call);
  assert.deepEqual([...(outputs.get("y")?.data ?? [])], [2.5, 3, 4.5]);
  assert.deepEqual(modelSpec, ModelSpec.create({ name: "half", version: 3n, signatureName: "serving_default" }));
  assert.deepEqual(three.runs.at(-1), { signatureName: "serving_default", outputs: ["y"] });
});

test("a version asked for by number runs", async () => {
  assert.equal((await handler.predict(request({ spec: { version: 1n } }), call)).modelSpec.version, 1n);
  assert.equal(one.runs.length, 1);
});

test("unknown models, versions and labels are refused with TensorFlow Serving's messages", async () => {
  const cases: [Partial<PredictRequest> & { spec?: Partial<ModelSpec> }, GrpcCodeName, string][] = [
    [{ modelSpec: undefined }, "INVALID_ARGUMENT", "Missing ModelSpec"],
    [{ spec: { name: "" } }, "INVALID_ARGUMENT", "ModelSpec has no name specified."],
    [{ spec: { name: "other" } }, "NOT_FOUND", "Servable not found for request: Latest(other)"],
    [{ spec: { name: "Half" } }, "NOT_FOUND", "Servable not found for request: Latest(Half)"],
    [{ spec: { version: 2n } }, "NOT_FOUND", "Servable not found for request: Specific(half, 2)"],
    [{ spec: { version: 0n } }, "NOT_FOUND", "Servable not found for request: Specific(half, 0)"],
    [{ spec: { name: "other", version: 3n } }, "NOT_FOUND", "Servable not found for request: Specific(other, 3)"],
    [{ spec: { versionLabel: "stable" } }, "INVALID_ARGUMENT", "Unrecognized servable version label: stable"],
    [{ spec: { name: "o", versionLabel: "" } }, "INVALID_ARGUMENT", "Unrecognized servable version label: "],
    [{ spec: { signatureName: "no" } }, "FAILED_PRECONDITION", 'Serving signature key "no" not found.'],
  ];
  for (const [changes, code, message] of cases) {
    await assert.rejects(async () => await handler.predict(request(changes), call), status(code, message), message);
  }
});

test("inputs that do not fit the signature are refused with TensorFlow Serving's messages", async () => {
  const inputs = (...names: string[]): Map<string, Tensor> => new Map(names.map((name) => [name, text]));
  const refused = async (changes: Parameters<typeof request>[0], message: string): Promise<void> =>
    await assert.rejects(
      async () => await handler.predict(request(changes), call),
      status("INVALID_ARGUMENT", message),
    );
  await refused(
    { inputs: inputs("z", "y"), spec: { signatureName: "" } },
    "input size does not match signature: 2!=1 len({y,z}) != len({x}). Sent extra: {y,z}. Missing but required: {x}.",
  );
  await refused(
    { inputs: inputs("b"), spec: { signatureName: "pair" } },
    "input size does not match signature: 1!=2 len({b}) != len({a,b}). Sent extra: {}. Missing but required: {a}.",
  );
  await refused(
    { inputs: inputs("key") },
    "Signature input alias: x(feed name: x:0) not found in request and no default value provided. " +
      "Inputs expected to be in the request {key}, or default input alias set: ",
  );
});

test("inputs left out take the signature's default values; names that it lacks are refused", async () => {
  const greet = async (...names: string[]) =>
    await handler.predict(
      request({ inputs: new Map(names.map((name) => [name, text])), spec: { signatureName: "greeting" } }),
      call,
    );
  const [filled, given] = [await greet("a"), await greet("a", "b")];
  assert.deepEqual(filled.outputs.get("a"), text);
  assert.equal(Buffer.from(filled.outputs.get("b_bytes")?.data[0] as Uint8Array).toString(), "world");
  assert.deepEqual(given.outputs.get("b_bytes"), text, "what is given counts");
  const refused = async (names: string[], message: string): Promise<void> =>
    await assert.rejects(greet(...names), status("INVALID_ARGUMENT", message));
  await refused(["a", "c"], "Inputs contains invalid name. Used request inputs: a, request input: a,c");
  await refused(
    ["b"],
    "Signature input alias: a(feed name: a:0) not found in request and no default value provided. " +
      "Inputs expected to be in the request {b}, or default input alias set: b",
  );
  await refused(
    ["a", "c", "d"],
    "input size does not match signature: 3!=2 len({a,c,d}) != len({a,b}). Sent extra: {c,d}. Missing but required: {b}.",
  );
});

test("inputs that a call gives away are moved to the model, those of its signature never", async () => {
  const giving: Call = { ...call, givesInputs: true };
  const moved = async (names: string[], given: Call): Promise<boolean | undefined> => {
    const inputs = new Map(names.map((name) => [name, text]));
    await handler.predict(request({ inputs, spec: { signatureName: "greeting" } }), given);
    return three.moves.at(-1);
  };
  assert.equal(await moved(["a", "b"], giving), true);
  assert.equal(await moved(["a"], giving), false, "a default value is among them");
  assert.equal(await moved(["a", "b"], call), false, "nobody said that they are given away");
});

test("a call over REST takes no default values", async () => {
  const restCall: RestRequest["call"] = { kind: "predict", model: { name: "half" } };
  const { signal } = new AbortController();
  for (const [member, message] of [
    ['"inputs": {"a": "t"}', /^Missing named input: b in 'inputs' object.$/],
    ['"instances": [{"a": "t"}]', /keys must be equal to: a,b$/],
  ] as const) {
    const body = Buffer.from(`{"signature_name": "greeting", ${member}}`);
    const answer = async () => await answerRest(handler, { call: restCall, body, origin: undefined, signal });
    await assert.rejects(answer, { code: "INVALID_ARGUMENT", message });
  }
});

test("the output filter limits what is computed, and is checked", async () => {
  const inputs = new Map([
    ["a", text],
    ["b", text],
  ]);
  const pair = { inputs, spec: { signatureName: "pair" } };
  const { outputs } = await handler.predict(request({ ...pair, outputFilter: ["b_bytes"] }), call);
  assert.deepEqual([...outputs.keys()], ["b_bytes"]);
  assert.deepEqual(three.runs.at(-1)?.outputs, ["b_bytes"]);
  await assert.rejects(
    async () => await handler.predict(request({ ...pair, outputFilter: ["c"] }), call),
    status(
      "INVALID_ARGUMENT",
      "output tensor alias not found in signature: c Outputs expected to be in the set {a,b_bytes}.",
    ),
  );
  await assert.rejects(
    async () => await handler.predict(request({ ...pair, outputFilter: ["a", "a"] }), call),
    status("INVALID_ARGUMENT", "duplicate output tensor alias: a"),
  );
});

test("a call that has ended is not run", async () => {
  const before = three.runs.length;
  const ended = AbortSignal.abort(new ServingError("CANCELLED", "gone"));
  await assert.rejects(
    async () => await handler.predict(request(), { ...call, signal: ended }),
    status("CANCELLED", "gone"),
  );
  assert.equal(three.runs.length, before);
});

test("a model that can is run at once, and its failures have the same codes", async () => {
  const outputs = new Map([["y", text]]);
  const model = { ...modelDouble(), failure: undefined as ModelError | undefined, runNow: () => outputs };
  const over = new ModelHandler(new ServedModel("half", [{ version: 1n, model }]));
  const answer = over.predict(request(), call);
  assert.ok(!(answer instanceof Promise));
  assert.deepEqual(answer.outputs, outputs);
  const ended = { ...call, signal: AbortSignal.abort(new ServingError("CANCELLED", "gone")) };
  assert.throws(() => over.predict(request(), ended), status("CANCELLED", "gone"));
  model.runNow = () => {
    throw new ModelError("closed", "closed");
  };
  assert.throws(() => over.predict(request(), call), status("UNAVAILABLE", "The server is shutting down"));
  model.failure = new ModelError("engine-failed", "the engine's thread has failed");
  assert.throws(() => over.predict(request(), call), status("UNAVAILABLE", "The model's engine has failed"));
});

test("the engine is told when the caller is gone", async () => {
  const caller = new AbortController();
  const waiting: LoadedModel = {
    ...modelDouble(),
    run: (_signatureName, _inputs, _outputs, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      }),
  };
  const oneModel = new ModelHandler(new ServedModel("half", [{ version: 1n, model: waiting }]));
  const running = Promise.resolve(oneModel.predict(request(), { ...call, signal: caller.signal }));
  caller.abort(new ServingError("CANCELLED", "gone"));
  await assert.rejects(running, status("CANCELLED", "gone"));
});

test("a signature that the engine cannot run is UNIMPLEMENTED, a closed engine UNAVAILABLE", async () => {
  const refusing = {
    ...modelDouble(),
    refusals: new Map([["serving_default", new ModelError("unsupported-op", "operation Foo")]]),
  };
  const closed = {
    ...modelDouble(),
    run: async (): Promise<never> => {
      throw new ModelError("closed", "closed");
    },
  };
  const over = (model: LoadedModel): ModelHandler =>
    new ModelHandler(new ServedModel("half", [{ version: 1n, model }]));
  await assert.rejects(
    async () => await over(refusing).predict(request(), call),
    status("UNIMPLEMENTED", "operation Foo"),
  );
  await assert.rejects(
    async () => await over(closed).predict(request(), call),
    status("UNAVAILABLE", "The server is shutting down"),
  );
});

test("a model whose engine is gone fails its calls and is no longer available", async () => {
  const failure = new ModelError("engine-failed", "the engine's thread has failed");
  const dead = {
    ...modelDouble(),
    failure,
    run: async (): Promise<never> => {
      throw failure;
    },
  };
  const over = new ModelHandler(new ServedModel("half", [{ version: 1n, model: dead }]));
  await assert.rejects(
    async () => await over.predict(request(), call),
    status("UNAVAILABLE", "The model's engine has failed"),
  );
  const [version] = over.status({ modelSpec: ModelSpec.create({ name: "half" }) }).modelVersionStatus;
  assert.equal(version?.state, modelStates.END);
  assert.deepEqual(version?.status, { errorCode: 13, errorMessage: failure.message });
});

test("metadata gives all signatures of the version and no signature name", () => {
  const modelSpec = ModelSpec.create({ name: "half", version: 1n, signatureName: "ignored" });
  const response = handler.metadata({ modelSpec, metadataField: ["signature_def"] });
  assert.deepEqual(response.modelSpec, ModelSpec.create({ name: "half", version: 1n }));
  assert.deepEqual([...signaturesOf(response).keys()], ["serving_default"]);
});

test("metadata requests are checked in TensorFlow Serving's order", () => {
  const modelSpec = ModelSpec.create({ name: "other" });
  const cases: [Partial<GetModelMetadataRequest>, GrpcCodeName, string][] = [
    [{}, "INVALID_ARGUMENT", "Missing ModelSpec"],
    [{ modelSpec }, "INVALID_ARGUMENT", "GetModelMetadataRequest must specify at least one metadata_field"],
    [{ modelSpec, metadataField: ["x"] }, "INVALID_ARGUMENT", "Metadata field x is not supported"],
    [{ modelSpec, metadataField: ["signature_def"] }, "NOT_FOUND", "Servable not found for request: Latest(other)"],
  ];
  for (const [fields, code, message] of cases) {
    assert.throws(() => handler.metadata(GetModelMetadataRequest.create(fields)), status(code, message));
  }
});

test("the status lists all versions, newest first, or the one asked for; labels are ignored", () => {
  const versions = (spec: Partial<ModelSpec>): bigint[] =>
    handler
      .status({ modelSpec: ModelSpec.create(spec) })
      .modelVersionStatus.map(
        ({ version, state, status: { errorCode, errorMessage } = { errorCode: -1, errorMessage: "" } }) => {
          assert.deepEqual([state, errorCode, errorMessage], [modelStates.AVAILABLE, 0, ""]);
          return version;
        },
      );
  assert.deepEqual(versions({ name: "half" }), [3n, 1n]);
  assert.deepEqual(versions({ name: "half", version: 1n }), [1n]);
  assert.deepEqual(versions({ name: "half", versionLabel: "unknown" }), [3n, 1n]);
  const refused = (fields: Partial<GetModelStatusRequest>, code: GrpcCodeName, message: string): void =>
    assert.throws(() => handler.status(GetModelStatusRequest.create(fields)), status(code, message));
  refused({}, "INVALID_ARGUMENT", "Missing ModelSpec");
  refused({ modelSpec: ModelSpec.create({ name: "o" }) }, "NOT_FOUND", "Could not find any versions of model o");
  refused(
    { modelSpec: ModelSpec.create({ name: "half", version: 2n }) },
    "NOT_FOUND",
    "Could not find version 2 of model half",
  );
});
