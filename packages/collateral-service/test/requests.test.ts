import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { now, root } from "./support/documents.ts";
import { asAdmin, asUser, hashOf, json, startService, type TestService } from "./support/service.ts";
import { BASE, QE_ID } from "./support/upload.ts";

let service: TestService;
before(async () => {
  service = await startService({ root, now: () => now });
});
after(() => service.stop());

const registration = { qe_id: QE_ID, pce_id: "0000", platform_manifest: "00" };
const register = (headers: Record<string, string>, body: string = JSON.stringify(registration)) =>
  service.client.send({ method: "POST", path: `${BASE}/platforms`, headers: { ...json, ...headers }, body });
const queue = async (query = "") =>
  JSON.parse((await service.client.send({ path: `${BASE}/platforms${query}`, headers: asAdmin })).body.toString());

describe("a token", () => {
  test("is of one kind only, and decided before the body is read", async () => {
    for (const headers of [
      {},
      { "user-token": "" },
      { "user-token": "x" },
      asAdmin,
      { "admin-token": "user-pass-1" },
    ]) {
      const answer = await register(headers as Record<string, string>, "{");
      assert.deepEqual([answer.status, answer.body.toString()], [401, "Authentication failed."]);
    }
    assert.equal((await register(asUser, "{")).status, 400);
  });

  test("that is wrong too often is not even compared", async () => {
    const guessed = await startService({ root });
    const statuses = [];
    for (let guess = 0; guess < 40; guess++) {
      const headers = { "admin-token": `guess ${guess}` };
      statuses.push((await guessed.client.send({ path: `${BASE}/platforms`, headers })).status);
    }
    assert.equal(statuses.at(0), 401);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await guessed.client.send({ path: `${BASE}/platforms`, headers: asAdmin })).status, 429);
    await guessed.stop();
  });

  test("lets nobody in without a proper hash", async () => {
    for (const admin of [undefined, "", "00", "00".repeat(64), `${hashOf("admin-pass-1")}00`]) {
      const closed = await startService({ root, tokens: admin === undefined ? {} : { admin } });
      for (const headers of [asAdmin, { "admin-token": "" }, {}]) {
        const answer = await closed.client.send({
          path: `${BASE}/platforms`,
          headers: headers as Record<string, string>,
        });
        assert.equal(answer.status, 401);
      }
      await closed.stop();
    }
  });

  test("is replaced while the service runs", async () => {
    const changed = await startService({ root });
    changed.server.replace({ tokens: { admin: hashOf("another") } });
    const statusOf = async (token: string) =>
      (await changed.client.send({ path: `${BASE}/platforms`, headers: { "admin-token": token } })).status;
    assert.deepEqual([await statusOf("admin-pass-1"), await statusOf("another")], [401, 200]);
    await changed.stop();
  });
});

describe("the queue of registrations", () => {
  test("keeps what it is asked to keep, and is emptied by reading otherwise", async () => {
    assert.equal((await register(asUser)).status, 200);
    assert.equal((await queue("?keep=true")).length, 1);
    const head = await service.client.send({ method: "HEAD", path: `${BASE}/platforms`, headers: asAdmin });
    assert.deepEqual([head.status, head.headers["platform-count"], head.body.length], [200, "1", 0]);
    assert.equal((await queue("?source=reg")).length, 1);
    assert.equal((await queue()).length, 0);
  });

  test("takes no registration of another form", async () => {
    const bodies = [
      "[]",
      "null",
      "{}",
      JSON.stringify({ ...registration, qe_id: "" }),
      JSON.stringify({ ...registration, qe_id: "x".repeat(261) }),
      JSON.stringify({ ...registration, pce_id: "00" }),
      JSON.stringify({ ...registration, qe_id: "A\0" }),
      JSON.stringify({ ...registration, platform_manifest: "0\0" }),
      JSON.stringify({ ...registration, platform_manifest: 1 }),
      JSON.stringify({ ...registration, platform_manifest: "0".repeat(200_000) }),
      JSON.stringify({ ...registration, platform_manifest: null }),
      `{"qe_id":"AA",${JSON.stringify(registration).slice(1)}`,
    ];
    for (const body of bodies) {
      assert.equal((await register(asUser, body)).status, 400, body.slice(0, 80));
    }
    assert.deepEqual(await queue(), []);
    assert.equal((await service.client.send({ path: `${BASE}/platforms?keep=1`, headers: asAdmin })).status, 400);
  });
});

