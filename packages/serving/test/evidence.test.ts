import assert from "node:assert/strict";
import http2 from "node:http2";
import { after, before, test } from "node:test";
import type tls from "node:tls";
import { encodeUtf8 } from "@sealserve/core";
import { ServingError } from "@sealserve/protocol";
import {
  channelOf,
  decodeEvidenceAnswer,
  type EvidenceAnswer,
  encodeEvidenceRequest,
  reportDataFor,
} from "@sealserve/ra-tls";
import { EvidenceIssuer } from "../src/evidence/issuer.ts";
import { TokenBucket } from "../src/transport/token-bucket.ts";
import {
  askHttp1,
  askHttp2,
  connectPort,
  type EvidencePorts,
  manifestDigest,
  openEvidencePorts,
} from "./support/evidence-ports.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { type TestPlatform, testPlatform } from "./support/test-platform.ts";

const logged: string[] = [];
let platform: TestPlatform;
let ports: EvidencePorts;
let failure: Error | undefined;

before(async () => {
  platform = testPlatform();
  const breakable = {
    ...platform,
    quote: async (reportData: Uint8Array): Promise<Uint8Array> => {
      if (failure !== undefined) {
        throw failure;
      }
      return await platform.quote(reportData);
    },
  };
  ports = await openEvidencePorts(breakable, { log: (event, fields) => logged.push(JSON.stringify([event, fields])) });
});

after(() => ports.close());

async function connect(port: "grpc" | "rest"): Promise<tls.TLSSocket> {
  return await connectPort(ports.caPem, ports[port], port === "grpc" ? "h2" : "http/1.1");
}

async function assertSpeaksFor(socket: tls.TLSSocket, nonce: Uint8Array, answer: EvidenceAnswer): Promise<void> {
  const channel = await channelOf(socket, "client", "serving");
  const statement = { purpose: "serving", nonce, ...channel, publicKey: new Uint8Array(), manifestDigest } as const;
  const expected = await reportDataFor({ ...statement, model: "half" });
  assert.deepEqual(answer.evidence, Uint8Array.from([...encodeUtf8("quote:"), ...expected]));
  assert.deepEqual([answer.model, answer.manifestDigest], ["half", manifestDigest]);
}

function newNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

test("REST evidence speaks for the very connection, nonce, certificate and package", async () => {
  const socket = await connect("rest");
  const nonce = newNonce();
  const reply = await askHttp1(socket, { body: encodeEvidenceRequest({ nonce }) });
  assert.equal(reply.status, 200);
  await assertSpeaksFor(socket, nonce, decodeEvidenceAnswer(reply.text));
  const other = await connect("rest");
  await assert.rejects(assertSpeaksFor(other, nonce, decodeEvidenceAnswer(reply.text)));
  socket.destroy();
  other.destroy();
});

test("the gRPC port gives evidence for its own connections", async () => {
  const socket = await connect("grpc");
  const session = http2.connect("https://localhost", { createConnection: () => socket });
  const nonce = newNonce();
  const reply = await askHttp2(session, { body: encodeEvidenceRequest({ nonce }) });
  assert.equal(reply.status, 200);
  await assertSpeaksFor(socket, nonce, decodeEvidenceAnswer(reply.text));
  session.destroy();
});

test("malformed requests are refused and reach no platform", async () => {
  const quotedBefore = platform.quoted.length;
  const hex = "00".repeat(32);
  const bodies = [
    "",
    "{}",
    "[]",
    `{"nonce":"${hex.slice(2)}"}`,
    `{"nonce":"${hex}00"}`,
    `{"nonce":"zz${hex.slice(2)}"}`,
    `{"nonce":"${hex}","nonce":"${hex}"}`,
    `{"nonce":"${hex}","purpose":"key-release"}`,
    `{"nonce":"\xff"}`,
  ];
  const socket = await connect("grpc");
  const session = http2.connect("https://localhost", { createConnection: () => socket });
  for (const body of bodies) {
    assert.equal((await askHttp2(session, { body })).status, 400, body);
  }
  assert.equal((await askHttp2(session, { body: " ".repeat(5000) })).status, 429);
  session.destroy();
  assert.equal(platform.quoted.length, quotedBefore);
});

test("a connection that asks too often is refused; others are served", async () => {
  const socket = await connect("grpc");
  const session = http2.connect("https://localhost", { createConnection: () => socket });
  const statuses: number[] = [];
  for (let asked = 0; asked < 10; asked++) {
    statuses.push((await askHttp2(session, { body: encodeEvidenceRequest({ nonce: newNonce() }) })).status);
  }
  assert.equal(statuses.filter((status) => status === 200).length, 4);
  assert.equal(statuses.filter((status) => status === 429).length, 6);
  session.destroy();
  const fresh = await connect("rest");
  assert.equal((await askHttp1(fresh, { body: encodeEvidenceRequest({ nonce: newNonce() }) })).status, 200);
  fresh.destroy();
});

test("quotes are made one at a time", async () => {
  const sockets = await Promise.all(Array.from({ length: 6 }, () => connect("rest")));
  await Promise.all(sockets.map((socket) => askHttp1(socket, { body: encodeEvidenceRequest({ nonce: newNonce() }) })));
  assert.equal(platform.load.most, 1);
  for (const socket of sockets) {
    socket.destroy();
  }
});

