import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { generateEcKey, sha256 } from "@sealserve/core";
import { LEGACY_OID } from "../../../tests/support/enclave-certificate.ts";
import type { BrokerLimits } from "../src/server/limits.ts";
import {
  type ClientIdentity,
  connectTls,
  currentIdentity,
  GENERATIONS,
  provision,
  REQUEST,
  selfSigned,
  type Target,
} from "./gramine-client.ts";
import { createOwner, MR_ENCLAVE, type Owner, startTestBroker, type TestBroker, waitFor } from "./setup.ts";

const HELLO = new URL("../../../../shared/vectors/ra-tls/client-hello-gramine-1.9.bin", import.meta.url);
const CURRENT = GENERATIONS.find(({ name }) => name.startsWith("1.9")) ?? assert.fail();
/** An option that Node documents and its types leave out. */
const STAYS_ON: object = { allowHalfOpen: true };
/** Start of a ClientHello record that never becomes whole. */
const PART_OF_HELLO = Buffer.from("160301020001", "hex");

describe("limits of the provisioning port", () => {
  let owner: Owner;
  let identity: ClientIdentity;

  before(async () => {
    owner = await createOwner();
    identity = await currentIdentity(owner.vendor);
  });

  after(() => owner.dispose());

  async function start(
    limits: Partial<BrokerLimits>,
    members = "",
  ): Promise<{ broker: TestBroker; target: Target; released: () => Promise<void> }> {
    const secretProvisioning = `secretProvisioning: { listen: "127.0.0.1:0"${members} }`;
    const broker = await startTestBroker(owner, { secretProvisioning }, { limits });
    const target = { address: broker.provisioningAddress, caPem: owner.caPem };
    const released = async (): Promise<void> => {
      assert.deepEqual(await provision(target, CURRENT, identity), Buffer.from(owner.wrapKey));
    };
    return { broker, target, released };
  }

  /** A connection without TLS; it never throws. */
  async function connectPlain({ address = "" }: Target): Promise<Socket> {
    const [host, port] = address.split(":");
    const socket = connect(Number(port), host).on("error", () => undefined);
    owner.running.push(async () => void socket.destroy());
    await once(socket, "connect");
    return socket;
  }

  /** However it ends: an orderly end and a reset are the same here. */
  async function closed(socket: Socket): Promise<void> {
    socket.resume();
    await waitFor(() => socket.closed);
  }

  it("end a connection that says nothing, or begins a handshake and stops, or drips it, after the handshake's time", async () => {
    const { broker, target, released } = await start({ handshakeTimeoutMs: 300 });
    const begun = performance.now();
    const [silent, stopped, dripping] = await Promise.all([
      connectPlain(target),
      connectPlain(target),
      connectPlain(target),
    ]);
    stopped.write(PART_OF_HELLO);
    dripping.write(PART_OF_HELLO);
    const drip = setInterval(() => dripping.write(Buffer.of(0)), 20).unref();
    await released();
    await Promise.all([silent, stopped, dripping].map(closed));
    clearInterval(drip);
    const took = performance.now() - begun;
    assert.ok(took > 250 && took < 8_000, `${took} ms`);
    await waitFor(() => broker.early().filter((code) => code === "handshake-failed").length === 3);
  });

  it("do not touch others when a client drops in the middle of its handshake", async (t) => {
    const { broker, target, released } = await start({});
    const hellos = existsSync(HELLO) ? [readFileSync(HELLO), PART_OF_HELLO] : [PART_OF_HELLO];
    t.diagnostic(`${hellos.length} of 2 beginnings; the whole ClientHello is a public vector`);
    for (const hello of hellos) {
      for (const leave of [(s: Socket) => s.resetAndDestroy(), (s: Socket) => s.destroy(), (s: Socket) => s.end()]) {
        const socket = await connectPlain(target);
        socket.write(hello);
        leave(socket);
        await released();
      }
    }
    await waitFor(() => broker.early().filter((code) => code === "handshake-failed").length === 3 * hellos.length);
  });

  it("end a connection that is no TLS", async () => {
    const { broker, target } = await start({});
    const socket = await connectPlain(target);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await closed(socket);
    await waitFor(() => broker.early().includes("handshake-failed"));
  });

  it("end a connection whose client stays silent after the handshake, or stops before its last byte", async () => {
    const { broker, target, released } = await start({ requestTimeoutMs: 200 });
    for (const part of [0, 1, REQUEST.length - 1]) {
      const socket = connectTls(target, identity);
      socket.write(REQUEST.subarray(0, part));
      await closed(socket);
    }
    await released();
    assert.deepEqual(broker.early(), ["request-timeout", "request-timeout", "request-timeout"]);
  });

  it("say goodbye after the secret, and cut a client that stays on", async () => {
    const { target } = await start({ farewellTimeoutMs: 200 });
    const socket = connectTls(target, { ...identity, ...STAYS_ON });
    socket.write(REQUEST);
    socket.resume();
    // The end is TLS's own: close_notify, after which nothing can have been cut off unseen.
    await once(socket, "end");
    const begun = performance.now();
    const writing = setInterval(() => socket.write("more"), 10).unref();
    await closed(socket);
    clearInterval(writing);
    assert.ok(performance.now() - begun < 4_500);
  });

  it("hold no place for clients that are done: many more than the caps, one after the other", async () => {
    const { target, released } = await start({}, ", maxConnections: 2, maxConnectionsPerAddress: 2");
    for (let index = 0; index < 12; index++) {
      await released();
    }
    for (let index = 0; index < 6; index++) {
      const talker = connectTls(target, identity);
      talker.write(REQUEST);
      await once(talker, "data");
      talker.end("something that nobody asked for");
      await closed(talker);
    }
    await released();
  });

  it("cap the connections of one address, before any TLS work, and let the next in when one leaves", async () => {
    const { broker, target, released } = await start({}, ", maxConnectionsPerAddress: 3");
    const held = await Promise.all([connectPlain(target), connectPlain(target), connectPlain(target)]);
    await closed(await connectPlain(target));
    assert.ok(held.every((socket) => !socket.destroyed));
    await assert.rejects(provision(target, CURRENT, identity));
    await waitFor(() => broker.early().filter((code) => code === "too-many-connections").length === 2);
    held[0]?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await released();
  });

  it("cap the connections of all together", async () => {
    const { broker, target, released } = await start({}, ", maxConnections: 2");
    const held = await Promise.all([connectPlain(target), connectPlain(target)]);
    await closed(await connectPlain(target));
    await waitFor(() => broker.early().includes("too-many-connections"));
    held[0]?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await released();
  });

  it("have room for the largest certificate that a Gramine client can build, 16 KiB, and for its pieces", async () => {
    const { broker, target, released } = await start({});
    const key = await generateEcKey("P-384");
    const reportData = new Uint8Array(64);
    reportData.set(await sha256(key.publicKeyInfo));
    const value = await owner.vendor.quote({ mrEnclave: MR_ENCLAVE, reportData });
    const padded = (size: number): Promise<ClientIdentity> =>
      selfSigned(key, [
        { oid: LEGACY_OID, value },
        { oid: "1.3.6.1.4.1.99999.1", value: randomBytes(size) },
      ]);
    const large = await padded(11_000);
    assert.ok(Buffer.from(large.cert, "utf8").length > 20_000, "PEM of about 16 KiB");
    assert.deepEqual(await provision(target, CURRENT, large, { pieceSize: 7 }), Buffer.from(owner.wrapKey));
    // OpenSSL takes 100 KiB; beyond that the handshake fails, and nothing else does.
    await assert.rejects(provision(target, CURRENT, await padded(150_000)));
    await released();
    await waitFor(() => broker.early().includes("handshake-failed"));
  });
});

