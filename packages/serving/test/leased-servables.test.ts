import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelSpec } from "@sealserve/protocol";
import { ModelHandler } from "../src/core/handler.ts";
import { Lease } from "../src/lease/lease.ts";
import { LeasedServables } from "../src/lease/leased-servables.ts";
import { modelDouble } from "./support/model-double.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { ServedModel } from "./support/served-model.ts";

const modelSpec = ModelSpec.create({ name: "half" });
const call = { signal: new AbortController().signal, entrypoint: "GRPC" } as const;
const x = { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const;
const request = { modelSpec, inputs: new Map([["x", x]]), outputFilter: [] };

test("calls begin only while the lease is held; those that run end well", async () => {
  const clock = new PassingClock();
  const lease = new Lease(clock);
  const model = modelDouble();
  const handler = new ModelHandler(new LeasedServables(new ServedModel("half", [{ version: 1n, model }]), lease));
  const ended = { code: "UNAVAILABLE", message: /lease of the model has ended/ };
  await assert.rejects(handler.predict(request, call), ended);
  lease.grant(clock.now(), 60);
  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const running = handler.predict(request, call);
  await clock.pass(60_000);
  await assert.rejects(handler.predict(request, call), ended);
  assert.throws(() => handler.metadata({ modelSpec, metadataField: ["signature_def"] }), ended);
  assert.throws(() => handler.signature(modelSpec, ""), ended);
  assert.equal(handler.status({ modelSpec }).modelVersionStatus.length, 1);
  gate.resolve();
  assert.deepEqual((await running).outputs.get("y")?.data, Float32Array.of(3));
  assert.equal(model.runs.length, 1);
});
