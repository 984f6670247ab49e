import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RunningBroker } from "@sealserve/broker";
import { connectNode } from "@sealserve/client";
import type { Tensor } from "@sealserve/protocol";
import { HttpsClient } from "../../../tests/support/https-request.ts";
import { NodeError } from "../src/errors.ts";
import { startNode } from "../src/node/start.ts";
import { createModelServerPrograms, type ModelServerPrograms } from "./support/model-server-program.ts";
import { createWorld, type World } from "./support/world.ts";

let world: World;
let broker: RunningBroker;
let programs: ModelServerPrograms;
let place: string;

before(async () => {
  [world, programs] = await Promise.all([createWorld(), createModelServerPrograms()]);
  broker = await world.startBroker();
  place = await mkdtemp("/dev/shm/sealserve-test-");
});

after(async () => {
  await Promise.all([broker.close(), programs.close(), rm(place, { recursive: true, force: true })]);
  await world.close();
});

function engineYaml(sha256: string): string {
  return `engine: { upstream: ${programs.server.path}, sha256: "${sha256}", privateDirectory: ${place} }`;
}

async function digestOfServer(): Promise<string> {
  return createHash("sha256")
    .update(await readFile(programs.server.path))
    .digest("hex");
}

test("a sealed model runs in a model server of the same TEE, behind the node's evidence, and leaves nothing", async () => {
  const more = `${engineYaml(await digestOfServer())}\nmonitoring: { metrics: true }`;
  const node = await startNode(world.serveConfig(broker, { more }));
  const [name = ""] = await readdir(place);
  assert.ok((await readdir(join(place, name, "model/1"))).includes("saved_model.pb"));
  const { authority, root, collateral, policy, manifestDigest } = world;
  const client = await connectNode({
    host: "127.0.0.1",
    serverName: "localhost",
    grpcPort: Number(node.grpcAddress.split(":").at(-1)),
    restPort: Number(node.restAddress.split(":").at(-1)),
    caPem: authority.caPem,
    evidence: { root, collateral, policy, manifestDigest },
  });
  const x: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) };
  const request = { modelSpec: undefined, inputs: new Map([["x", x]]), outputFilter: [] };
  for (const { outputs, seal } of [await client.predictGrpc(request), await client.predictRest(request)]) {
    assert.deepEqual(outputs.get("y"), { dtype: "float32", shape: [3], data: Float32Array.of(2.5, 3, 4.5) });
    assert.deepEqual(seal, { manifestDigest, leaseEndsAt: undefined });
  }
  await client.close();
  const rest = new HttpsClient(Number(node.restAddress.split(":").at(-1)), authority.caPem);
  const { body } = await rest.send({ path: "/monitoring/prometheus/metrics" });
  assert.match(body.toString(), /^sealserve_engine_up\{model="half_plus_two",version="\d+"\} 1$/m);
  rest.close();
  await node.close();
  assert.deepEqual(await readdir(place), []);
});

test("a model server that is not the pinned one gets no plaintext (threat A11)", async () => {
  const config = world.serveConfig(broker, { more: engineYaml("0".repeat(64)) });
  await assert.rejects(startNode(config), (error) => error instanceof NodeError && error.code === "engine-unusable");
  assert.deepEqual(await readdir(place), []);
});
