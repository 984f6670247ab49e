import assert from "node:assert/strict";
import { before, test } from "node:test";
import { connectNode } from "../src/node.ts";
import { type FakeAnswer, type FakeNode, MANIFEST_DIGEST } from "./support/fake-node.ts";
import { createScene, grpcAnswer, predictRequest, type Scene } from "./support/scene.ts";

let scene: Scene;

before(async () => {
  scene = await createScene();
});

/** An honest node whose answers have more headers. */
async function nodeWith(headers: Record<string, string>): Promise<FakeNode> {
  const node = await scene.startNode();
  const { answer } = node.behaviour;
  node.behaviour.answer = async (path, body): Promise<FakeAnswer | undefined> => {
    const isOtherCall = path.startsWith("/tensorflow.serving.") && !path.endsWith("/Predict");
    const honest = isOtherCall ? grpcAnswer(new Uint8Array()) : await answer(path, body);
    return honest === undefined ? undefined : { ...honest, headers: { ...honest.headers, ...headers } };
  };
  return node;
}

function sealHeaders(digest: string, lease?: string): Record<string, string> {
  return Object.fromEntries(
    ["", "x-"].flatMap((prefix) => [
      [`${prefix}sealserve-model-digest`, digest],
      ...(lease === undefined ? [] : [[`${prefix}sealserve-lease-ends`, lease]]),
    ]),
  );
}

test("an answer tells its package and the end of its lease", async () => {
  const ends = "2026-11-26T12:00:00.000Z";
  for (const [headers, expected] of [
    [{}, undefined],
    [sealHeaders(MANIFEST_DIGEST), { manifestDigest: MANIFEST_DIGEST, leaseEndsAt: undefined }],
    [sealHeaders(MANIFEST_DIGEST, ends), { manifestDigest: MANIFEST_DIGEST, leaseEndsAt: new Date(ends) }],
  ] as const) {
    const node = await nodeWith(headers);
    const client = await connectNode(scene.optionsFor(node));
    assert.deepEqual((await client.predictGrpc(predictRequest)).seal, expected);
    assert.deepEqual((await client.predictRest(predictRequest)).seal, expected);
    await client.close();
    await node.close();
  }
});

test("an answer of another package than the node has proved is not taken, nor one that says so malformed", async () => {
  for (const [headers, code] of [
    [sealHeaders("00".repeat(32)), "package-not-accepted"],
    [sealHeaders(MANIFEST_DIGEST.toUpperCase()), "bad-answer"],
    [sealHeaders(""), "bad-answer"],
    [sealHeaders(MANIFEST_DIGEST, "tomorrow"), "bad-answer"],
    [{ "sealserve-lease-ends": "2026-11-26T12:00:00.000Z", "x-sealserve-lease-ends": "x" }, "bad-answer"],
  ] as const) {
    const node = await nodeWith(headers);
    const client = await connectNode(scene.optionsFor(node));
    for (const ask of [
      () => client.predictGrpc(predictRequest),
      () => client.predictRest(predictRequest),
      () => client.metadata(),
      () => client.status(),
    ]) {
      await assert.rejects(ask, { code });
    }
    await client.close();
    await node.close();
  }
});
