import assert from "node:assert/strict";
import { once } from "node:events";
import https from "node:https";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { connect } from "node:tls";
import { offlineFill } from "../src/offline-fill.ts";
import { startServer } from "../src/server/start-server.ts";
import { databases } from "./support/databases.ts";
import { fmspc, now, root } from "./support/documents.ts";
import { asAdmin, asUser, hashOf, identity, json, startService, USER_TOKEN } from "./support/service.ts";
import { BASE, CERTIFICATE_PATH, uploadOf } from "./support/upload.ts";

const registration = JSON.stringify({ qe_id: "AB", pce_id: "0000", platform_manifest: "00" });

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once("close", () => resolve()));

describe("a service that stops", () => {
  test("finishes what it is doing, and takes nothing new", async () => {
    const service = await startService({ root });
    const { port } = new URL(service.server.url);
    const headers = { ...asUser, ...json, "content-length": registration.length };
    const request = https.request({
      port,
      method: "POST",
      path: `${BASE}/platforms`,
      headers,
      rejectUnauthorized: false,
    });
    request.write(registration.slice(0, 10));
    await setTimeout(100);
    const startedAt = performance.now();
    const stopped = service.stop();
    await setTimeout(50);
    await assert.rejects(service.client.send({ path: "/health" }));
    request.end(registration.slice(10));
    const [response] = await once(request, "response");
    assert.equal(response.statusCode, 200);
    response.resume();
    await stopped;
    assert.ok(performance.now() - startedAt < 15_000, "the connection was kept for a next request");
  });
});

describe("a caller that is slow or too many", () => {
  const ended = async (port: string, text: string): Promise<number> => {
    const startedAt = performance.now();
    const socket = connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => undefined);
    await once(socket, "secureConnect");
    socket.write(text);
    socket.resume();
    await closed(socket);
    return performance.now() - startedAt;
  };

  test("is cut off when headers or body do not come", async () => {
    const service = await startService({ root, limits: { headersTimeoutMs: 300, requestTimeoutMs: 600 } });
    const { port } = new URL(service.server.url);
    assert.ok((await ended(port, "GET /health HTTP/1.1\r\nHost: x\r\n")) < 10_000);
    const unfinished = `POST ${BASE}/platforms HTTP/1.1\r\nHost: x\r\nuser-token: ${USER_TOKEN}\r\ncontent-length: 9\r\n\r\n{`;
    assert.ok((await ended(port, unfinished)) < 10_000);
    await service.stop();
  });

  test("has so many connections and no more", async () => {
    const service = await startService({ root, limits: { maxConnectionsPerAddress: 1 } });
    assert.equal((await service.client.send({ path: "/health" })).status, 200);
    const { port } = new URL(service.server.url);
    const socket = connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => undefined);
    await closed(socket);
    await service.stop();
  });

  test("with headers that are too long is refused", async () => {
    const service = await startService({ root });
    const answer = await service.client.send({ path: "/health", headers: { "x-long": "x".repeat(20_000) } });
    assert.equal(answer.status, 431);
    await service.stop();
  });
});

describe("two services over one PostgreSQL database", { skip: databases["PostgreSQL"]?.skip ?? false }, () => {
  test("answer the same: what one stores, the other serves", async () => {
    const first = await startService({ root, now: () => now }, "PostgreSQL");
    const second = await startServer({
      listen: { host: "127.0.0.1", port: 0 },
      tls: { cert: identity.certificatePem, key: identity.keyPem },
      tokens: { user: hashOf(USER_TOKEN) },
      database: await first.database.open(),
      root,
      stale: "warn",
      now: () => now,
      fill: async (store) => ({ fill: offlineFill(store, () => now) }),
      onFault: () => undefined,
    });
    const tcbOf = async (tcbEvaluationDataNumber: number): Promise<string> => {
      const file = await uploadOf({ tcbEvaluationDataNumber });
      const path = `${BASE}/platformcollateral`;
      const sent = { method: "PUT", path, headers: { ...asAdmin, ...json }, body: JSON.stringify(file) };
      assert.equal((await first.client.send(sent)).status, 200);
      return JSON.stringify(file.collaterals.tcbinfos[0]?.["sgx_tcbinfo"]);
    };
    const client = first.clientOf(second.url);
    for (const number of [1, 2]) {
      const expected = await tcbOf(number);
      await setTimeout(500); // answers are at most this far behind what another process wrote
      assert.equal((await client.send({ path: `${BASE}/tcb?fmspc=${fmspc}` })).body.toString(), expected);
      assert.equal((await client.send({ path: CERTIFICATE_PATH })).status, 200);
    }
    client.close();
    await second.close();
    await first.stop();
  });
});
