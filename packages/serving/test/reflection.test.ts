import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { servingMethods } from "../src/grpc/methods.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import type { GrpcMethods } from "../src/grpc/unary-call.ts";
import { healthMethods } from "../src/health/grpc-methods.ts";
import { Health } from "../src/health/health.ts";
import { NodeReadiness } from "../src/node/readiness.ts";
import { inferenceMethods } from "../src/open-inference/grpc-methods.ts";
import { InferenceService } from "../src/open-inference/inference-service.ts";
import { FileDescriptorProto } from "../src/reflection/descriptor-messages.ts";
import { DescriptorSet } from "../src/reflection/descriptor-set.ts";
import { reflectionMethods } from "../src/reflection/grpc-methods.ts";
import { PROTO_FILES } from "../src/reflection/proto-files.ts";
import {
  type ReflectionRequest,
  type ReflectionVersion,
  reflectionMessages,
} from "../src/reflection/reflection-messages.ts";
import type { Front } from "../src/transport/front.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { connect } from "./support/grpc-client.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { storeOf } from "./support/store.ts";
import { readyVersion } from "./support/version-double.ts";

/** What protobufjs/ext/descriptor adds to the class of roots. */
interface FromDescriptor {
  fromDescriptor(set: object): protobuf.Root;
}

let front: Front;
let client: grpc.Client;
let authority: TestAuthority;
let served: GrpcMethods;

before(async () => {
  authority = await createAuthority();
  const store = storeOf();
  store.aspire("half", [readyVersion(3n)]);
  await store.ready(["half"]);
  const handler = new ModelHandler(store);
  const health = new Health(new NodeReadiness(), store);
  const offered = new Map([
    ...servingMethods(handler),
    ...inferenceMethods(new InferenceService(handler, store, "1"), health),
    ...healthMethods(health),
  ]);
  served = new Map([...offered, ...reflectionMethods(offered)]);
  const limits = quickLimits();
  front = await openGrpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      tls: await authority.issue(),
      methods: served,
      limits,
      budget: new MemoryBudget(limits.maxBytesInFlight),
      log: () => undefined,
    },
  );
  client = connect(authority, front);
});

after(async () => {
  client.close();
  await front.close();
});

/** One conversation with the server about itself. */
function conversation(version: ReflectionVersion = "v1") {
  const { request, response } = reflectionMessages(version);
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (question: Partial<ReflectionRequest>) => Buffer.from(request.encode(question)),
    (bytes: Buffer) => response.decode(bytes),
  );
  const ask = async (question: Partial<ReflectionRequest>) => {
    call.write(question);
    const [answer] = await once(call, "data");
    return answer as ReturnType<typeof response.decode>;
  };
  const end = async (): Promise<void> => {
    call.end();
    await once(call, "end");
  };
  return { ask, end };
}

/** Everything that a client can learn of the server's types. */
async function reflectedFiles(): Promise<Uint8Array[]> {
  const { ask, end } = conversation();
  const files = new Map<string, Uint8Array>();
  const learn = (encoded: Uint8Array): string[] => {
    const { name, dependency } = FileDescriptorProto.decode(encoded);
    files.set(name, encoded);
    return [...dependency];
  };
  const { listServicesResponse } = await ask({ listServices: "" });
  for (const { name } of listServicesResponse?.service ?? []) {
    const { fileDescriptorResponse } = await ask({ fileContainingSymbol: name });
    const open = (fileDescriptorResponse?.fileDescriptorProto ?? []).flatMap(learn);
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (!files.has(file)) {
        const dependency = await ask({ fileByFilename: file });
        open.push(...(dependency.fileDescriptorResponse?.fileDescriptorProto ?? []).flatMap(learn));
      }
    }
  }
  await end();
  return [...files.values()];
}

test("both versions list the services that are offered", async () => {
  const expected = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "inference.GRPCInferenceService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
  ];
  for (const version of ["v1", "v1alpha"] as const) {
    const { ask, end } = conversation(version);
    const { listServicesResponse, validHost, originalRequest } = await ask({ host: "h", listServices: "*" });
    assert.deepEqual(listServicesResponse?.service.map(({ name }) => name).sort(), expected);
    assert.deepEqual([validHost, originalRequest?.listServices], ["h", "*"]);
    await end();
  }
});

