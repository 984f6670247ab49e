import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tls from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { createAuthority, type TestAuthority, type TestIdentity } from "../../../tests/support/tls-authority.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import { openHttpServer } from "../src/http/server.ts";
import type { Front } from "../src/transport/front.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { RequestRate } from "../src/transport/request-rate.ts";
import type { ChannelSecurity } from "../src/transport/tls.ts";
import { quickLimits } from "./support/quick-limits.ts";

const limits = quickLimits();
const shared = { limits, budget: new MemoryBudget(limits.maxBytesInFlight), log: () => undefined };
const ANY = { host: "127.0.0.1", port: 0 };
const methods = new Map([["/test.Echo/Echo", async (request: Uint8Array) => request.slice()]]);
const routes = [() => Promise.resolve({ status: 200, body: Buffer.from('"here"') })];

let authority: TestAuthority;
let stranger: TestAuthority;
let identity: TestIdentity;
let directory: string;

before(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
  identity = await authority.issue();
  directory = await mkdtemp(join(tmpdir(), "sealserve-ports-"));
});

after(() => rm(directory, { recursive: true }));

async function openBoth(security: ChannelSecurity): Promise<{ grpcFront: Front; rest: Front }> {
  const grpcFront = await openGrpcServer(ANY, { ...shared, tls: security, methods });
  return { grpcFront, rest: await openHttpServer(ANY, { ...shared, tls: security, routes }) };
}

async function closeBoth({ grpcFront, rest }: { grpcFront: Front; rest: Front }): Promise<void> {
  await Promise.all([grpcFront.close(), rest.close()]);
}

function echo(target: string, credentials: grpc.ChannelCredentials): Promise<string> {
  const client = new grpc.Client(target, credentials);
  const same = (value: Buffer): Buffer => value;
  return new Promise<string>((resolve, reject) => {
    const deadline = { deadline: Date.now() + 10_000 };
    client.makeUnaryRequest("/test.Echo/Echo", same, same, Buffer.from("hello"), deadline, (error, value) =>
      error === null ? resolve(String(value)) : reject(error),
    );
  }).finally(() => client.close());
}

async function fetchStatus(request: http.ClientRequest): Promise<number | undefined> {
  request.end();
  const [response] = await once(request, "response");
  response.resume();
  return response.statusCode;
}

const get = (to: Front, options: https.RequestOptions): Promise<number | undefined> =>
  fetchStatus(https.get({ port: to.address.port, host: "localhost", ca: authority.caPem, agent: false, ...options }));

/** The certificate that a new connection is shown. */
async function shownCertificate(to: Front, options: tls.ConnectionOptions = {}): Promise<string> {
  const socket = tls.connect({ port: to.address.port, host: "localhost", ca: authority.caPem, ...options });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test("without TLS both ports speak plaintext, and only where that is said", async () => {
  const fronts = await openBoth("plaintext");
  assert.equal(await echo(`127.0.0.1:${fronts.grpcFront.address.port}`, grpc.credentials.createInsecure()), "hello");
  assert.equal(await fetchStatus(http.get({ port: fronts.rest.address.port, host: "127.0.0.1" })), 200);
  assert.throws(() => fronts.rest.replaceTls(identity), { code: "bad-option" });
  await closeBoth(fronts);
});

test("a TLS port does not answer plaintext", async () => {
  const fronts = await openBoth(identity);
  await assert.rejects(echo(`127.0.0.1:${fronts.grpcFront.address.port}`, grpc.credentials.createInsecure()));
  await assert.rejects(fetchStatus(http.get({ port: fronts.rest.address.port, host: "127.0.0.1" })));
  await closeBoth(fronts);
});

test("two-way TLS asks for a client's certificate on both ports", async () => {
  const client = await authority.issue("client", "clientAuth");
  const fronts = await openBoth({ ...identity, clientCa: Buffer.from(authority.caPem) });
  const target = `localhost:${fronts.grpcFront.address.port}`;
  const ca = Buffer.from(authority.caPem);
  assert.equal(await echo(target, grpc.credentials.createSsl(ca, client.key, client.certificate)), "hello");
  assert.equal(await get(fronts.rest, { key: client.key, cert: client.certificate }), 200);

  const foreign = await stranger.issue("client", "clientAuth");
  const server = await authority.issue("client", "serverAuth");
  for (const refused of [undefined, foreign, server]) {
    await assert.rejects(echo(target, grpc.credentials.createSsl(ca, refused?.key, refused?.certificate)));
    const pair = refused === undefined ? {} : { key: refused.key, cert: refused.certificate };
    await assert.rejects(get(fronts.rest, pair));
  }
  await closeBoth(fronts);
});

test("TLS 1.2 is let in where that is said, and without renegotiation", async () => {
  const old: https.RequestOptions = { maxVersion: "TLSv1.2" };
  const strict = await openBoth(identity);
  await assert.rejects(get(strict.rest, old));
  await assert.rejects(shownCertificate(strict.grpcFront, { maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] }));
  await closeBoth(strict);
  const lenient = await openBoth({ ...identity, minimumVersion: "TLSv1.2" });
  assert.equal(await get(lenient.rest, old), 200);
  await assert.rejects(get(lenient.rest, { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }));
  const socket = tls.connect({ port: lenient.rest.address.port, ca: authority.caPem, maxVersion: "TLSv1.2" });
  await once(socket, "secureConnect");
  const failure = once(socket, "error").then(([error]) => error as Error);
  socket.renegotiate({}, () => undefined);
  assert.match((await failure).message, /renegotiation/);
  await closeBoth(lenient);
});

