import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { after, before, test } from "node:test";
import tls from "node:tls";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { ServingError } from "@sealserve/protocol";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import type { UnaryMethod } from "../src/grpc/unary-call.ts";
import type { Front } from "../src/transport/front.ts";
import type { ServingLimits } from "../src/transport/limits.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import {
  bareRequest as bareCall,
  callHeaders,
  connect as connectTo,
  failsWith,
  framed,
  waitFor,
} from "./support/grpc-client.ts";
import { quickLimits } from "./support/quick-limits.ts";

let authority: TestAuthority;
let front: Front;
let client: grpc.Client;
const budget = new MemoryBudget(quickLimits().maxBytesInFlight);
const logged: string[] = [];
let held = Promise.withResolvers<void>();
let started = Promise.withResolvers<void>();

const methods = new Map<string, UnaryMethod>([
  ["/test.Echo/Echo", async (request) => request.slice()],
  ["/test.Echo/Double", async (request) => Buffer.concat([request, request])],
  [
    "/test.Echo/Refuse",
    async () => {
      throw new ServingError("NOT_FOUND", `100 % gone: \u00e9\n${"x".repeat(2000)}`);
    },
  ],
  [
    "/test.Echo/Pad",
    async () => {
      throw new ServingError("INVALID_ARGUMENT", " no inputs: ");
    },
  ],
  [
    "/test.Echo/Break",
    async (request) => {
      throw new Error(`secret ${Buffer.from(request).toString()}`);
    },
  ],
  [
    "/test.Echo/Wait",
    async (request, signal) => {
      started.resolve();
      await held.promise;
      signal.throwIfAborted();
      return request.slice();
    },
  ],
]);

async function open(limits: ServingLimits = quickLimits(), memory = budget): Promise<Front> {
  return await openGrpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      tls: await authority.issue(),
      methods,
      limits,
      budget: memory,
      log: (event, fields) => logged.push(JSON.stringify([event, fields])),
    },
  );
}

function connect(to: Front, options: grpc.ClientOptions = {}): grpc.Client {
  return connectTo(authority, to, options);
}

function call(
  method: string,
  request: Uint8Array,
  { using = client, ...options }: grpc.CallOptions & { using?: grpc.Client } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const same = (value: Buffer): Buffer => value;
    using.makeUnaryRequest(`/test.Echo/${method}`, same, same, Buffer.from(request), options, (error, value) => {
      if (error === null && value !== undefined) {
        resolve(value);
      } else {
        reject(error);
      }
    });
  });
}

/** Headers of the answer to a bare HTTP/2 request. */
async function bareRequest(
  to: Front,
  headers: http2.OutgoingHttpHeaders,
  body: Uint8Array | undefined,
): Promise<http2.IncomingHttpHeaders> {
  return (await bareCall(authority, to, callHeaders("", headers), body)).headers;
}

before(async () => {
  authority = await createAuthority();
  front = await open();
  client = connect(front);
});

after(async () => {
  client.close();
  await front.close();
});

test("a stock client gets small, empty and large messages back unchanged", async () => {
  for (const length of [0, 1, 5, 100_000, 3 << 20]) {
    const message = crypto.getRandomValues(new Uint8Array(Math.min(length, 65536)));
    const request = Buffer.alloc(length, message.length === 0 ? undefined : message);
    assert.deepEqual(await call("Echo", request), request);
  }
});

test("many concurrent calls keep their own data", async () => {
  const requests = Array.from({ length: 64 }, (_, index) => Buffer.alloc(20_000 + index * 997, index));
  const answers = await Promise.all(requests.map((request) => call("Echo", request)));
  assert.ok(answers.every((answer, index) => answer.equals(requests[index] ?? Buffer.alloc(0))));
});