describe("200 clients at once beside 20 silent connections", () => {
  it("all get their secret, and none waits for the silent ones", async (t) => {
    const owner = await createOwner();
    try {
      const broker = await startTestBroker(owner);
      const target = { address: broker.provisioningAddress, caPem: owner.caPem };
      const identities = await Promise.all(Array.from({ length: 20 }, () => currentIdentity(owner.vendor)));
      const [host, port] = (broker.provisioningAddress ?? "").split(":");
      const silent = Array.from({ length: 20 }, () => connect(Number(port), host).on("error", () => undefined));
      await Promise.all(silent.map((socket) => once(socket, "connect")));
      for (const socket of silent.slice(10)) {
        socket.write(PART_OF_HELLO);
      }
      const took = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const begun = performance.now();
          const secret = await provision(target, CURRENT, identities[index % 20] ?? assert.fail());
          assert.deepEqual(secret, Buffer.from(owner.wrapKey));
          return performance.now() - begun;
        }),
      );
      const slowest = Math.max(...took);
      t.diagnostic(`slowest of 200: ${slowest.toFixed(0)} ms, clients in the same process`);
      assert.ok(silent.every((socket) => !socket.closed));
      // Silent connections are held for 10 s: whoever had waited for one would be later.
      assert.ok(slowest < 8000, `${slowest} ms`);
      assert.equal(broker.attempts().filter(({ outcome }) => outcome === "released").length, 200);
      for (const socket of silent) {
        socket.destroy();
      }
    } finally {
      await owner.dispose();
    }
  });
});