test("new TLS material counts for new connections; what cannot be used leaves the old", async () => {
  const fronts = await openBoth(identity);
  const shown = await shownCertificate(fronts.rest);
  const session = http2.connect(`https://localhost:${fronts.grpcFront.address.port}`, { ca: authority.caPem });
  await once(session, "connect");
  const renewed = await authority.issue();
  const mismatched = { key: renewed.key, certificate: identity.certificate };
  for (const front of [fronts.grpcFront, fronts.rest]) {
    const options = front === fronts.grpcFront ? { ALPNProtocols: ["h2"] } : {};
    assert.throws(() => front.replaceTls(mismatched), { code: "tls-files-unusable" });
    assert.throws(() => front.replaceTls({ ...renewed, clientCa: Buffer.from(authority.caPem) }), {
      code: "bad-option",
    });
    assert.equal(await shownCertificate(front, options), shown);
    front.replaceTls(renewed);
    assert.notEqual(await shownCertificate(front, options), shown);
  }
  assert.ok(!session.closed && !session.destroyed, "an open connection goes on");
  session.close();
  await closeBoth(fronts);
});

test("authorities that cannot be read open no port", async () => {
  const noCertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
  for (const text of ["", "text", noCertificate, `${authority.caPem}${noCertificate}`]) {
    const broken = { ...identity, clientCa: Buffer.from(text) };
    await assert.rejects(openHttpServer(ANY, { ...shared, tls: broken, routes }), { code: "tls-files-unusable" });
  }
});

test("a Unix socket is for owner and group, and goes with its server", async () => {
  const path = join(directory, "grpc.sock");
  const front = await openGrpcServer({ path }, { ...shared, tls: "plaintext", methods });
  assert.equal((await stat(path)).mode & 0o777, 0o660);
  assert.equal(await echo(`unix:${path}`, grpc.credentials.createInsecure()), "hello");
  await assert.rejects(openGrpcServer({ path }, { ...shared, tls: "plaintext", methods }), {
    code: "port-unavailable",
    message: `cannot listen on unix:${path}`,
  });
  assert.equal(await echo(`unix:${path}`, grpc.credentials.createInsecure()), "hello", "the first one still serves");
  await front.close();
  await assert.rejects(stat(path), { code: "ENOENT" });
});

test("a socket whose server is gone is taken over; a file is not", async () => {
  const path = join(directory, "stale.sock");
  const gone = createServer().listen(path);
  await once(gone, "listening");
  // What a killed process leaves: the file without the listener.
  const kept = join(directory, "kept.sock");
  await rename(path, kept);
  await new Promise((resolve) => gone.close(resolve));
  const front = await openGrpcServer({ path: kept }, { ...shared, tls: "plaintext", methods });
  assert.equal(await echo(`unix:${kept}`, grpc.credentials.createInsecure()), "hello");
  await front.close();
  const file = join(directory, "file");
  await writeFile(file, "content");
  await assert.rejects(openGrpcServer({ path: file }, { ...shared, tls: "plaintext", methods }), {
    code: "port-unavailable",
  });
  assert.equal((await stat(file)).size, 7);
});

test("a connection is asked to end at its greatest age, and calls on it end well", async () => {
  const front = await openGrpcServer(ANY, { ...shared, tls: identity, methods, maxConnectionAgeMs: 1 });
  const session = http2.connect(`https://localhost:${front.address.port}`, { ca: authority.caPem });
  const [code] = await once(session, "goaway");
  assert.equal(code, http2.constants.NGHTTP2_NO_ERROR);
  await once(session, "close");
  await front.close();
});

test("requests beyond the rate of an address are refused on both ports, whose count is one", async () => {
  const rate = new RequestRate({ maxRequestsPerSecondPerAddress: 2 }, () => 0);
  const grpcFront = await openGrpcServer(ANY, { ...shared, tls: identity, methods, rate });
  const rest = await openHttpServer(ANY, { ...shared, tls: identity, routes, rate });
  const target = `localhost:${grpcFront.address.port}`;
  const credentials = grpc.credentials.createSsl(Buffer.from(authority.caPem));
  assert.equal(await echo(target, credentials), "hello");
  assert.equal(await get(rest, {}), 200);
  await assert.rejects(echo(target, credentials), { code: grpc.status.RESOURCE_EXHAUSTED });
  assert.equal(await get(rest, {}), 429);
  await closeBoth({ grpcFront, rest });
});
