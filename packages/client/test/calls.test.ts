import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  decodePredictRequest,
  encodePredictResponse,
  GetModelStatusResponse,
  type GrpcCodeName,
  ModelSpec,
  modelStates,
  ProtocolError,
  ServingError,
} from "@sealserve/protocol";
import { ClientError, type ClientErrorCode } from "../src/errors.ts";
import { connectNode } from "../src/node.ts";
import type { AttestedNode } from "../src/serving-node.ts";
import type { FakeAnswer, FakeNode } from "./support/fake-node.ts";
import { createScene, grpcAnswer, honestAnswer, predictRequest, type Scene } from "./support/scene.ts";

let scene: Scene;
let node: FakeNode;
let client: AttestedNode;

before(async () => {
  scene = await createScene();
  node = await scene.startNode();
  client = await connectNode({ ...scene.optionsFor(node), maxAnswerBytes: 1 << 20 });
});

after(async () => {
  await client.close();
  await node.close();
});

/** Has the node answer every call of one path in a way of the test's own. */
function answering(pattern: RegExp, answer: FakeAnswer | undefined): void {
  node.behaviour.answer = async (path) => (pattern.test(path) ? answer : await honestAnswer(path));
}

function status(code: GrpcCodeName, message: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ServingError, String(error));
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  };
}

function withCode(code: ClientErrorCode) {
  return (error: unknown): boolean => error instanceof ClientError && error.code === code;
}

test("a gRPC status is thrown as it came, wherever the server put it", async () => {
  const message = "Servable not found: 100%25 gone %C3%A9";
  const status5 = { "grpc-status": "5", "grpc-message": message };
  answering(/Predict$/, { headers: { "content-type": "application/grpc", ...status5 } });
  await assert.rejects(client.predictGrpc(predictRequest), status("NOT_FOUND", "Servable not found: 100% gone é"));
  answering(/Predict$/, { headers: { "content-type": "application/grpc" }, trailers: status5 });
  await assert.rejects(client.predictGrpc(predictRequest), status("NOT_FOUND", "Servable not found: 100% gone é"));
  answering(/Predict$/, { headers: { "grpc-status": "77", "grpc-message": "%zz" } });
  await assert.rejects(client.predictGrpc(predictRequest), status("UNKNOWN", "%zz"));
});

test("gRPC answers that break the protocol are refused", async () => {
  const good = encodePredictResponse({ modelSpec: ModelSpec.create({ name: "half" }), outputs: new Map() });
  const framed = grpcAnswer(good);
  const answers: FakeAnswer[] = [
    { status: 500, body: "oops" },
    { status: 200, body: "oops" },
    { ...framed, trailers: {} },
    { ...framed, trailers: { "grpc-status": "x" } },
    { ...framed, status: 404 },
    { trailers: { "grpc-status": "0" } },
    { ...framed, body: Buffer.from(framed.body ?? "").subarray(0, -1) },
    { ...framed, body: Buffer.concat([Buffer.from(framed.body ?? ""), Buffer.of(0)]) },
    { ...framed, body: Buffer.concat([Buffer.of(1), Buffer.from(framed.body ?? "").subarray(1)]) },
    grpcAnswer(new Uint8Array(2 << 20)),
  ];
  for (const answer of answers) {
    answering(/Predict$/, answer);
    await assert.rejects(
      client.predictGrpc(predictRequest),
      withCode("bad-answer"),
      JSON.stringify(answer).slice(0, 90),
    );
  }
  answering(/Predict$/, grpcAnswer(new Uint8Array()));
  await assert.rejects(client.predictGrpc(predictRequest), ProtocolError);
});

test("a request without a model means the proven one; a given one is sent as it is", async () => {
  const specs: (ModelSpec | undefined)[] = [];
  node.behaviour.answer = async (path, body) => {
    specs.push(decodePredictRequest(body.subarray(5)).modelSpec);
    return await honestAnswer(path);
  };
  const modelSpec = ModelSpec.create({ name: "other", version: 3n });
  await client.predictGrpc(predictRequest);
  await client.predictGrpc({ ...predictRequest, modelSpec });
  assert.deepEqual(specs, [ModelSpec.create({ name: "half" }), modelSpec]);
});

