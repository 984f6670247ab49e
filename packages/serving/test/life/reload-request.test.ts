import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelConfig, ReloadConfigRequest, ReloadConfigResponse, StatusProto } from "@sealserve/protocol";
import { reloadMethod } from "../../src/grpc/reload-method.ts";
import { listedModels } from "../support/listed-models.ts";
import { refusal } from "../support/refusal.ts";
import { readyVersion } from "../support/version-double.ts";

const PATH = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";
const never = new AbortController().signal;

function requestFor(names: readonly string[], metricNames: readonly string[] = []): Uint8Array {
  const config = names.map((name) =>
    ModelConfig.create({ name, basePath: `/m/${name}`, modelPlatform: "tensorflow", modelVersionPolicy: { all: {} } }),
  );
  return ReloadConfigRequest.encode({ config: { modelConfigList: { config } }, metricNames });
}

/** The rpc over a model that is found at once; each reading of a counter that exists gives one more than the last. */
function rpc(allowed = true) {
  const { models, store } = listedModels(new Map([["m", [readyVersion(1n)]]]));
  let count = 5n;
  const readCounter = (name: string): bigint | undefined => (name === "/known" ? count++ : undefined);
  const method = reloadMethod({ models, allowed, readCounter }).get(PATH);
  assert.ok(method !== undefined);
  return { call: async (request: Uint8Array) => ReloadConfigResponse.decode(await method(request, never)), store };
}

test("the list becomes what is served, and counters say how much they grew", async () => {
  const { call, store } = rpc();
  const answer = await call(requestFor(["m"], ["/known", "/unknown"]));
  assert.deepEqual(answer.status, StatusProto.create());
  assert.deepEqual(answer.metric, [{ name: "/known", int64ValueIncrease: 1n }]);
  assert.deepEqual(store.names(), ["m"]);
  await call(requestFor([]));
  await store.until(() => (store.names().length === 0 ? true : undefined));
});

test("anything but a list of models is refused", async () => {
  const { call } = rpc();
  const unsupported = refusal(
    "INVALID_ARGUMENT",
    "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
  );
  await assert.rejects(call(new Uint8Array()), unsupported);
  await assert.rejects(call(ReloadConfigRequest.encode({ config: {} })), unsupported);
  await assert.rejects(
    call(ReloadConfigRequest.encode({ config: { customModelConfig: { typeUrl: "x", value: new Uint8Array() } } })),
    unsupported,
  );
  await assert.rejects(call(requestFor(["m", "m"])), refusal("INVALID_ARGUMENT", /^Illegal to list model m multiple/));
});

test("a server that does not permit it answers so, and changes nothing", async () => {
  const { call, store } = rpc(false);
  await assert.rejects(
    call(requestFor(["m"])),
    refusal("PERMISSION_DENIED", /^HandleReloadConfigRequest is not answered/),
  );
  assert.deepEqual(store.names(), []);
});