test("one request of a connection may wait, and a bounded number over all", async () => {
  const slow = testPlatform();
  const gate = Promise.withResolvers<void>();
  slow.gate = gate.promise;
  const issuer = new EvidenceIssuer(slow, { model: "half", manifestDigest }, quickLimits());
  const sockets = await Promise.all(Array.from({ length: 70 }, () => connect("rest")));
  const nonce = newNonce();
  // The client's end stands in for the server's: both have an exporter, and the certificate is the peer's either way.
  const outcomes = sockets
    .map((socket, index) => from(`192.0.2.${index % 5}`, serverEnd(socket)))
    .flatMap((socket) => Array.from({ length: 2 }, () => issuer.issue(socket, nonce).then(() => "made", codeOf)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  gate.resolve();
  const counts = new Map<string, number>();
  for (const outcome of await Promise.all(outcomes)) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), { made: 64, RESOURCE_EXHAUSTED: 76 });
  for (const socket of sockets) {
    socket.destroy();
  }
});

test("the connections of one address leave places for those of others", async () => {
  const slow = testPlatform();
  const gate = Promise.withResolvers<void>();
  slow.gate = gate.promise;
  const issuer = new EvidenceIssuer(slow, { model: "half", manifestDigest }, quickLimits());
  const sockets = (await Promise.all(Array.from({ length: 20 }, () => connect("rest")))).map(serverEnd);
  const ask = (socket: tls.TLSSocket): Promise<string> => issuer.issue(socket, newNonce()).then(() => "made", codeOf);
  const outcomes = sockets.map((socket, index) => ask(from(index < 18 ? "192.0.2.1" : "192.0.2.2", socket)));
  gate.resolve();
  assert.deepEqual(await Promise.all(outcomes), [
    ...Array(16).fill("made"),
    ...Array(2).fill("RESOURCE_EXHAUSTED"),
    ...Array(2).fill("made"),
  ]);
  for (const socket of sockets) {
    socket.destroy();
  }
});

test("requests for evidence count among those of their address, on either port", async () => {
  const strict = await openEvidencePorts(testPlatform(), { requestsPerSecond: 1 });
  const [grpc, rest] = [
    await connectPort(strict.caPem, strict.grpc, "h2"),
    await connectPort(strict.caPem, strict.rest, "http/1.1"),
  ];
  const session = http2.connect("https://localhost", { createConnection: () => grpc });
  const body = encodeEvidenceRequest({ nonce: newNonce() });
  assert.equal((await askHttp2(session, { body })).status, 200);
  assert.equal((await askHttp2(session, { body })).status, 429);
  assert.equal((await askHttp1(rest, { body })).status, 429);
  session.destroy();
  rest.destroy();
  await strict.close();
});

test("a quote that hangs is given up and holds nobody else up", async () => {
  const hanging = testPlatform();
  hanging.gate = new Promise(() => undefined);
  const issuer = new EvidenceIssuer(hanging, { model: "half", manifestDigest }, { quoteTimeoutMs: 50 });
  const [first, second] = (await Promise.all([connect("rest"), connect("rest")])).map(serverEnd);
  assert.ok(first !== undefined && second !== undefined);
  const nonce = newNonce();
  assert.equal(await issuer.issue(first, nonce).catch(codeOf), "UNAVAILABLE");
  hanging.gate = Promise.resolve();
  assert.equal((await issuer.issue(second, nonce)).model, "half");
  assert.equal((await issuer.issue(first, nonce)).model, "half");
  first.destroy();
  second.destroy();
});

test("a platform that fails gives 503 and says nothing of the cause outside", async () => {
  failure = new Error("canary-cause");
  const socket = await connect("rest");
  const reply = await askHttp1(socket, { body: encodeEvidenceRequest({ nonce: newNonce() }) });
  assert.deepEqual([reply.status, JSON.parse(reply.text).error], [503, "The platform gave no evidence"]);
  failure = undefined;
  socket.destroy();
  const next = await connect("rest");
  assert.equal((await askHttp1(next, { body: encodeEvidenceRequest({ nonce: newNonce() }) })).status, 200);
  next.destroy();
  assert.ok(logged.some((line) => line.includes("evidence-failed")));
  assert.ok(!logged.join().includes("canary"));
});

test("a token bucket refills with time, up to its burst", () => {
  const bucket = new TokenBucket(2, 1000, 0);
  assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(999)], [true, true, false]);
  assert.deepEqual([bucket.take(1000), bucket.take(1999), bucket.take(2000)], [true, false, true]);
  assert.deepEqual([bucket.take(99_000), bucket.take(99_000), bucket.take(99_000)], [true, true, false]);
});

function serverEnd(socket: tls.TLSSocket): tls.TLSSocket {
  const certificate = socket.getPeerX509Certificate();
  socket.getX509Certificate = () => certificate;
  return socket;
}

function from(address: string, socket: tls.TLSSocket): tls.TLSSocket {
  return Object.defineProperty(socket, "remoteAddress", { value: address });
}

function codeOf(error: unknown): string {
  return error instanceof ServingError ? error.code : String(error);
}