test("status and metadata are asked by gRPC", async () => {
  const version = { version: 7n, state: modelStates.AVAILABLE, status: { errorCode: 0, errorMessage: "" } };
  answering(/GetModelStatus$/, grpcAnswer(GetModelStatusResponse.encode({ modelVersionStatus: [version] })));
  assert.deepEqual((await client.status()).modelVersionStatus, [version]);
  answering(/GetModelMetadata$/, grpcAnswer(new Uint8Array()));
  assert.equal((await client.metadata()).metadata.size, 0);
});

test("REST errors become statuses", async () => {
  answering(/:predict$/, { status: 404, body: '{"error": "Servable not found"}' });
  await assert.rejects(client.predictRest(predictRequest), status("NOT_FOUND", "Servable not found"));
  answering(/metadata$/, { status: 400, body: '{"error": "no"}' });
  await assert.rejects(client.predictRest(predictRequest), status("INVALID_ARGUMENT", "no"));
  answering(/:predict$/, { status: 502, body: "<html>" });
  await assert.rejects(client.predictRest(predictRequest), ProtocolError);
  const filtered = { ...predictRequest, outputFilter: ["y"] };
  await assert.rejects(client.predictRest(filtered), status("UNIMPLEMENTED", "The REST API has no output filter"));
});

test("REST answers that break the protocol are refused", async () => {
  const metadata = [
    "",
    "[]",
    "{}",
    '{"model_spec":{"version":"x"},"metadata":{"signature_def":{"signature_def":{"serving_default":{"outputs":{}}}}}}',
    '{"model_spec":{"version":"1"},"metadata":{"signature_def":{"signature_def":{"other":{"outputs":{}}}}}}',
    '{"model_spec":{"version":"1"},"metadata":{"signature_def":{"signature_def":{"serving_default":{"outputs":{"y":{}}}}}}}',
  ];
  for (const body of metadata) {
    answering(/metadata$/, { body });
    await assert.rejects(client.predictRest(predictRequest), withCode("bad-answer"), body);
  }
  for (const body of ["", "{}", '{"outputs": ["a"]}', '{"outputs": [1], "predictions": [1]}']) {
    answering(/:predict$/, { body });
    await assert.rejects(client.predictRest(predictRequest), ProtocolError, body);
  }
  answering(/:predict$/, { body: Buffer.alloc(2 << 20, " ") });
  await assert.rejects(client.predictRest(predictRequest), withCode("bad-answer"));
});

test("a deadline and an abort end a call, by gRPC and by REST", async () => {
  answering(/Predict$|:predict$/, undefined);
  const exceeded = status("DEADLINE_EXCEEDED", "Deadline Exceeded");
  await assert.rejects(client.predictGrpc(predictRequest, { timeoutMs: 100 }), exceeded);
  await assert.rejects(client.predictRest(predictRequest, { timeoutMs: 100 }), exceeded);
  const reason = new Error("enough");
  const abortSoon = (): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    return controller.signal;
  };
  await assert.rejects(client.predictGrpc(predictRequest, { signal: abortSoon() }), reason);
  await assert.rejects(client.predictRest(predictRequest, { signal: abortSoon() }), reason);
  await assert.rejects(client.predictGrpc(predictRequest, { signal: AbortSignal.abort(reason) }), reason);
  await assert.rejects(client.predictRest(predictRequest, { signal: AbortSignal.abort(reason) }), reason);
});

test("a connection that breaks in the middle of a call is unreachable, and the next call has a new one", async () => {
  for (const predict of ["predictGrpc", "predictRest"] as const) {
    answering(/Predict$|:predict$/, undefined);
    const call = client[predict](predictRequest);
    setTimeout(() => node.cut(), 100);
    await assert.rejects(call, withCode("unreachable"));
    node.behaviour.answer = honestAnswer;
    assert.ok((await client[predict](predictRequest)).outputs.has("y"));
  }
});

test("row format goes over REST too", async () => {
  const bodies: string[] = [];
  node.behaviour.answer = async (path, body) => {
    bodies.push(body.toString());
    return path.endsWith(":predict") ? { body: '{"predictions": [2.5, 3.0]}' } : await honestAnswer(path);
  };
  const { outputs } = await client.predictRest(predictRequest, { format: "row" });
  assert.deepEqual(outputs.get("y")?.shape, [2]);
  assert.deepEqual(JSON.parse(bodies.at(-1) ?? "").instances, [{ x: 1 }, { x: 2 }]);
});
