import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { after, describe, it } from "node:test";
import tls, { type TLSSocket } from "node:tls";
import { createRaTlsCertificate } from "../src/certificate/create.ts";
import { parseRaTlsCertificate } from "../src/certificate/parse.ts";
import type { ProvenEvidence, RaTlsPeer } from "../src/certificate/verify.ts";
import { RaTlsError, type RaTlsErrorCode } from "../src/errors.ts";
import { connectRaTls } from "../src/peer/connect.ts";
import { RaTlsIdentity } from "../src/peer/identity.ts";
import { createRaTlsServer, type RaTlsServerOptions } from "../src/peer/server.ts";
import { type PeerVerification, verifyPeer } from "../src/peer/verify-peer.ts";
import { aWhile, identityOf, Latch, listen, slowIdentity, startRelay } from "./peer-ends.ts";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE, PolicyRefusal, quoteOf, verifierOf } from "./sample-vendor.ts";
import { ordinaryMaterial, startTlsServer } from "./tls-pair.ts";

const genuine = { verifyEvidence: verifierOf() };
const running: Server[] = [];

interface EchoServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly peers: (RaTlsPeer<ProvenEvidence> | undefined)[];
  readonly refusals: unknown[];
  readonly received: string[];
}

/** Sends back what verified clients say. */
async function startEcho(
  options: Partial<RaTlsServerOptions> & { verifyClient?: PeerVerification<ProvenEvidence> } = {},
): Promise<EchoServer> {
  const echo = { peers: [], refusals: [], received: [] } as Omit<EchoServer, "address"> as EchoServer;
  const server = createRaTlsServer(
    { identity: identityOf(), verifyClient: genuine, onRefused: (error) => echo.refusals.push(error), ...options },
    (socket, peer) => {
      echo.peers.push(peer);
      socket.on("data", (chunk) => {
        echo.received.push(chunk.toString());
        socket.write(chunk);
      });
    },
  );
  running.push(server);
  return Object.assign(echo, { address: await listen(server) });
}

