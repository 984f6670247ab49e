import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { before, test } from "node:test";
import { connectNode } from "../src/node.ts";
import type { NodeOptions } from "../src/options.ts";
import { createScene, predictRequest, type Scene } from "./support/scene.ts";

const reason = new Error("the user has had enough");

let scene: Scene;

before(async () => {
  scene = await createScene();
});

/** Each way to a node hangs until the signal fires, and then ends with its reason. */
async function endsByItsSignal(options: NodeOptions): Promise<void> {
  const { grpcPort, restPort, ...rest } = options;
  for (const way of [{ grpcPort }, { restPort }]) {
    const controller = new AbortController();
    const connecting = connectNode({ ...rest, ...way, connectTimeoutMs: 60_000, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    await assert.rejects(connecting, (error) => error === reason);
  }
}

test("connecting to a server that says nothing ends by its signal, and leaves no connection", async () => {
  const closed: Promise<unknown>[] = [];
  const silent = net.createServer((socket) => closed.push(once(socket.resume(), "close"))).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as net.AddressInfo;
  await endsByItsSignal(scene.optionsFor({ grpcPort: port, restPort: port }));
  await Promise.all(closed);
  assert.equal(closed.length, 2);
  silent.close();
});

test("waiting for evidence ends by its signal", async () => {
  const node = await scene.startNode({ evidence: async () => undefined });
  await endsByItsSignal(scene.optionsFor(node));
  await node.close();
});

test("waiting for collateral ends by its signal", async () => {
  const node = await scene.startNode();
  const collateral = { fetchCollateral: () => new Promise<never>(() => undefined) };
  await endsByItsSignal(scene.optionsFor(node, { collateral }));
  await node.close();
});

test("a signal that has fired connects to nothing, but leaves the connection that stands", async () => {
  const node = await scene.startNode();
  const controller = new AbortController();
  const options = { ...scene.optionsFor(node), signal: controller.signal };
  const client = await connectNode(options);
  controller.abort(reason);
  assert.equal((await client.predictGrpc(predictRequest)).modelSpec.name, "half");
  await assert.rejects(client.predictRest(predictRequest), (error) => error === reason);
  await assert.rejects(connectNode(options), (error) => error === reason);
  assert.equal(node.connections, 1);
  await client.close();
  await node.close();
});