test("a NUL, which one of the databases cannot store, is a mistake of the caller", async () => {
  const certificate = `${BASE}/pckcert?qeid=A%00&pceid=0000&cpusvn=${"0".repeat(32)}&pcesvn=0000`;
  const list = `${BASE}/crl?uri=https://certificates.trustedservices.intel.com/IntelSGXRootCA.%00`;
  for (const path of [certificate, list]) {
    assert.equal((await service.client.send({ path })).status, 400);
  }
});

test("a policy for an environment that nobody knows is refused", async () => {
  for (const id of ["constructor", "__proto__", "x"]) {
    const payload = JSON.stringify({ policy_array: [{ environment: { class_id: id } }] });
    const policy = `.${Buffer.from(JSON.stringify({ policy_payload: payload })).toString("base64url")}.`;
    const body = JSON.stringify({ is_default: true, fmspc: "0".repeat(12), policy });
    const headers = { ...json, ...asAdmin };
    const answer = await service.client.send({ method: "PUT", path: `${BASE}/appraisalpolicy`, headers, body });
    assert.equal(answer.status, 400, id);
  }
});

describe("an answer", () => {
  test("has an id: the caller's, when it has the form of one", async () => {
    const idFor = async (headers: Record<string, string>) =>
      (await service.client.send({ path: `${BASE}/qe/identity`, headers })).headers["request-id"];
    assert.equal(await idFor({ "request-id": "my-request-7" }), "my-request-7");
    assert.match(String(await idFor({ "request-id": "a b" })), /^[0-9a-f]{32}$/);
    assert.notEqual(await idFor({}), await idFor({}));
  });

  test("is the same to a proxy, which asks by the whole URL", async () => {
    const path = `${BASE}/tcb?fmspc=1`;
    for (const url of [path, `https://localhost:8081${path}`, `HTTPS://[::1]${path}`]) {
      assert.equal((await service.client.send({ path: url })).status, 400, url);
    }
    assert.equal((await service.client.send({ path: `https://localhost${BASE}/nothing` })).status, 404);
    assert.equal((await service.client.send({ path: "https://localhost" })).status, 404);
  });

  test("of an unknown path repeats nothing of it", async () => {
    const answer = await service.client.send({ path: "/<script>alert(1)</script>" });
    assert.equal(answer.status, 404);
    assert.ok(!answer.body.includes("alert"));
  });
});

test("one address cannot keep the service busy with misses", async () => {
  const limits = { requestsPerSecond: 0.001, requestBurst: 3 };
  const limited = await startService({ root, limits });
  const statuses = [];
  for (let count = 0; count < 5; count++) {
    statuses.push((await limited.client.send({ path: `${BASE}/qe/identity` })).status);
  }
  assert.deepEqual(statuses, [404, 404, 404, 429, 429]);
  await limited.stop();
});

describe("for those who run it, the service", () => {
  test("says that it lives", async () => {
    assert.equal((await service.client.send({ path: "/health" })).status, 200);
  });

  test("describes every operation of its table, and who may use it", async () => {
    const { paths } = JSON.parse((await service.client.send({ path: "/openapi.json" })).body.toString());
    const ofIntel = Object.entries(paths as Record<string, Record<string, { operationId: string }>>).filter(([path]) =>
      path.includes("/certification/"),
    );
    const operations = ofIntel.flatMap(([, item]) => Object.values(item));
    assert.deepEqual([ofIntel.length, operations.length], [24 + 5, 30 + 7], "those of the PCCS, and those passed on");
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    assert.deepEqual(paths[`${BASE}/platforms`].post.security, [{ user: [] }]);
    assert.deepEqual(paths[`${BASE}/platforms`].get.security, [{ admin: [] }]);
    assert.equal(paths[`${BASE}/tcb`].get.security, undefined);
  });
});