async function say(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

/** Connects with any certificate, without looking at the server's. */
async function connectPlainly(
  address: { host: string; port: number },
  options: tls.ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = tls.connect({ ...address, rejectUnauthorized: false, ...options });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

/** Sends something as soon as it can, and waits until the server has closed. */
async function sayAndLose(address: { host: string; port: number }, options: tls.ConnectionOptions = {}): Promise<void> {
  const socket = tls.connect({ ...address, rejectUnauthorized: false, ...options });
  socket.on("error", () => undefined).resume();
  socket.write("secret");
  await new Promise((resolve) => socket.once("close", resolve));
}

function hasCode(code: RaTlsErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof RaTlsError && error.code === code;
}

async function refusalOf(echo: EchoServer): Promise<unknown> {
  for (let turn = 0; turn < 100 && echo.refusals.length === 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(echo.peers.length, 0);
  assert.deepEqual(echo.received, []);
  return echo.refusals[0];
}

after(() => {
  for (const server of running) {
    server.close();
  }
});

describe("two-way RA-TLS with node:tls", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`verifies both ends, ${version}`, async () => {
      const echo = await startEcho();
      const { socket, peer } = await connectRaTls({
        to: echo.address,
        identity: identityOf(),
        verifyServer: genuine,
        maxVersion: version,
      });
      assert.equal(socket.getProtocol(), version);
      assert.equal(await say(socket, "hello"), "hello");
      assert.equal(peer.evidence.tee, "sgx");
      assert.equal(peer.form, "tagged");
      assert.equal(echo.peers[0]?.keyKind, "P-384");
      socket.destroy();
    });

    it(`closes before a client of another enclave is heard, ${version}`, async () => {
      const echo = await startEcho();
      const { certificatePem: cert, privateKeyPem: key } = await identityOf(OTHER_MR_ENCLAVE).current();
      await sayAndLose(echo.address, { cert, key, maxVersion: version });
      assert.ok((await refusalOf(echo)) instanceof PolicyRefusal);
    });

    it(`sends nothing to a server of another enclave, ${version}`, async () => {
      const echo = await startEcho({ identity: identityOf(OTHER_MR_ENCLAVE) });
      const attempt = connectRaTls({
        to: echo.address,
        identity: identityOf(),
        verifyServer: genuine,
        maxVersion: version,
      });
      await assert.rejects(attempt, PolicyRefusal);
      assert.deepEqual(echo.received, []);
    });

    it(`serves older generations' certificates, ${version}`, async () => {
      const echo = await startEcho();
      const quote = quoteOf();
      const { certificatePem: cert, privateKeyPem: key } = await createRaTlsCertificate({ quote, generation: "1.3" });
      const socket = await connectPlainly(echo.address, { cert, key, maxVersion: version });
      assert.equal(await say(socket, "old"), "old");
      assert.equal(echo.peers[0]?.keyKind, "RSA-3072");
      socket.destroy();
    });
  }

  it("reads nothing of a client while it verifies it", async () => {
    const latch = new Latch();
    const echo = await startEcho({ verifyClient: held(latch) });
    const { certificatePem: cert, privateKeyPem: key } = await identityOf().current();
    const socket = await connectPlainly(echo.address, { cert, key });
    socket.write("early");
    await latch.reached;
    await aWhile();
    assert.deepEqual(echo.received, []);
    latch.open();
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.equal(answer.toString(), "early");
    socket.destroy();
  });

  it("sends nothing to a server while it verifies it", async () => {
    const latch = new Latch();
    const echo = await startEcho();
    const relay = await startRelay(echo.address);
    const connecting = connectRaTls({ to: relay.address, identity: identityOf(), verifyServer: held(latch) });
    await latch.reached;
    await aWhile();
    const handshake = relay.bytesFromClient();
    await aWhile();
    assert.equal(relay.bytesFromClient(), handshake);
    latch.open();
    const { socket } = await connecting;
    assert.equal(await say(socket, "now"), "now");
    assert.ok(relay.bytesFromClient() > handshake);
    socket.destroy();
    relay.close();
  });
});