test("connections that are told to end let their calls end, and are cut when those do not in time", async () => {
  const hasty = await open(quickLimits({ drainTimeoutMs: 200 }));
  for (const outcome of ["answered", "cut"]) {
    [held, started] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const using = connect(hasty);
    const answer = call("Wait", Buffer.of(1), { using });
    await started.promise;
    hasty.disconnect();
    if (outcome === "answered") {
      held.resolve();
      assert.deepEqual(await answer, Buffer.of(1));
    } else {
      await assert.rejects(answer, failsWith(grpc.status.UNAVAILABLE));
      held.resolve();
    }
    using.close();
  }
  assert.deepEqual(await call("Echo", Buffer.of(1)), Buffer.of(1));
  await hasty.close();
});

test("the whole memory is given back after all kinds of calls", async () => {
  await call("Echo", Buffer.alloc(3 << 20));
  await assert.rejects(call("Break", Buffer.alloc(1 << 20)));
  await assert.rejects(call("Echo", Buffer.alloc(9 << 20)));
  await waitFor(() => budget.held === 0);
});

test("a status message is cut like TensorFlow Serving's and survives its encoding", async () => {
  await assert.rejects(call("Refuse", Buffer.alloc(0)), (error) => {
    assert.ok(error instanceof Error && "details" in error);
    assert.match(String(error.details), /^100 % gone: \u00e9\nx+\.\.\.TRUNCATED$/);
    assert.equal(Buffer.byteLength(String(error.details)), 1024 + "...TRUNCATED".length);
    return failsWith(grpc.status.NOT_FOUND, /^100/)(error);
  });
});

test("a status message keeps the spaces around it", async () => {
  await assert.rejects(call("Pad", Buffer.alloc(0)), failsWith(grpc.status.INVALID_ARGUMENT, " no inputs: "));
});

test("an unforeseen error says nothing of its cause, neither to the caller nor to the log", async () => {
  await assert.rejects(call("Break", Buffer.from("canary")), failsWith(grpc.status.INTERNAL, "Internal error"));
  assert.ok(logged.some((line) => line.includes("request-failed")));
  assert.ok(!logged.join().includes("canary") && !logged.join().includes("secret"));
});

test("an unknown method is UNIMPLEMENTED", async () => {
  await assert.rejects(call("Missing", Buffer.alloc(10)), failsWith(grpc.status.UNIMPLEMENTED, /./));
});

test("a message above the limit is RESOURCE_EXHAUSTED, and the connection stays usable", async () => {
  await assert.rejects(
    call("Echo", Buffer.alloc((8 << 20) + 1)),
    failsWith(grpc.status.RESOURCE_EXHAUSTED, "Received message larger than max (8388609 vs. 8388608)"),
  );
  assert.equal((await call("Echo", Buffer.of(1))).length, 1);
});

test("more request data at one time than the budget allows is RESOURCE_EXHAUSTED", async () => {
  const small = await open(quickLimits(), new MemoryBudget(1 << 20));
  const using = connect(small);
  await assert.rejects(
    call("Echo", Buffer.alloc(2 << 20), { using }),
    failsWith(grpc.status.RESOURCE_EXHAUSTED, /holds/),
  );
  assert.equal((await call("Echo", Buffer.alloc(1 << 19), { using })).length, 1 << 19);
  using.close();
  await small.close();
});

test("gzip messages are unpacked; a bomb is RESOURCE_EXHAUSTED; garbage is INVALID_ARGUMENT", async () => {
  const packing = connect(front, { "grpc.default_compression_algorithm": 2 });
  const request = Buffer.alloc(1 << 20, "abc");
  assert.deepEqual(await call("Echo", request, { using: packing }), request);
  await assert.rejects(
    call("Echo", Buffer.alloc(5 << 20), { using: packing }),
    failsWith(grpc.status.RESOURCE_EXHAUSTED, /^Unpacked message/),
  );
  packing.close();
  const headers = { ":path": "/test.Echo/Echo", "grpc-encoding": "gzip" };
  const garbage = await bareRequest(front, headers, framed(Buffer.from("not gzip"), 1));
  assert.equal(garbage["grpc-status"], "3");
  const short = await bareRequest(front, headers, framed(gzipSync("hello").subarray(0, 20), 1));
  assert.equal(short["grpc-status"], "3");
  await waitFor(() => budget.held === 0);
});

