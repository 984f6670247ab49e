import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { CollateralError } from "@sealserve/collateral";
import { generateRecipientKey } from "../src/release/sealed-key.ts";
import { ROUTES } from "../src/server/routes.ts";
import { NodeSession } from "./node-session.ts";
import { createOwner, type Owner, startTestBroker, type TestBroker, waitFor } from "./setup.ts";

let owner: Owner;

before(async () => {
  owner = await createOwner();
});

after(() => owner.dispose());

/** A connection on which a test writes bytes of its own. */
async function connect(broker: TestBroker, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const { hostname, port } = new URL(broker.url);
  const socket = tls.connect({ host: hostname, port: Number(port), ca: owner.caPem, ...options });
  socket.on("error", () => undefined);
  owner.running.push(async () => {
    socket.destroy();
  });
  await once(socket, "secureConnect");
  return socket;
}

/** As {@link connect}, once the broker has noticed that earlier connections ended. */
async function connectSoon(broker: TestBroker): Promise<tls.TLSSocket> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect(broker);
    } catch (error) {
      if (attempt === 50) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Everything that comes until the broker closes. */
async function readToEnd(socket: tls.TLSSocket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  if (!socket.closed) {
    await once(socket, "close");
  }
  return text;
}

describe("routes of the broker", () => {
  let broker: TestBroker;

  before(async () => {
    broker = await startTestBroker(owner);
  });

  it("are these two, and each states who may call it", () => {
    assert.deepEqual(
      ROUTES.map(({ method, path, access }) => `${method} ${path} ${access}`),
      ["POST /v1/challenge anyone", "POST /v1/release attested"],
    );
  });

  it("are the only ways in", async () => {
    const others = [
      "GET /v1/challenge",
      "PUT /v1/release",
      "POST /",
      "POST /v1/challenge/",
      "POST /v1/challenge?x",
      "POST //v1/challenge",
      "POST /v1/./challenge",
      "POST /V1/challenge",
      "POST /v1/%63hallenge",
      "POST https://localhost/v1/challenge",
      "OPTIONS *",
      "DELETE /v1/models",
    ];
    for (const line of others) {
      const socket = await connect(broker);
      socket.write(`${line} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
      const answer = await readToEnd(socket);
      assert.match(answer, /^HTTP\/1\.1 404 /, line);
      assert.match(answer, /\{"error":\{"code":"not-found","id":""\}\}$/);
    }
  });

  it("refuse bodies that are not exactly their message", async () => {
    const session = await NodeSession.open(owner, broker);
    for (const body of ["", "[]", "null", `{"a":"b"}`, "{} {}", "\u0000"]) {
      const answer = await session.connection.post("/v1/challenge", body);
      assert.equal(answer.status, 400, body);
    }
    const { publicKey } = await generateRecipientKey();
    const point = Buffer.from(publicKey).toString("base64");
    const compressed = Buffer.from([2, ...publicKey.subarray(1, 33)]).toString("base64");
    const whole = { model: "alpha", evidence: "", publicKey: point, manifestDigest: "" };
    const bodies = [
      {},
      { model: "alpha" },
      { model: "alpha", evidence: "", publicKey: point },
      { ...whole, publicKey: "" },
      { ...whole, model: "../alpha" },
      { ...whole, evidence: "*" },
      { ...whole, publicKey: compressed },
      { ...whole, publicKey: Buffer.alloc(65, 4).toString("base64") },
      { ...whole, manifestDigest: "00" },
      { ...whole, manifestDigest: "zz".repeat(32) },
      { ...whole, extra: "" },
    ];
    const second = await NodeSession.open(owner, broker);
    for (const body of bodies) {
      const counted = broker.early().length;
      const answer = await second.connection.post("/v1/release", JSON.stringify(body));
      assert.equal(answer.status, 400, JSON.stringify(body));
      await waitFor(() => broker.early().slice(counted).includes("bad-message"));
    }
    assert.equal((await second.connection.post("/v1/release", JSON.stringify(whole))).status, 403);
  });

  it("never repeat what a caller sent in a record", async () => {
    const session = await NodeSession.open(owner, broker);
    const secret = "CALLERSAYS";
    await session.connection.post(
      "/v1/release",
      JSON.stringify({ model: secret.repeat(20), evidence: "", publicKey: "" }),
    );
    await session.connection.post("/v1/release", JSON.stringify({ [secret]: "" }));
    await session.connection.post("/v1/release", `{"model":"${secret}`);
    assert.doesNotMatch(JSON.stringify(broker.records), /CALLERSAYS/);
  });
});

describe("limits of the broker", () => {
  it("end bodies of more than 64 KiB, announced or not", async () => {
    const broker = await startTestBroker(owner);
    const announced = await connect(broker);
    announced.write("POST /v1/release HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
    announced.write("a".repeat(65_537));
    assert.match(await readToEnd(announced), /^HTTP\/1\.1 413 .*"body-too-large"/s);
    const chunked = await connect(broker);
    chunked.write("POST /v1/release HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let chunk = 0; chunk < 9; chunk++) {
      chunked.write(`2000\r\n${"a".repeat(8192)}\r\n`);
    }
    assert.match(await readToEnd(chunked), /^HTTP\/1\.1 413 /);
    assert.equal(broker.attempts().length, 0);
  });

  it("end headers that are too large", async () => {
    const broker = await startTestBroker(owner);
    const socket = await connect(broker);
    socket.write(`POST /v1/challenge HTTP/1.1\r\nX: ${"a".repeat(9000)}\r\n`);
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 431 /);
  });

  it("end slow headers", { timeout: 3000 }, async () => {
    const broker = await startTestBroker(owner, {}, { limits: { headersTimeoutMs: 100 } });
    const socket = await connect(broker);
    socket.write("POST /v1/challenge HTTP/1.1\r\nHost: a\r\n");
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 408 /);
  });

  it("end slow bodies", { timeout: 3000 }, async () => {
    const broker = await startTestBroker(owner, {}, { limits: { requestTimeoutMs: 200 } });
    const socket = await connect(broker);
    socket.write("POST /v1/challenge HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{");
    assert.match(await readToEnd(socket), /^(HTTP\/1\.1 4|$)/);
  });

  it("end connections that stay idle", { timeout: 3000 }, async () => {
    const broker = await startTestBroker(owner, {}, { limits: { idleTimeoutMs: 100 } });
    const socket = await connect(broker);
    socket.write("POST /v1/challenge HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 /);
  });

  it("end a TLS handshake that does not proceed", async () => {
    const broker = await startTestBroker(owner, {}, { limits: { handshakeTimeoutMs: 100 } });
    const socket = connectPlain(Number(new URL(broker.url).port), "127.0.0.1");
    socket.on("error", () => undefined).resume();
    await once(socket, "close");
  });

  it("cap the connections of one address, and let it in again when they end", async () => {
    const broker = await startTestBroker(owner, {}, { limits: { maxConnectionsPerAddress: 1 } });
    for (let round = 0; round < 3; round++) {
      const socket = await connectSoon(broker);
      await assert.rejects(connect(broker));
      socket.destroy();
    }
  });

  it("cap all connections together", async () => {
    const broker = await startTestBroker(owner, {}, { limits: { maxConnections: 1 } });
    await connect(broker);
    await assert.rejects(connect(broker));
  });

  it("cap the requests of one connection", async () => {
    const broker = await startTestBroker(owner, {}, { limits: { maxRequestsPerConnection: 2 } });
    const socket = await connect(broker);
    socket.write("POST /v1/release HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}".repeat(5));
    const answer = await readToEnd(socket);
    assert.equal(answer.match(/"bad-request"/g)?.length, 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(broker.early(), ["bad-message", "bad-message"]);
  });
});

describe("TLS of the broker", () => {
  it("is version 1.3 and nothing older", async () => {
    const broker = await startTestBroker(owner);
    await assert.rejects(connect(broker, { maxVersion: "TLSv1.2" }), /alert protocol version/);
    assert.equal((await connect(broker)).getProtocol(), "TLSv1.3");
  });

  it("never resumes a session", async () => {
    const broker = await startTestBroker(owner);
    const first = await connect(broker);
    const [session] = (await once(first, "session")) as [Buffer];
    const second = await connect(broker, { session });
    assert.equal(second.isSessionReused(), false);
  });

  it("speaks no other protocol than HTTP/1.1", async () => {
    const broker = await startTestBroker(owner);
    await assert.rejects(connect(broker, { ALPNProtocols: ["h2"] }), /alert no application protocol/);
  });
});

describe("broker without collateral", () => {
  it("says that it cannot judge now, and judges again when it can", async () => {
    let available = false;
    const collateral = await owner.vendor.collateral();
    const source = {
      fetchCollateral: async () => {
        if (!available) {
          throw new CollateralError("pccs-unreachable", "the PCCS cannot be reached");
        }
        return collateral;
      },
    };
    const broker = await startTestBroker(owner, {}, { collateral: source });
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    const answer = await session.release();
    assert.equal(answer.status, 503);
    const record = broker.lastAttempt();
    assert.equal(answer.text, JSON.stringify({ error: { code: "collateral-unavailable", id: record.id } }));
    assert.deepEqual([record.outcome, record.step, record.code], ["failed", "collateral", "pccs-unreachable"]);
    available = true;
    await session.challenge();
    assert.equal((await session.release()).status, 200);
  });

  it("blames itself, not the node, when its collateral is no good", async () => {
    const collateral = await owner.vendor.collateral({ now: new Date("2020-01-01T00:00:00Z") });
    const source = { fetchCollateral: async () => collateral };
    const broker = await startTestBroker(owner, {}, { collateral: source });
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    assert.equal((await session.release()).status, 503);
    const { outcome, step, code } = broker.lastAttempt();
    assert.deepEqual([outcome, step], ["failed", "collateral"]);
    assert.match(code ?? "", /expired/);
  });

  it("keeps records short, whatever went wrong", async () => {
    const source = { fetchCollateral: () => Promise.reject(new Error("x".repeat(100_000))) };
    const broker = await startTestBroker(owner, {}, { collateral: source });
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    assert.equal((await session.release()).status, 503);
    assert.ok(JSON.stringify(broker.lastAttempt()).length < 1500);
  });

  it("tells its owner when it cannot renew", async () => {
    let time = Date.now();
    let available = true;
    const collateral = await owner.vendor.collateral();
    const source = {
      fetchCollateral: async () => {
        if (!available) {
          throw new CollateralError("pccs-unreachable", "the PCCS cannot be reached");
        }
        return collateral;
      },
    };
    const broker = await startTestBroker(owner, {}, { collateral: source, now: () => new Date(time) });
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    await session.release();
    available = false;
    time += 2 * 86_400_000;
    await session.challenge();
    assert.equal((await session.release()).status, 200);
    const notices = broker.records.filter((record) => record.kind === "notice").map(({ message }) => message);
    assert.ok(notices.some((message) => message.includes("could not be renewed: the PCCS cannot be reached")));
  });
});

describe("closing a broker", () => {
  it("lets a running release finish, takes no new connection and can be asked for twice", async () => {
    const collateral = await owner.vendor.collateral();
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const source = {
      fetchCollateral: async () => {
        asked.resolve();
        await gate.promise;
        return collateral;
      },
    };
    const limits = { drainTimeoutMs: 5000 };
    const broker = await startTestBroker(owner, {}, { collateral: source, limits });
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    const answer = session.release();
    await asked.promise;
    const closed = Promise.all([broker.close(), broker.close()]);
    await assert.rejects(connect(broker), /ECONNREFUSED/);
    gate.resolve();
    const opened = await session.open(await answer);
    assert.deepEqual(opened?.wrapKey, owner.wrapKey);
    session.connection.close();
    await closed;
  });

  it("cuts connections that do not end by themselves", async () => {
    const broker = await startTestBroker(owner, {}, { limits: { drainTimeoutMs: 50 } });
    const socket = await connect(broker);
    socket.write("POST /v1/challenge HTTP/1.1\r\n");
    const ended = readToEnd(socket);
    await broker.close();
    await ended;
  });
});