describe("a server of verified clients refuses", () => {
  const refused = async (echo: EchoServer, options: tls.ConnectionOptions = {}): Promise<unknown> => {
    await sayAndLose(echo.address, options);
    return refusalOf(echo);
  };

  it("a client without a certificate", async () => {
    assert.ok(hasCode("no-certificate")(await refused(await startEcho())));
  });

  it("a client with an ordinary certificate", async () => {
    const { key, cert } = await ordinaryMaterial();
    assert.ok(hasCode("no-evidence")(await refused(await startEcho(), { key, cert })));
  });

  it("evidence that was made for another key", async () => {
    const victim = await identityOf().current();
    const { evidence } = await parseRaTlsCertificate(victim.certificateDer);
    const stolen = await createRaTlsCertificate({ quote: async () => evidence });
    const error = await refused(await startEcho(), { key: stolen.privateKeyPem, cert: stolen.certificatePem });
    assert.ok(hasCode("key-not-bound")(error));
  });

  it("its own certificate, and any other of its own keys", async () => {
    const identity = identityOf();
    const { privateKeyPem: key, certificatePem: cert } = await identity.current();
    assert.ok(hasCode("own-certificate")(await refused(await startEcho({ identity }), { key, cert })));
  });

  it("a client whose evidence is older than the limit or does not say its age", async () => {
    const age = { maxMs: 60_000, now: () => new Date() };
    const verifyClient = { ...genuine, age };
    const dated = await createRaTlsCertificate({ quote: quoteOf(), issuedAt: new Date(Date.now() - 365 * 86_400_000) });
    const undated = await createRaTlsCertificate({ quote: quoteOf() });
    for (const [material, code] of [
      [dated, "evidence-too-old"],
      [undated, "evidence-age-unknown"],
    ] as const) {
      const options = { key: material.privateKeyPem, cert: material.certificatePem };
      assert.ok(hasCode(code)(await refused(await startEcho({ verifyClient }), options)));
    }
    const echo = await startEcho({ verifyClient });
    const { socket } = await connectRaTls({
      to: echo.address,
      identity: identityOf(),
      verifyServer: { ...genuine, age },
    });
    assert.equal(await say(socket, "young"), "young");
    socket.destroy();
  });

  it("a client whose verification takes too long", async () => {
    const verifyClient = { ...held(new Latch()), timeoutMs: 50 };
    const { privateKeyPem: key, certificatePem: cert } = await identityOf().current();
    assert.ok(hasCode("peer-lost")(await refused(await startEcho({ verifyClient }), { key, cert })));
  });

  it("a client that is gone before it is verified", async () => {
    const latch = new Latch();
    const echo = await startEcho({ verifyClient: held(latch) });
    const { privateKeyPem: key, certificatePem: cert } = await identityOf().current();
    const raw = connect(echo.address);
    await connectPlainly(echo.address, { key, cert, socket: raw });
    await latch.reached;
    raw.resetAndDestroy();
    assert.ok(hasCode("peer-lost")(await refusalOf(echo)));
    latch.open();
    await aWhile();
    assert.equal(echo.peers.length, 0);
  });

  it("a client that agrees on no protocol", async () => {
    const echo = await startEcho({ protocols: ["echo/1"] });
    const { privateKeyPem: key, certificatePem: cert } = await identityOf().current();
    assert.ok(hasCode("bad-channel")(await refused(echo, { key, cert })));
  });

  it("a client with old TLS", async () => {
    const echo = await startEcho();
    const old = tls.connect({
      ...echo.address,
      rejectUnauthorized: false,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1.1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    });
    await once(old, "error");
    assert.equal(((await refusalOf(echo)) as Error & { code: string }).code, "ERR_SSL_UNSUPPORTED_PROTOCOL");
  });

  it("connections beyond the cap, at once", async () => {
    const echo = await startEcho({ caps: { maxConnections: 8, maxConnectionsPerAddress: 1 } });
    const first = await connectRaTls({ to: echo.address, identity: identityOf(), verifyServer: genuine });
    await assert.rejects(connectRaTls({ to: echo.address, identity: identityOf(), verifyServer: genuine }));
    assert.equal(await say(first.socket, "still here"), "still here");
    first.socket.destroy();
  });

  it("a client while verifications of clients that are gone take all places", async () => {
    const latch = new Latch();
    const verifying = countRunning(held(latch));
    const echo = await startEcho({
      verifyClient: verifying,
      caps: { maxConnections: 8, maxConnectionsPerAddress: 2 },
    });
    for (let client = 0; client < 6; client++) {
      await connectAndDrop(echo.address);
    }
    assert.equal(verifying.highest, 2);
    assert.ok(echo.refusals.some(hasCode("too-many-verifications")));
    latch.open();
    await aWhile();
    const { socket } = await connectRaTls({ to: echo.address, identity: identityOf(), verifyServer: genuine });
    assert.equal(await say(socket, "room again"), "room again");
    socket.destroy();
  });

  it("everyone while the platform makes no evidence", async () => {
    const failing = new RaTlsIdentity({ quote: async () => Promise.reject(new Error("no platform")) });
    const echo = await startEcho({ identity: failing });
    const socket = tls.connect({ ...echo.address, rejectUnauthorized: false });
    await once(socket, "error");
    assert.match(String(await refusalOf(echo)), /no platform/);
  });
});

describe("a server whose handler of connections fails", () => {
  const handlers: Record<string, () => unknown> = {
    "at once": () => {
      throw new Error("handler is broken");
    },
    later: async () => {
      await aWhile();
      throw new Error("handler is broken");
    },
  };
  for (const [when, handler] of Object.entries(handlers)) {
    it(`closes the connection and tells, ${when}`, async () => {
      const refusals: unknown[] = [];
      const onRefused = (error: unknown): void => void refusals.push(error);
      const server = createRaTlsServer({ identity: identityOf(), verifyClient: genuine, onRefused }, handler);
      running.push(server);
      const to = await listen(server);
      const { socket } = await connectRaTls({ to, identity: identityOf(), verifyServer: genuine });
      await once(socket.resume(), "close");
      assert.match(String(refusals), /handler is broken/);
    });
  }
});