test("other encodings are UNIMPLEMENTED and the supported ones are named", async () => {
  const answer = await bareRequest(
    front,
    { ":path": "/test.Echo/Echo", "grpc-encoding": "snappy" },
    framed(Buffer.of(1)),
  );
  assert.equal(answer["grpc-status"], "12");
  assert.equal(answer["grpc-accept-encoding"], "identity,deflate,gzip");
});

test("a body that is not exactly one message is INTERNAL", async () => {
  const path = { ":path": "/test.Echo/Echo" };
  const whole = framed(Buffer.from("abc"));
  const bodies = {
    "no message": Buffer.alloc(0),
    "half a prefix": whole.subarray(0, 3),
    "half a message": whole.subarray(0, 6),
    "two messages": Buffer.concat([whole, whole]),
    "compressed without an encoding": framed(Buffer.from("abc"), 1),
    "unknown flag": framed(Buffer.from("abc"), 2),
  };
  for (const [name, body] of Object.entries(bodies)) {
    assert.equal((await bareRequest(front, path, body))["grpc-status"], "13", name);
  }
});

test("an answer counts as held until it has been taken, and one that does not fit is refused", async () => {
  const memory = new MemoryBudget(3 << 20);
  const small = await open(quickLimits(), memory);
  const session = http2.connect(`https://localhost:${small.address.port}`, { ca: authority.caPem });
  const untaken = session.request({
    ":method": "POST",
    ":path": "/test.Echo/Double",
    "content-type": "application/grpc",
  });
  untaken.on("error", () => undefined).end(framed(Buffer.alloc(1 << 20)));
  await once(untaken, "response");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(memory.held, 2 << 20);
  const using = connect(small);
  const exhausted = failsWith(grpc.status.RESOURCE_EXHAUSTED, /holds too much/);
  await assert.rejects(call("Double", Buffer.alloc(600_000), { using }), exhausted);
  session.destroy();
  await waitFor(() => memory.held === 0);
  assert.equal((await call("Double", Buffer.alloc(600_000), { using })).length, 1_200_000);
  await waitFor(() => memory.held === 0);
  using.close();
  await small.close();
});

