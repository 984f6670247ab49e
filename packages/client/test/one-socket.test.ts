import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../src/connection/turns.ts";
import { proveByEvidence } from "../src/evidence/exchange.ts";
import { EvidenceJudge } from "../src/evidence/judge.ts";
import { RestConnection } from "../src/rest/connection.ts";
import { createScene } from "./support/scene.ts";

test("a REST connection that is lost never comes back as another, unproven one", async () => {
  const scene = await createScene();
  const node = await scene.startNode();
  const target = {
    host: "127.0.0.1",
    port: node.restPort,
    authority: { caPem: scene.authority.caPem },
    serverName: "localhost",
    protocol: "http/1.1",
    timeoutMs: 2000,
  } as const;
  const connection = await RestConnection.open(target, proveByEvidence(new EvidenceJudge(scene.evidence)), 1000);
  const ask = { method: "GET", path: "/v1/models/half/metadata" } as const;
  assert.equal((await connection.send(ask)).status, 200);
  const { length } = node.paths;
  node.cut();
  const lost = await Promise.allSettled(Array.from({ length: 5 }, () => connection.send(ask)));
  for (const outcome of lost) {
    assert.ok(outcome.status === "rejected");
    assert.equal(outcome.reason.code, "unreachable");
  }
  await assert.rejects(connection.send(ask), { code: "unreachable" });
  assert.equal(connection.usable, false);
  assert.deepEqual([node.connections, node.paths.length], [1, length]);
  await node.close();
});

test("a request that gives up waiting does not hold up the next", async () => {
  const turns = new Turns();
  const first = Promise.withResolvers<string>();
  const controller = new AbortController();
  const outcomes = [
    turns.take(() => first.promise, undefined),
    turns.take(async () => "second", controller.signal).catch((reason: unknown) => reason),
    turns.take(async () => "third", undefined),
  ];
  controller.abort("gave up");
  assert.equal(await outcomes[1], "gave up");
  first.resolve("first");
  assert.deepEqual(await Promise.all(outcomes), ["first", "gave up", "third"]);
});