test("a client that knows nothing but the reflected files predicts", async () => {
  const files = await reflectedFiles();
  const set = descriptor.FileDescriptorSet.decode(
    Buffer.concat(files.map((file) => Buffer.concat([Buffer.of(10), Buffer.from(varint(file.length)), file]))),
  );
  const root = (protobuf.Root as unknown as FromDescriptor).fromDescriptor(set).resolveAll();
  const request = root.lookupType("tensorflow.serving.PredictRequest");
  const response = root.lookupType("tensorflow.serving.PredictResponse");
  // This library keeps maps in the form they have on the wire: as lists of entries.
  const x = { dtype: 1, tensor_shape: { dim: [{ size: 3 }] }, float_val: [1, 2, 5] };
  const encoded = request
    .encode({ model_spec: { name: "half", version: { value: 3 } }, inputs: [{ key: "x", value: x }] })
    .finish();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const same = (bytes: Buffer): Buffer => bytes;
  client.makeUnaryRequest(
    "/tensorflow.serving.PredictionService/Predict",
    same,
    same,
    Buffer.from(encoded),
    (error, value) => (error === null && value !== undefined ? resolve(value) : reject(error)),
  );
  const answer = response.toObject(response.decode(await promise), { longs: Number });
  assert.deepEqual(answer["outputs"][0].value.float_val, [2.5, 3, 4.5]);
  assert.deepEqual(answer["model_spec"], { name: "half", version: { value: 3 }, signature_name: "serving_default" });
});

test("the files hold to the rules for descriptors", async () => {
  const files = (await reflectedFiles()).map((bytes) => FileDescriptorProto.decode(bytes));
  const names = new Set(files.map(({ name }) => name));
  assert.deepEqual([...names].sort(), PROTO_FILES.map(({ name }) => name).sort());
  for (const file of files) {
    assert.ok(file.dependency.every((name) => names.has(name) && name !== file.name));
    for (const message of file.messageType) {
      const numbers = message.field.map(({ number }) => number);
      assert.equal(new Set(numbers).size, numbers.length, message.name);
      const oneofs = message.field.flatMap(({ oneofIndex }) => oneofIndex ?? []);
      const runs = oneofs.filter((oneof, index) => oneof !== oneofs[index - 1]);
      assert.equal(new Set(runs).size, runs.length, `a oneof of ${message.name} is torn apart`);
    }
    for (const { value } of file.enumType) {
      assert.equal(value[0]?.number, 0);
    }
  }
});

test("every rpc that is offered is declared, and found by its name", () => {
  const descriptors = new DescriptorSet(served.keys());
  for (const path of served.keys()) {
    const [, service = "", rpc = ""] = path.split("/");
    assert.ok(descriptors.services.includes(service), service);
    assert.ok(descriptors.fileContaining(`${service}.${rpc}`) !== undefined, path);
  }
});

test("types are found by name; only services that are offered are", () => {
  const descriptors = new DescriptorSet(["/tensorflow.serving.ModelService/GetModelStatus"]);
  const found = [
    "tensorflow.serving.ModelService",
    "tensorflow.serving.ModelVersionStatus.State",
    "tensorflow.error.Code",
  ];
  for (const symbol of [...found, "tensorflow.serving.SignatureDefMap", "google.protobuf.Int64Value"]) {
    assert.ok(descriptors.fileContaining(symbol) !== undefined, symbol);
  }
  const unknown = [
    "tensorflow.serving.PredictionService",
    "inference.ModelInferRequest",
    "tensorflow",
    "",
    "__proto__",
  ];
  for (const symbol of unknown) {
    assert.equal(descriptors.fileContaining(symbol), undefined, symbol);
  }
  assert.equal(descriptors.file("grpc_service.proto"), undefined);
  assert.deepEqual(descriptors.services, ["tensorflow.serving.ModelService"]);
});

test("a field that is kept in another form is described as it is published", () => {
  const descriptors = new DescriptorSet(["/tensorflow.serving.PredictionService/Classify"]);
  const file = FileDescriptorProto.decode(descriptors.fileContaining("tensorflow.serving.Class") ?? new Uint8Array());
  const label = file.messageType.find(({ name }) => name === "Class")?.field.find(({ name }) => name === "label");
  assert.equal(label?.type, 9, "the number of the type string");
});

test("what is not known is answered with an error, and the conversation goes on", async () => {
  const { ask, end } = conversation();
  const questions: [Partial<ReflectionRequest>, grpc.status][] = [
    [{ fileByFilename: "secret.proto" }, grpc.status.NOT_FOUND],
    [{ fileContainingSymbol: "a.B" }, grpc.status.NOT_FOUND],
    [{ allExtensionNumbersOfType: "tensorflow.serving.ModelSpec" }, grpc.status.NOT_FOUND],
    [{ fileContainingExtension: { containingType: "a.B", extensionNumber: 1 } }, grpc.status.NOT_FOUND],
    [{}, grpc.status.INVALID_ARGUMENT],
  ];
  for (const [question, code] of questions) {
    assert.equal((await ask(question)).errorResponse?.errorCode, code);
  }
  assert.ok((await ask({ listServices: "" })).listServicesResponse !== undefined);
  await end();
});

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
