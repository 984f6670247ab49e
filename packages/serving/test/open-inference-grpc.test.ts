import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import {
  InferTensorContents,
  type MessageType,
  ModelInferRequest,
  ModelInferResponse,
  ModelMetadataRequest,
  ModelMetadataResponse,
  ModelReadyRequest,
  ModelReadyResponse,
  ModelStatisticsRequest,
  ModelStatisticsResponse,
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  ServerLiveRequest,
  ServerLiveResponse,
  ServerMetadataRequest,
  ServerMetadataResponse,
  ServerReadyRequest,
  ServerReadyResponse,
} from "@sealserve/protocol";
import { type InferenceServer, openInferenceServer } from "./support/inference-server.ts";
import { readyVersion } from "./support/version-double.ts";

let server: InferenceServer;
const inferTypes = [ModelInferRequest, ModelInferResponse] as const;
const readyTypes = [ModelReadyRequest, ModelReadyResponse] as const;

const x = {
  name: "x",
  datatype: "FP32",
  shape: BigInt64Array.of(3n),
  parameters: new Map(),
  contents: InferTensorContents.create({ fp32Contents: Float32Array.of(1, 2, 5) }),
};

const infer = (request: Partial<ModelInferRequest>) =>
  server.call("ModelInfer", inferTypes, { modelName: "half", ...request });

async function refuses<Q, S>(
  method: string,
  types: readonly [MessageType<Q>, MessageType<S>],
  request: Partial<Q>,
  code: grpc.status,
): Promise<void> {
  await assert.rejects(server.call(method, types, request), (error) => {
    assert.ok(error instanceof Error && "code" in error);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

before(async () => {
  server = await openInferenceServer();
  server.store.aspire("half", [readyVersion(3n)]);
  server.store.labels = new Map([["half", new Map([["stable", 3n]])]]);
  await server.store.ready(["half"]);
  server.readiness.enter("ready");
});

after(async () => {
  await server.close();
});

test("ModelInfer answers in the form it was asked in", async () => {
  const typed = await infer({ id: "42", inputs: [x], outputs: [{ name: "y", parameters: new Map() }] });
  assert.deepEqual([typed.modelName, typed.modelVersion, typed.id], ["half", "3", "42"]);
  assert.deepEqual(typed.outputs[0]?.contents?.fp32Contents, Float32Array.of(2.5, 3, 4.5));
  assert.deepEqual([typed.outputs[0]?.datatype, typed.outputs[0]?.shape], ["FP32", BigInt64Array.of(3n)]);
  assert.deepEqual(typed.rawOutputContents, []);
  const raw = await infer({
    modelVersion: "stable",
    inputs: [{ ...x, contents: undefined }],
    rawInputContents: [Buffer.from(Float32Array.of(1, 2, 5).buffer)],
  });
  assert.equal(raw.outputs[0]?.contents, undefined);
  assert.deepEqual(
    raw.rawOutputContents.map((content) => Buffer.from(content)),
    [Buffer.from(Float32Array.of(2.5, 3, 4.5).buffer)],
  );
});

test("the server and its models tell of themselves", async () => {
  assert.equal((await server.call("ServerLive", [ServerLiveRequest, ServerLiveResponse], {})).live, true);
  const metadata = await server.call("ServerMetadata", [ServerMetadataRequest, ServerMetadataResponse], {});
  assert.deepEqual([metadata.name, metadata.version], ["sealserve", "1.2.3"]);
  const model = await server.call("ModelMetadata", [ModelMetadataRequest, ModelMetadataResponse], { name: "half" });
  assert.deepEqual(model.inputs, [{ name: "x", datatype: "FP32", shape: [-1n] }]);
  assert.deepEqual([model.platform, model.versions], ["tensorflow_savedmodel", ["3"]]);
  const index = await server.call("RepositoryIndex", [RepositoryIndexRequest, RepositoryIndexResponse], {});
  assert.deepEqual(index.models, [{ name: "half", version: "3", state: "READY", reason: "" }]);
  const counts = await server.call("ModelStatistics", [ModelStatisticsRequest, ModelStatisticsResponse], {});
  assert.ok((counts.modelStats[0]?.executionCount ?? 0n) > 0n);
});

test("readiness is that of the node and of the model", async () => {
  const serverReady = async () =>
    (await server.call("ServerReady", [ServerReadyRequest, ServerReadyResponse], {})).ready;
  assert.equal(await serverReady(), true);
  server.readiness.enter("starting");
  assert.equal(await serverReady(), false);
  server.readiness.enter("ready");
  assert.equal((await server.call("ModelReady", readyTypes, { name: "half", version: "stable" })).ready, true);
  await refuses("ModelReady", readyTypes, { name: "half", version: "4" }, grpc.status.NOT_FOUND);
  await refuses("ModelReady", readyTypes, { name: "other" }, grpc.status.NOT_FOUND);
});

test("refusals have the protocol's codes", async () => {
  const { INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED } = grpc.status;
  const inputs = [x];
  await refuses("ModelInfer", inferTypes, { modelName: "other", inputs }, NOT_FOUND);
  await refuses("ModelInfer", inferTypes, { modelName: "other", modelVersion: "stable", inputs }, NOT_FOUND);
  await refuses("ModelInfer", inferTypes, { modelName: "half", modelVersion: "7", inputs }, NOT_FOUND);
  await refuses("ModelInfer", inferTypes, { modelName: "", inputs }, INVALID_ARGUMENT);
  await refuses("ModelInfer", inferTypes, { modelName: "half", modelVersion: "canary", inputs }, INVALID_ARGUMENT);
  await refuses("ModelInfer", inferTypes, { modelName: "half", inputs: [] }, INVALID_ARGUMENT);
  await refuses("ModelInfer", inferTypes, { modelName: "half", inputs: [x, x] }, INVALID_ARGUMENT);
  await refuses(
    "ModelInfer",
    inferTypes,
    { modelName: "half", inputs, parameters: new Map([["signature_name", { stringParam: "no" }]]) },
    INVALID_ARGUMENT,
  );
  await refuses(
    "ModelInfer",
    inferTypes,
    { modelName: "half", inputs: [{ ...x, shape: BigInt64Array.of(9n) }] },
    INVALID_ARGUMENT,
  );
  await refuses("ModelMetadata", [ModelMetadataRequest, ModelMetadataResponse], { name: "other" }, NOT_FOUND);
  await refuses("RepositoryModelLoad", readyTypes, {}, UNIMPLEMENTED);
  assert.deepEqual(server.logged, []);
});
