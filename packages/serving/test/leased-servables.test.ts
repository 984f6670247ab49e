import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelSpec, ServingError } from "@sealserve/protocol";
import { ModelHandler } from "../src/core/handler.ts";
import { Lease } from "../src/lease/lease.ts";
import { LeasedServables } from "../src/lease/leased-servables.ts";
import { modelDouble } from "./support/model-double.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { refusal } from "./support/refusal.ts";
import { ServedModel } from "./support/served-model.ts";

const modelSpec = ModelSpec.create({ name: "half" });
const call = { signal: new AbortController().signal, entrypoint: "GRPC" } as const;
const x = { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const;
const request = { modelSpec, inputs: new Map([["x", x]]), outputFilter: [] };

test("calls begin only while the lease is held; those that run end well", async () => {
  const clock = new PassingClock();
  const lease = new Lease(clock);
  const model = modelDouble();
  const servables = new ServedModel("half", [{ version: 1n, model }]);
  const handler = new ModelHandler(new LeasedServables(servables, lease, { model: "half", isComing: () => false }));
  const ended = { code: "UNAVAILABLE", message: /lease of the model has ended/ };
  await assert.rejects(async () => await handler.predict(request, call), ended);
  lease.grant(clock.now(), 60);
  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const running = handler.predict(request, call);
  await clock.pass(60_000);
  await assert.rejects(async () => await handler.predict(request, call), ended);
  assert.throws(() => handler.metadata({ modelSpec, metadataField: ["signature_def"] }), ended);
  assert.throws(() => handler.signature(modelSpec, ""), ended);
  assert.equal(handler.status({ modelSpec }).modelVersionStatus.length, 1);
  gate.resolve();
  assert.deepEqual((await running).outputs.get("y")?.data, Float32Array.of(3));
  assert.equal(model.runs.length, 1);
});

test("while the model is loaded again it is unavailable, and not unknown", async () => {
  const lease = new Lease(new PassingClock());
  lease.grant(0, 60);
  let coming = true;
  const versions = { model: "half", isComing: () => coming };
  const handler = new ModelHandler(new LeasedServables(new ServedModel("half", []), lease, versions));
  const loading = refusal("UNAVAILABLE", "The model is being loaded on this server");
  await assert.rejects(async () => await handler.predict(request, call), loading);
  assert.throws(() => handler.metadata({ modelSpec, metadataField: ["signature_def"] }), loading);
  const other = { ...request, modelSpec: ModelSpec.create({ name: "other" }) };
  await assert.rejects(async () => await handler.predict(other, call), refusal("NOT_FOUND", /Latest\(other\)/));
  coming = false;
  await assert.rejects(async () => await handler.predict(request, call), refusal("NOT_FOUND", /Latest\(half\)/));
});

test("what a call that runs is refused with stays what it is", async () => {
  const lease = new Lease(new PassingClock());
  lease.grant(0, 60);
  const model = modelDouble();
  model.gate = Promise.reject(new ServingError("NOT_FOUND", "in the model"));
  const servables = new ServedModel("half", [{ version: 1n, model }]);
  const handler = new ModelHandler(new LeasedServables(servables, lease, { model: "half", isComing: () => true }));
  await assert.rejects(async () => await handler.predict(request, call), refusal("NOT_FOUND", "in the model"));
});
