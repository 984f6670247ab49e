import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { before, test } from "node:test";
import tls from "node:tls";
import { createRaTlsCertificate, EVIDENCE_PATH } from "@sealserve/ra-tls";
import type { TestIdentity } from "../../../tests/support/tls-authority.ts";
import { connectNode } from "../src/node.ts";
import type { NodeOptions } from "../src/options.ts";
import { type FakeNode, MANIFEST_DIGEST } from "./support/fake-node.ts";
import { createScene, MR_ENCLAVE, predictRequest, type Scene, y } from "./support/scene.ts";

let scene: Scene;

before(async () => {
  scene = await createScene();
});

async function raTlsIdentity(mrEnclave = MR_ENCLAVE): Promise<TestIdentity> {
  const quote = (reportData: Uint8Array): Promise<Uint8Array> => scene.vendor.quote({ mrEnclave, reportData });
  const { privateKeyPem: keyPem, certificatePem } = await createRaTlsCertificate({ quote });
  return { keyPem, certificatePem, key: Buffer.from(keyPem), certificate: Buffer.from(certificatePem) };
}

/** Options without an authority, with the package pinned. */
function optionsFor(node: Pick<FakeNode, "grpcPort" | "restPort">, changes: Partial<NodeOptions> = {}): NodeOptions {
  const { caPem: _, ...options } = scene.optionsFor(node, { manifestDigest: MANIFEST_DIGEST });
  return { ...options, raTls: true, ...changes };
}

async function refusedOnBoth(options: NodeOptions, code: string): Promise<void> {
  for (const port of [{ grpcPort: undefined }, { restPort: undefined }]) {
    await assert.rejects(connectNode({ ...options, ...port }), { code });
  }
}

test("a node with a certificate of its own proves itself by fresh evidence for the connection, and gets the data", async () => {
  const node = await scene.startNode({ identity: await raTlsIdentity() });
  const client = await connectNode(optionsFor(node));
  for (const predict of ["predictGrpc", "predictRest"] as const) {
    assert.deepEqual((await client[predict](predictRequest)).outputs.get("y"), y);
  }
  assert.deepEqual(
    node.paths.filter((path) => path === EVIDENCE_PATH),
    [EVIDENCE_PATH, EVIDENCE_PATH],
  );
  await client.close();
  await node.close();
});

test("without an authority the package must be pinned, and is held to it", async () => {
  const node = await scene.startNode({ identity: await raTlsIdentity() });
  await refusedOnBoth({ ...scene.optionsFor(node), caPem: undefined, raTls: true }, "bad-target");
  assert.equal(node.connections, 0);
  const other = scene.optionsFor(node, { manifestDigest: "00".repeat(32) });
  await refusedOnBoth({ ...other, caPem: undefined, raTls: true }, "package-not-accepted");
  await node.close();
});

test("leaving the authority out is no way to do without one", async () => {
  const node = await scene.startNode();
  const { caPem, ...without } = scene.optionsFor(node, { manifestDigest: MANIFEST_DIGEST });
  await refusedOnBoth(without, "bad-target");
  await refusedOnBoth({ ...without, raTls: false }, "bad-target");
  await refusedOnBoth({ ...without, caPem, raTls: true }, "bad-target");
  assert.equal(node.connections, 0);
  await node.close();
});

test("good evidence in the certificate counts for nothing without fresh evidence", async () => {
  const node = await scene.startNode({ identity: await raTlsIdentity(), evidence: async () => ({ status: 404 }) });
  await refusedOnBoth(optionsFor(node), "evidence-missing");
  node.behaviour.evidence = undefined;
  node.behaviour.quote = (reportData) => scene.vendor.quote({ mrEnclave: "cd".repeat(32), reportData });
  await refusedOnBoth(optionsFor(node), "evidence-refused");
  assert.ok(node.paths.every((path) => path === EVIDENCE_PATH));
  await node.close();
});

test("a man in the middle is found out, with a certificate of his own and with the node's", async () => {
  const identity = await raTlsIdentity();
  const node = await scene.startNode({ identity });
  for (const { key, certificate: cert } of [await raTlsIdentity(), await scene.authority.issue(), identity]) {
    const relay = tls.createServer({ key, cert, ALPNProtocols: ["h2"] }, (socket) => {
      const onward = tls.connect({ port: node.grpcPort, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
      socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
      onward.on("error", () => socket.destroy()).on("close", () => socket.destroy());
      socket.pipe(onward).pipe(socket);
    });
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    const grpcPort = (relay.address() as AddressInfo).port;
    await assert.rejects(connectNode(optionsFor({ grpcPort, restPort: 0 })), { code: "evidence-refused" });
    relay.close();
  }
  assert.ok(node.paths.every((path) => path === EVIDENCE_PATH));
  await node.close();
});
