import assert from "node:assert/strict";
import { once } from "node:events";
import { before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { HealthCheckRequest, HealthCheckResponse, servingStatuses } from "@sealserve/protocol";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import { healthMethods } from "../src/health/grpc-methods.ts";
import { Health } from "../src/health/health.ts";
import type { ModelStore } from "../src/life/model-store.ts";
import { NodeReadiness } from "../src/node/readiness.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { connect, failsWith } from "./support/grpc-client.ts";
import { call } from "./support/inference-server.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { storeOf } from "./support/store.ts";
import { readyVersion, versionDouble } from "./support/version-double.ts";

const { NOT_SERVING, SERVING, SERVICE_UNKNOWN } = servingStatuses;
const types = [HealthCheckRequest, HealthCheckResponse] as const;
const unused = new AbortController().signal;
let authority: TestAuthority;

before(async () => {
  authority = await createAuthority();
});

function parts() {
  const store = storeOf();
  const readiness = new NodeReadiness();
  return { store, readiness, health: new Health(readiness, store) };
}

/** Waits until a version of the model is being loaded. */
async function loading(store: ModelStore, name: string): Promise<void> {
  await store.until(() => store.versions(name).some(({ state }) => state === "LOADING") || undefined);
}

/** A server with nothing but its health. */
async function serve(maxStreamingCallsPerConnection = 4) {
  const { store, readiness, health } = parts();
  const limits = quickLimits({ maxStreamingCallsPerConnection });
  const front = await openGrpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      tls: await authority.issue(),
      methods: healthMethods(health),
      limits,
      budget: new MemoryBudget(limits.maxBytesInFlight),
      log: () => undefined,
    },
  );
  const client = connect(authority, front);
  const check = async (service = "") => (await call(client, "/grpc.health.v1.Health/Check", types, { service })).status;
  const close = async (): Promise<void> => {
    await front.close();
    client.close();
  };
  return { store, readiness, client, check, close };
}

function watch(client: grpc.Client, service = ""): grpc.ClientReadableStream<number> {
  return client.makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    (name: string) => Buffer.from(HealthCheckRequest.encode({ service: name })),
    (bytes: Buffer) => HealthCheckResponse.decode(bytes).status,
    service,
  );
}

test("a server is healthy when the node is ready and each model has a version that serves", async () => {
  const { store, readiness, health } = parts();
  assert.equal(health.ready, false);
  readiness.enter("ready");
  assert.equal(health.ready, true);
  const first = versionDouble(1n);
  store.aspire("m", [first]);
  assert.equal(health.ready, false);
  await loading(store, "m");
  first.succeed();
  await store.awaitAvailable(["m"], "model");
  assert.equal(health.ready, true);
  const second = versionDouble(2n);
  store.aspire("m", [readyVersion(1n), second]);
  await loading(store, "m");
  assert.equal(health.ready, true);
  second.succeed();
  await store.until(() => store.versions("m").every(({ state }) => state === "AVAILABLE") || undefined);
  store.aspire("m", []);
  assert.equal(health.ready, true);
  readiness.enter("draining");
  assert.equal(health.ready, false);
});

test("a model that cannot be loaded makes the server unhealthy", async () => {
  const store = storeOf({ maxRetries: 0 });
  const readiness = new NodeReadiness();
  readiness.enter("ready");
  const broken = versionDouble(1n);
  store.aspire("m", [broken]);
  await loading(store, "m");
  broken.fail(new Error("broken"));
  await assert.rejects(store.awaitAvailable(["m"], "model"));
  assert.equal(new Health(readiness, store).ready, false);
});

test("a model that is known by its name alone makes the server unhealthy", () => {
  const readiness = new NodeReadiness();
  readiness.enter("ready");
  const store = storeOf();
  store.names = () => ["m"];
  assert.deepEqual(store.versions("m"), []);
  assert.equal(new Health(readiness, store).ready, false);
});

test("a change is told whether it is the node's or a model's, and the wait can be given up", async () => {
  const { store, readiness, health } = parts();
  const afterNode = health.changed(false, unused);
  readiness.enter("ready");
  assert.equal(await afterNode, true);
  const afterModel = health.changed(true, unused);
  store.aspire("m", [versionDouble(1n)]);
  assert.equal(await afterModel, false);
  const given = new AbortController();
  const never = health.changed(false, given.signal);
  given.abort(new Error("given up"));
  await assert.rejects(never, /given up/);
});

test("Check answers for the services of this server, and no others", async () => {
  const { close, readiness, check } = await serve();
  assert.equal(await check(), NOT_SERVING);
  readiness.enter("ready");
  const names = ["", "PredictionService", "ModelService", "inference.GRPCInferenceService"];
  for (const name of [...names, "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"]) {
    assert.equal(await check(name), SERVING, name);
  }
  await assert.rejects(check("other"), failsWith(grpc.status.NOT_FOUND));
  await close();
});

test("Watch tells each change, and ends when the server closes", async () => {
  const { close, client, readiness, store } = await serve();
  const statuses: number[] = [];
  const stream = watch(client, "inference.GRPCInferenceService");
  stream.on("data", (status: number) => statuses.push(status));
  const failed = once(stream, "error");
  await once(stream, "data");
  readiness.enter("ready");
  await once(stream, "data");
  const late = versionDouble(1n);
  store.aspire("late", [late]);
  await once(stream, "data");
  await loading(store, "late");
  late.succeed();
  await once(stream, "data");
  readiness.enter("draining");
  await once(stream, "data");
  assert.deepEqual(statuses, [NOT_SERVING, SERVING, NOT_SERVING, SERVING, NOT_SERVING]);
  await close();
  const [error] = await failed;
  failsWith(grpc.status.UNAVAILABLE)(error);
});

test("Watch on an unknown service says so and waits", async () => {
  const { close, client, readiness } = await serve();
  const stream = watch(client, "other");
  const failed = once(stream, "error");
  const [status] = await once(stream, "data");
  assert.equal(status, SERVICE_UNKNOWN);
  readiness.enter("ready");
  stream.cancel();
  const [error] = await failed;
  failsWith(grpc.status.CANCELLED)(error);
  await close();
});

test("watchers are bounded", async () => {
  const { close, client } = await serve(2);
  const streams = [watch(client), watch(client)];
  for (const stream of streams) {
    stream.on("error", () => undefined);
    await once(stream, "data");
  }
  const [error] = await once(watch(client), "error");
  failsWith(grpc.status.RESOURCE_EXHAUSTED)(error);
  await close();
});
