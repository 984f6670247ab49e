/** `sealserve serve` by the Open Inference Protocol and gRPC's own protocols, as clients who know nothing of this project. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { failureOf, StockClient } from "../support/stock-client.ts";
import { freePort, makeServerFolder, rest, type ServerFolder } from "./model-server.ts";

const INFERENCE = "inference.GRPCInferenceService";
const HEALTH = "grpc.health.v1.Health";
const NEVER = 3_600;

let folder: ServerFolder;
let ca: Buffer;

before(async () => {
  folder = await makeServerFolder();
  ca = await readFile(folder.at("tls", "ca.crt"));
});

after(async () => await folder.remove());

async function start(...flags: readonly string[]) {
  const [port, restPort] = [await freePort(), await freePort()];
  const ports = [`--port=${port}`, `--rest_api_port=${restPort}`];
  const server = folder.start(`--ssl_config_file=${folder.at("ssl.cfg")}`, ...ports, ...flags);
  await server.says("serving half");
  const target = `localhost:${port}`;
  const client = new StockClient(target, grpc.credentials.createSsl(ca));
  const get = async (path: string, body?: string) => {
    const { status, text } = await rest({ port: restPort, path, ca }, body);
    return { status, json: JSON.parse(text) };
  };
  return { server, client, target, get };
}

/** How a conversation with the server about itself ends when nothing is asked. */
async function reflectionStatus(target: string, version: string): Promise<grpc.status> {
  const client = new grpc.Client(target, grpc.credentials.createSsl(ca));
  const same = (bytes: Buffer): Buffer => bytes;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const call = client.makeBidiStreamRequest(path, same, same);
  const { promise, resolve } = Promise.withResolvers<grpc.status>();
  call.on("status", ({ code }) => resolve(code));
  call.on("error", () => undefined).resume();
  call.end();
  return await promise.finally(() => client.close());
}

test("infer answers over REST and gRPC; health, metadata and statistics tell of the model", async () => {
  const { server, client, get } = await start();
  const input = { name: "x", shape: [3], datatype: "FP32" };
  const body = JSON.stringify({ id: "1", inputs: [{ ...input, data: [1, 2, 5] }] });
  const { json } = await get("/v2/models/half/infer", body);
  assert.deepEqual(json.outputs, [{ name: "y", datatype: "FP32", shape: [3], data: [2.5, 3, 4.5] }]);
  assert.deepEqual([json.model_name, json.id], ["half", "1"]);
  const typed = await client.call(INFERENCE, "ModelInfer", {
    modelName: "half",
    inputs: [{ ...input, contents: { fp32Contents: [1, 2, 5] } }],
  });
  assert.deepEqual(typed["outputs"], [
    { name: "y", datatype: "FP32", shape: ["3"], contents: { fp32Contents: [2.5, 3, 4.5] } },
  ]);
  const raw = await client.call(INFERENCE, "ModelInfer", {
    modelName: "half",
    inputs: [input],
    rawInputContents: [Buffer.from(Float32Array.of(1, 2, 5).buffer)],
  });
  assert.deepEqual(raw["rawOutputContents"], [Buffer.from(Float32Array.of(2.5, 3, 4.5).buffer)]);
  assert.equal((await get("/v2/health/ready")).status, 200);
  assert.equal((await get("/v2/models/half")).json.platform, "tensorflow_savedmodel");
  assert.deepEqual(await client.call(INFERENCE, "ModelReady", { name: "half" }), { ready: true });
  assert.equal((await get("/v2/models/half/stats")).json.model_stats[0].execution_count, 3);
  await assert.rejects(client.call(INFERENCE, "ModelInfer", { modelName: "other" }), (error) => {
    assert.equal(failureOf(error).code, "NOT_FOUND");
    return true;
  });
  client.close();
  assert.equal((await server.stop()).code, 0);
});

test("health checks and reflection answer only where they are asked for", async () => {
  const { server, client, target } = await start();
  await assert.rejects(client.call(HEALTH, "Check", {}), (error) => failureOf(error).code === "UNIMPLEMENTED");
  for (const version of ["v1", "v1alpha"]) {
    assert.equal(await reflectionStatus(target, version), grpc.status.UNIMPLEMENTED);
  }
  client.close();
  await server.stop();
});

test("a watcher sees that the server drains before its connection ends", async () => {
  const flags = ["--enable_grpc_healthcheck_service", "--enable-reflection", `--drain-timeout-seconds=${NEVER}`];
  const { server, client, target } = await start(...flags);
  for (const service of ["", "PredictionService", INFERENCE]) {
    assert.deepEqual(await client.call(HEALTH, "Check", { service }), { status: "SERVING" });
  }
  assert.equal(await reflectionStatus(target, "v1"), grpc.status.OK);
  const watcher = client.subscribe(HEALTH, "Watch", { service: INFERENCE });
  const seen: unknown[] = [];
  watcher.on("data", ({ status }) => seen.push(status));
  const ended = once(watcher, "error");
  await once(watcher, "data");
  const { code } = await server.stop();
  const [error] = await ended;
  assert.deepEqual([seen, failureOf(error).code, code], [["SERVING", "NOT_SERVING"], "UNAVAILABLE", 0]);
  client.close();
});
