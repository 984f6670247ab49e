import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { ServingError } from "@sealserve/protocol";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import { type StreamingMethod, serverStreaming } from "../src/grpc/streaming-method.ts";
import type { GrpcMethod } from "../src/grpc/unary-call.ts";
import type { Front } from "../src/transport/front.ts";
import { defaultLimits, type ServingLimits } from "../src/transport/limits.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import {
  answerOf,
  bareRequest,
  bareSession,
  callHeaders,
  connect,
  failsWith,
  framed,
  unframed,
  waitFor,
} from "./support/grpc-client.ts";
import { quickLimits } from "./support/quick-limits.ts";

const LARGE = 1 << 20;
let authority: TestAuthority;
let front: Front;
let client: grpc.Client;
const budget = new MemoryBudget(quickLimits().maxBytesInFlight);
const logged: string[] = [];
/** How many large answers have been made, and why the last call has ended. */
let made = 0;
let ended: unknown;

const echo: StreamingMethod = {
  serve: async function* (requests) {
    for await (const request of requests) {
      yield Buffer.from(request);
    }
  },
};

const methods = new Map<string, GrpcMethod>([
  ["/test.Stream/Echo", echo],
  [
    "/test.Stream/Count",
    serverStreaming(async function* (request) {
      for (let index = 0; index < (request[0] ?? 0); index++) {
        yield Buffer.of(index);
      }
    }),
  ],
  [
    "/test.Stream/Flood",
    serverStreaming(async function* () {
      for (;;) {
        made++;
        yield Buffer.alloc(LARGE);
      }
    }),
  ],
  [
    "/test.Stream/Hold",
    serverStreaming(async function* (_request, signal) {
      yield Buffer.from("held");
      await once(signal, "abort");
      ended = signal.reason;
    }),
  ],
  [
    "/test.Stream/Refuse",
    serverStreaming(async function* (request) {
      if (request.length > 0) {
        yield Buffer.from("first");
      }
      throw new ServingError("NOT_FOUND", "nothing more");
    }),
  ],
  [
    "/test.Stream/Break",
    serverStreaming(async function* (request) {
      yield Buffer.of(0);
      throw new Error(`secret ${Buffer.from(request).toString()}`);
    }),
  ],
]);

async function open(limits: Partial<ServingLimits> = {}): Promise<Front> {
  return await openGrpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      tls: await authority.issue(),
      methods,
      limits: quickLimits(limits),
      budget,
      log: (event, fields) => logged.push(JSON.stringify([event, fields])),
    },
  );
}

const same = (value: Buffer): Buffer => value;

function bidi(method: string, { using = client, ...options }: grpc.CallOptions & { using?: grpc.Client } = {}) {
  return using.makeBidiStreamRequest(`/test.Stream/${method}`, same, same, new grpc.Metadata(), options);
}

function subscribe(method: string, request: Uint8Array, using = client): grpc.ClientReadableStream<Buffer> {
  return using.makeServerStreamRequest(`/test.Stream/${method}`, same, same, Buffer.from(request));
}

async function collect(call: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  for await (const message of call) {
    messages.push(message);
  }
  return messages;
}

const bare = async (method: string, body: Uint8Array | undefined, more: OutgoingHttpHeaders = {}, to = front) =>
  await bareRequest(authority, to, callHeaders(`/test.Stream/${method}`, more), body);

before(async () => {
  authority = await createAuthority();
  front = await open();
  client = connect(authority, front);
});

after(async () => {
  client.close();
  await front.close();
});

test("messages go both ways in turn, of any size up to the limit", async () => {
  const call = bidi("Echo");
  for (const length of [0, 1, 5, 16_384, defaultLimits.maxStreamingMessageBytes]) {
    const message = Buffer.alloc(length, length);
    call.write(message);
    const [answer] = await once(call, "data");
    assert.deepEqual(answer, message);
  }
  call.end();
  const [status] = await once(call, "status");
  assert.equal(status.code, grpc.status.OK);
});