test("an announced length alone takes no memory", async () => {
  await waitFor(() => budget.held === 0);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(8 << 20, 1);
  const session = http2.connect(`https://localhost:${front.address.port}`, { ca: authority.caPem });
  const stream = session.request({ ":method": "POST", ":path": "/test.Echo/Echo", "content-type": "application/grpc" });
  stream.on("error", () => undefined);
  stream.write(prefix);
  stream.write(Buffer.alloc(1000));
  while (budget.held === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(budget.held, 1000);
  session.destroy();
  await once(session, "close");
  await waitFor(() => budget.held === 0);
});

test("what is no gRPC call is answered 415", async () => {
  const refused = [
    { ":path": "/test.Echo/Echo", "content-type": "application/json" },
    { ":path": "/test.Echo/Echo", "content-type": "application/grpc+json" },
    { ":path": "/test.Echo/Echo", "content-type": "application/grpc-web" },
    { ":path": "/test.Echo/Echo", ":method": "PUT" },
    { ":path": "/sealserve/v1/evidence", "content-type": "application/json" },
  ];
  for (const headers of refused) {
    assert.equal((await bareRequest(front, headers, framed(Buffer.of(1))))[":status"], 415, JSON.stringify(headers));
  }
  const proto = { ":path": "/test.Echo/Echo", "content-type": "application/grpc+proto; charset=x" };
  assert.equal((await bareRequest(front, proto, framed(Buffer.of(1))))["grpc-status"], "0");
});

test("a deadline ends the call; a malformed one is INTERNAL", async () => {
  held = Promise.withResolvers<void>();
  const deadline = Date.now() + 150;
  await assert.rejects(call("Wait", Buffer.of(1), { deadline }), failsWith(grpc.status.DEADLINE_EXCEEDED, /./));
  const own = await bareRequest(front, { ":path": "/test.Echo/Wait", "grpc-timeout": "50m" }, framed(Buffer.of(1)));
  assert.equal(own["grpc-status"], "4");
  for (const timeout of ["", "m", "123456789m", "-1m", "1x", "1.5S"]) {
    const headers = { ":path": "/test.Echo/Echo", "grpc-timeout": timeout };
    assert.equal((await bareRequest(front, headers, framed(Buffer.of(1))))["grpc-status"], "13", timeout);
  }
  held.resolve();
  await waitFor(() => budget.held === 0);
});

test("a cancelled call ends on the server too", async () => {
  held = Promise.withResolvers<void>();
  started = Promise.withResolvers<void>();
  const same = (value: Buffer): Buffer => value;
  const outcome = Promise.withResolvers<grpc.ServiceError | null>();
  const running = client.makeUnaryRequest("/test.Echo/Wait", same, same, Buffer.of(1), (error) =>
    outcome.resolve(error),
  );
  await started.promise;
  running.cancel();
  assert.equal((await outcome.promise)?.code, grpc.status.CANCELLED);
  held.resolve();
  await waitFor(() => budget.held === 0);
});

test("a request that comes too slowly is ended", async () => {
  const slow = await open(quickLimits({ stallTimeoutMs: 100 }));
  const stalled = await bareRequest(slow, { ":path": "/test.Echo/Echo" }, undefined);
  assert.equal(stalled["grpc-status"], "4");
  await slow.close();
  const dripping = await open(quickLimits({ requestTimeoutMs: 200 }));
  const session = http2.connect(`https://localhost:${dripping.address.port}`, { ca: authority.caPem });
  const stream = session.request({ ":method": "POST", ":path": "/test.Echo/Echo", "content-type": "application/grpc" });
  stream.on("error", () => undefined);
  stream.write(framed(Buffer.alloc(1000)).subarray(0, 5));
  const drip = setInterval(() => stream.write(Buffer.of(1)), 20);
  const [headers] = await once(stream, "response");
  assert.equal(headers["grpc-status"], "4");
  clearInterval(drip);
  session.destroy();
  await dripping.close();
});

test("a caller that does not take a small answer is not waited for", async () => {
  const strict = await open(quickLimits({ stallTimeoutMs: 200 }));
  const settings = { initialWindowSize: 0 };
  const session = http2.connect(`https://localhost:${strict.address.port}`, { ca: authority.caPem, settings });
  await once(session, "localSettings");
  const stream = session.request(callHeaders("/test.Echo/Echo"));
  stream.end(framed(Buffer.of(1)));
  await once(stream, "close", { signal: AbortSignal.timeout(10_000) });
  assert.equal(stream.rstCode, http2.constants.NGHTTP2_CANCEL);
  await waitFor(() => budget.held === 0);
  session.destroy();
  await strict.close();
});

test("only TLS 1.3 with h2 gets in, and nothing is resumed", async () => {
  const to = { port: front.address.port, host: "127.0.0.1", servername: "localhost", ca: authority.caPem };
  await assert.rejects(handshake({ ...to, ALPNProtocols: ["h2"], maxVersion: "TLSv1.2" }));
  await assert.rejects(handshake({ ...to, ALPNProtocols: ["http/1.1"] }));
  const first = tls.connect({ ...to, ALPNProtocols: ["h2"] });
  const sessions: Buffer[] = [];
  first.on("session", (session) => sessions.push(session));
  await once(first, "secureConnect");
  await new Promise((resolve) => setTimeout(resolve, 100));
  first.destroy();
  for (const session of sessions) {
    const again = await handshake({ ...to, ALPNProtocols: ["h2"], session });
    assert.equal(again.isSessionReused(), false);
    again.destroy();
  }
});

test("idle connections are closed with a goodbye", async () => {
  const idle = await open(quickLimits({ idleTimeoutMs: 100 }));
  const session = http2.connect(`https://localhost:${idle.address.port}`, { ca: authority.caPem });
  const [code] = await once(session, "goaway");
  assert.equal(code, http2.constants.NGHTTP2_NO_ERROR);
  await idle.close();
});

test("a connection without a call is closed soon, whatever else it sends; one with a call stays", async () => {
  const strict = await open(quickLimits({ firstRequestTimeoutMs: 200 }));
  const silent = http2.connect(`https://localhost:${strict.address.port}`, { ca: authority.caPem });
  const pings = setInterval(() => silent.destroyed || silent.ping(() => undefined), 20);
  const using = connect(strict);
  await call("Echo", Buffer.of(1), { using });
  const used = using.getChannel();
  await once(silent, "close");
  clearInterval(pings);
  assert.equal(used.getConnectivityState(false), grpc.connectivityState.READY);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(used.getConnectivityState(false), grpc.connectivityState.READY);
  using.close();
  await strict.close();
});

test("a call that came in time is answered, also where the process was stopped until it was too late", async () => {
  const strict = await open(quickLimits({ firstRequestTimeoutMs: 300 }));
  const session = http2.connect(`https://localhost:${strict.address.port}`, { ca: authority.caPem });
  await once(session, "remoteSettings");
  const stream = session.request(callHeaders("/test.Echo/Echo"));
  stream.end(framed(Buffer.of(1)));
  await new Promise(setImmediate);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  const [headers] = await once(stream, "response", { signal: AbortSignal.timeout(10_000) });
  assert.equal(headers[":status"], 200);
  session.destroy();
  await strict.close();
});

test("one address cannot take more than its share of connections", async () => {
  const strict = await open(quickLimits({ maxConnectionsPerAddress: 1 }));
  const to = { port: strict.address.port, host: "127.0.0.1", servername: "localhost", ca: authority.caPem };
  const first = await handshake({ ...to, ALPNProtocols: ["h2"] });
  await assert.rejects(handshake({ ...to, ALPNProtocols: ["h2"] }));
  const other = await handshake({ ...to, ALPNProtocols: ["h2"], localAddress: "127.0.0.2" });
  first.destroy();
  other.destroy();
  await strict.close();
});

test("closing says goodbye, lets running calls end and refuses new ones", async () => {
  held = Promise.withResolvers<void>();
  started = Promise.withResolvers<void>();
  const closing = await open();
  const using = connect(closing);
  const running = call("Wait", Buffer.from("last"), { using });
  await started.promise;
  const closed = closing.close();
  await assert.rejects(handshake({ port: closing.address.port, host: "127.0.0.1", ca: authority.caPem }));
  held.resolve();
  assert.equal((await running).toString(), "last");
  await closed;
  using.close();
});

test("a call that does not end is cut after the drain time", async () => {
  held = Promise.withResolvers<void>();
  started = Promise.withResolvers<void>();
  const closing = await open(quickLimits({ drainTimeoutMs: 100 }));
  const using = connect(closing);
  const running = assert.rejects(call("Wait", Buffer.of(1), { using }));
  await started.promise;
  await closing.close();
  await running;
  using.close();
  held.resolve();
});

test("a storm of resets costs the sender its connection", async () => {
  const session = http2.connect(`https://localhost:${front.address.port}`, { ca: authority.caPem });
  session.on("error", () => undefined);
  await once(session, "connect");
  const headers = { ":method": "POST", ":path": "/test.Echo/Echo", "content-type": "application/grpc" };
  for (let index = 0; index < 3000; index++) {
    const stream = session.request(headers);
    stream.on("error", () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    stream.close(http2.constants.NGHTTP2_CANCEL);
  }
  const late = session.request(headers);
  late.on("response", () => assert.fail("still answered"));
  late.on("error", () => undefined).end(framed(Buffer.of(1)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  session.destroy();
  assert.equal((await call("Echo", Buffer.of(1))).length, 1);
});

async function handshake(options: tls.ConnectionOptions & { localAddress?: string }): Promise<tls.TLSSocket> {
  const socket = tls.connect(options);
  await once(socket, "secureConnect");
  return socket;
}