describe("a resumed session", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`is not to be had from our server, ${version}`, async () => {
      const echo = await startEcho();
      const { privateKeyPem: key, certificatePem: cert } = await identityOf().current();
      const first = await connectPlainly(echo.address, { key, cert, maxVersion: version });
      let session: Buffer | undefined;
      first.on("session", (latest) => {
        session = latest;
      });
      await say(first, "first");
      await aWhile();
      first.destroy();
      if (session === undefined) {
        return;
      }
      const second = await connectPlainly(echo.address, { key, cert, maxVersion: version, session });
      assert.equal(second.isSessionReused(), false);
      second.destroy();
    });
  }

  it("is not offered by ticket, TLSv1.2", async () => {
    const echo = await startEcho();
    const { privateKeyPem: key, certificatePem: cert } = await identityOf().current();
    const socket = await connectPlainly(echo.address, { key, cert, maxVersion: "TLSv1.2" });
    await say(socket, "hello");
    assert.equal(socket.getTLSTicket(), undefined);
    socket.destroy();
  });

  it("is refused from a server that allows them", async () => {
    const pairs = await startTlsServer();
    const first = await pairs.connect({ maxVersion: "TLSv1.2" });
    const session = first.client.getSession();
    first.close();
    assert.ok(session);
    const second = await pairs.connect({ maxVersion: "TLSv1.2", session });
    assert.ok(second.server.isSessionReused());
    await assert.rejects(verifyPeer(second.server, genuine), hasCode("bad-channel"));
    assert.ok(second.server.destroyed);
    second.close();
    await pairs.close();
  });
});

describe("a client of a verified server", () => {
  it("refuses a server that shows it its own certificate", async () => {
    const identity = identityOf();
    const { privateKeyPem: key, certificatePem: cert } = await identity.current();
    const server = tls.createServer({ key, cert, requestCert: true, rejectUnauthorized: false });
    server
      .on("tlsClientError", () => undefined)
      .on("secureConnection", (socket) => socket.on("error", () => undefined));
    running.push(server);
    const attempt = connectRaTls({ to: await listen(server), identity, verifyServer: genuine });
    await assert.rejects(attempt, hasCode("own-certificate"));
  });

  it("refuses a connection that leads back to its own process", async () => {
    const identity = identityOf();
    const echo = await startEcho({ identity });
    await assert.rejects(
      connectRaTls({ to: echo.address, identity, verifyServer: genuine }),
      hasCode("own-certificate"),
    );
  });

  it("refuses an ordinary server, and one that agrees on no protocol", async () => {
    const server = tls.createServer(await ordinaryMaterial());
    running.push(server);
    const to = await listen(server);
    await assert.rejects(connectRaTls({ to, verifyServer: genuine }), hasCode("no-evidence"));
    const echo = await startEcho();
    const attempt = connectRaTls({
      to: echo.address,
      identity: identityOf(),
      verifyServer: genuine,
      protocols: ["echo/1"],
    });
    await assert.rejects(attempt, hasCode("bad-channel"));
  });

  it("gives up when nobody listens, or nobody answers", async () => {
    const closed = tls.createServer();
    const to = await listen(closed);
    closed.close();
    await assert.rejects(connectRaTls({ to, verifyServer: genuine }));
    const silent = createServer((socket) => socket.on("error", () => undefined));
    running.push(silent);
    const verifyServer = { ...genuine, timeoutMs: 50 };
    await assert.rejects(connectRaTls({ to: await listen(silent), verifyServer }), hasCode("peer-lost"));
  });

  it("gives up when its own platform makes no evidence in time, and closes the connection it was given", async () => {
    const identity = new RaTlsIdentity({ quote: () => new Promise(() => undefined) });
    const verifyServer = { ...genuine, timeoutMs: 50 };
    const { address } = await startEcho();
    await assert.rejects(connectRaTls({ to: address, identity, verifyServer }), hasCode("peer-lost"));
    const to = connect(address);
    await assert.rejects(connectRaTls({ to, identity, verifyServer }), hasCode("peer-lost"));
    assert.ok(to.destroyed);
  });

  it("survives a server that resets the connection while the platform makes evidence", async () => {
    const to = connect(await listenAndReset());
    const latch = new Latch();
    const attempt = connectRaTls({ to, identity: slowIdentity(latch), verifyServer: genuine });
    await assert.rejects(attempt, hasCode("peer-lost"));
    latch.open();
  });

  it("needs no certificate of its own at a server for anyone", async () => {
    const server = createRaTlsServer({ identity: identityOf(), verifyClient: "anyone" }, (socket) =>
      socket.end("for anyone"),
    );
    running.push(server);
    const { socket, peer } = await connectRaTls({ to: await listen(server), verifyServer: genuine });
    const [greeting] = (await once(socket, "data")) as [Buffer];
    assert.equal(greeting.toString(), "for anyone");
    assert.equal(peer.evidence.tee, "sgx");
  });
});