test("many messages in one frame, and one message in many, come out the same", async () => {
  const messages = Array.from({ length: 500 }, (_, index) => Buffer.alloc(index, index));
  const whole = Buffer.concat(messages.map((message) => framed(message)));
  assert.deepEqual(unframed((await bare("Echo", whole)).body), messages);
  const session = bareSession(authority, front);
  const stream = session.request(callHeaders("/test.Stream/Echo"));
  const answer = answerOf(stream);
  for (const byte of whole.subarray(0, 600)) {
    stream.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream.end(whole.subarray(600));
  assert.deepEqual(unframed((await answer).body), messages);
  session.destroy();
});

test("a server stream answers one message with many, or with none", async () => {
  assert.deepEqual(await collect(subscribe("Count", Buffer.of(3))), [Buffer.of(0), Buffer.of(1), Buffer.of(2)]);
  assert.deepEqual(await collect(subscribe("Count", Buffer.of(0))), []);
});

test("a refusal comes alone, or behind the messages before it", async () => {
  await assert.rejects(collect(subscribe("Refuse", Buffer.alloc(0))), failsWith(grpc.status.NOT_FOUND, "nothing more"));
  const call = subscribe("Refuse", Buffer.of(1));
  const [first] = await once(call, "data");
  assert.equal(first.toString(), "first");
  const [error] = await once(call, "error");
  failsWith(grpc.status.NOT_FOUND, "nothing more")(error);
});

test("an unforeseen error says nothing of its cause", async () => {
  await assert.rejects(
    collect(subscribe("Break", Buffer.from("canary"))),
    failsWith(grpc.status.INTERNAL, "Internal error"),
  );
  assert.ok(logged.some((line) => line.includes("request-failed")));
  assert.ok(!logged.join().includes("canary") && !logged.join().includes("secret"));
});

test("packed messages are unpacked, up to the limit on messages", async () => {
  for (const [name, pack] of Object.entries({ gzip: gzipSync, deflate: deflateSync })) {
    const encoding = { "grpc-encoding": name };
    const packed = Buffer.concat([framed(pack("one"), 1), framed(Buffer.from("two"))]);
    assert.deepEqual(unframed((await bare("Echo", packed, encoding)).body).map(String), ["one", "two"]);
    const bomb = framed(pack(Buffer.alloc(1 << 20)), 1);
    assert.equal((await bare("Echo", bomb, encoding)).headers["grpc-status"], "8");
    assert.equal((await bare("Echo", framed(Buffer.from("plain"), 1), encoding)).headers["grpc-status"], "3");
    assert.equal((await bare("Echo", packed)).headers["grpc-status"], "13");
    assert.equal((await bare("Echo", packed, { "grpc-encoding": "snappy" })).headers["grpc-status"], "12");
  }
});

test("what breaks the format or a limit ends the call", async () => {
  const { maxStreamingMessageBytes } = defaultLimits;
  assert.equal((await bare("Echo", framed(Buffer.alloc(maxStreamingMessageBytes + 1)))).headers["grpc-status"], "8");
  assert.equal((await bare("Echo", framed(Buffer.of(1)).subarray(0, 3))).headers["grpc-status"], "13");
  assert.equal((await bare("Echo", framed(Buffer.of(1, 2)).subarray(0, 6))).headers["grpc-status"], "13");
  assert.equal((await bare("Echo", framed(Buffer.of(1), 2))).headers["grpc-status"], "13");
  const two = Buffer.concat([framed(Buffer.of(1)), framed(Buffer.of(1))]);
  assert.equal((await bare("Count", two)).headers["grpc-status"], "13");
  assert.equal((await bare("Count", Buffer.alloc(0))).headers["grpc-status"], "13");
  const few = await open({ maxStreamingMessages: 3 });
  const four = await bare("Echo", Buffer.concat([two, two]), {}, few);
  assert.deepEqual([four.headers["grpc-status"], unframed(four.body).length], ["8", 3]);
  await few.close();
  await waitFor(() => budget.held === 0);
});

test("a deadline and a cancellation end the call on both sides", async () => {
  const timed = await bare("Hold", framed(Buffer.of(1)), { "grpc-timeout": "100m" });
  assert.equal(timed.headers["grpc-status"], "4");
  await waitFor(() => ended !== undefined);
  ended = undefined;
  const call = subscribe("Hold", Buffer.of(1));
  await once(call, "data");
  call.cancel();
  const [error] = await once(call, "error");
  failsWith(grpc.status.CANCELLED)(error);
  await waitFor(() => ended instanceof ServingError && ended.code === "CANCELLED");
  assert.equal((await bare("Echo", framed(Buffer.of(1)), { "grpc-timeout": "1x" })).headers["grpc-status"], "13");
});

test("a caller that takes nothing stops the answers, and is cut off", async () => {
  const strict = await open({ stallTimeoutMs: 300 });
  made = 0;
  const session = bareSession(authority, strict, { settings: { initialWindowSize: 0 } });
  const stream = session.request(callHeaders("/test.Stream/Flood"));
  const answer = answerOf(stream);
  stream.end(framed(Buffer.of(1)));
  const { code } = await answer;
  assert.equal(code, 8);
  assert.ok(made <= 3, `${made} answers were made for nobody`);
  session.destroy();
  await strict.close();
});

test("a caller that says nothing is not waited for", async () => {
  const strict = await open({ stallTimeoutMs: 100 });
  assert.equal((await bare("Echo", undefined, {}, strict)).headers["grpc-status"], "4");
  assert.equal((await bare("Count", undefined, {}, strict)).headers["grpc-status"], "4");
  await strict.close();
});

test("calls at one time are bounded on a connection and on the server, and freed as they end", async () => {
  const strict = await open({ maxStreamingCalls: 3, maxStreamingCallsPerConnection: 2 });
  const sessions = [bareSession(authority, strict), bareSession(authority, strict)] as const;
  const hold = async (session: (typeof sessions)[number]): Promise<ClientHttp2Stream> => {
    const stream = session.request(callHeaders("/test.Stream/Hold"));
    stream.on("error", () => undefined);
    stream.end(framed(Buffer.of(1)));
    await once(stream, "response");
    return stream;
  };
  const refused = async (session: (typeof sessions)[number]): Promise<boolean> => {
    const stream = session.request(callHeaders("/test.Stream/Echo"));
    stream.end();
    return (await answerOf(stream)).headers["grpc-status"] === "8";
  };
  const first = await hold(sessions[0]);
  await hold(sessions[0]);
  assert.equal(await refused(sessions[0]), true);
  await hold(sessions[1]);
  assert.equal(await refused(sessions[1]), true);
  first.close(8);
  await once(first, "close");
  assert.equal(await refused(sessions[1]), false);
  for (const session of sessions) {
    session.destroy();
  }
  await strict.close();
});

test("closing the server ends its streams at once with UNAVAILABLE", async () => {
  const closing = await open({ drainTimeoutMs: 60_000 });
  const using = connect(authority, closing);
  const call = subscribe("Hold", Buffer.of(1), using);
  await once(call, "data");
  const failed = once(call, "error");
  await closing.close();
  const [error] = await failed;
  failsWith(grpc.status.UNAVAILABLE, "The server is shutting down")(error);
  using.close();
});

test("all memory is given back", async () => {
  await waitFor(() => budget.held === 0);
});
