import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import type { RunningBroker } from "@sealserve/broker";
import { connectNode } from "@sealserve/client";
import type { Tensor } from "@sealserve/protocol";
import { libraries, skipWithoutLibrary } from "../../../tests/support/libtensorflow.ts";
import { NodeError } from "../src/errors.ts";
import { startNode } from "../src/node/start.ts";
import { createWorld, type World } from "./support/world.ts";

describe("a sealed model in TensorFlow", { skip: skipWithoutLibrary }, () => {
  const [library = ""] = libraries;
  let world: World;
  let broker: RunningBroker;
  let place: string;

  before(async () => {
    world = await createWorld();
    broker = await world.startBroker();
    place = await mkdtemp("/dev/shm/sealserve-test-");
  });

  after(async () => {
    await Promise.all([broker.close(), rm(place, { recursive: true, force: true })]);
    await world.close();
  });

  function engineYaml(sha256: string): string {
    return `engine: { tensorflow: ${library}, sha256: "${sha256}", privateDirectory: ${place} }`;
  }

  test("it runs behind the node's evidence, and leaves nothing", async () => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(library), hash);
    const node = await startNode(world.serveConfig(broker, { more: engineYaml(hash.digest("hex")) }));
    const [name = ""] = await readdir(place);
    assert.match(name, /^sealserve-/);
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
    for (const { outputs } of [await client.predictGrpc(request), await client.predictRest(request)]) {
      assert.deepEqual(outputs.get("y"), { dtype: "float32", shape: [3], data: Float32Array.of(2.5, 3, 4.5) });
    }
    await client.close();
    await node.close();
    assert.deepEqual(await readdir(place), []);
  });

  test("a library that is not the pinned one gets no plaintext (threat A11)", async () => {
    const config = world.serveConfig(broker, { more: engineYaml("0".repeat(64)) });
    await assert.rejects(startNode(config), (error) => error instanceof NodeError && error.code === "engine-unusable");
    assert.deepEqual(await readdir(place), []);
  });
});