/** Counts the verifications that are under way at once. */
function countRunning({ verifyEvidence }: PeerVerification<ProvenEvidence>) {
  const counting = {
    running: 0,
    highest: 0,
    verifyEvidence: async (...[evidence, binding]: Parameters<typeof verifyEvidence>) => {
      counting.running++;
      counting.highest = Math.max(counting.highest, counting.running);
      try {
        return await verifyEvidence(evidence, binding);
      } finally {
        counting.running--;
      }
    },
  };
  return counting;
}

/** Drops a connection when its verification has begun or was refused. */
async function connectAndDrop(to: { host: string; port: number }): Promise<void> {
  const { certificatePem: cert, privateKeyPem: key } = await identityOf().current();
  const socket = await connectPlainly(to, { cert, key });
  await aWhile();
  socket.destroy();
  await aWhile();
}

/** A server that resets each connection at once. */
async function listenAndReset(): Promise<{ readonly host: string; readonly port: number }> {
  const server = createServer((socket) => socket.resetAndDestroy());
  running.push(server);
  return listen(server);
}

/** The true verifier, which answers only when the latch is open. */
function held(latch: Latch): PeerVerification<ProvenEvidence> {
  return {
    verifyEvidence: async (evidence, binding) => {
      await latch.wait();
      return verifierOf(MR_ENCLAVE)(evidence, binding);
    },
  };
}

describe("renegotiation", () => {
  /** Tries to shake hands again; resolves when that failed or the connection is gone. */
  const renegotiate = (socket: TLSSocket): Promise<Error> =>
    new Promise((resolve, reject) => {
      socket.on("error", resolve).once("close", () => resolve(new Error("closed")));
      socket.renegotiate({}, (error) => (error === null ? reject(new Error("renegotiated")) : resolve(error)));
    });

  it("is refused by our server, also when it is for anyone", async () => {
    const server = createRaTlsServer({ identity: identityOf(), verifyClient: "anyone" }, (socket) => socket.resume());
    running.push(server);
    const socket = await connectPlainly(await listen(server), { maxVersion: "TLSv1.2" });
    await renegotiate(socket);
    socket.destroy();
  });

  it("ends the connection on any socket whose peer was verified", async () => {
    const { privateKeyPem: key, certificatePem: cert } = await identityOf().current();
    const pairs = await startTlsServer({ requestCert: true, rejectUnauthorized: false });
    const { client, server } = await pairs.connect({ maxVersion: "TLSv1.2", key, cert });
    await verifyPeer(server, genuine);
    server.resume();
    client.on("error", () => undefined).renegotiate({}, () => undefined);
    await new Promise((resolve) => server.once("close", resolve));
    client.destroy();
    await pairs.close();
  });
});
