import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { after, before, test } from "node:test";
import type * as grpc from "@grpc/grpc-js";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import type { GrpcMethod } from "../src/grpc/unary-call.ts";
import type { Front } from "../src/transport/front.ts";
import type { ServingLimits } from "../src/transport/limits.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { answerOf, bareSession, callHeaders, connect, framed, waitFor } from "./support/grpc-client.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { frame, frameFlag, frameType, headerBlock, literal, RawConnection, uint32 } from "./support/raw-http2.ts";

const FLOOD = 100_000;
const LARGE = 1 << 20;
const ECHO = "/test.Echo/Echo";
const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLOW_CONTROL_ERROR, NGHTTP2_PROTOCOL_ERROR } = http2.constants;

let authority: TestAuthority;
let front: Front;
let client: grpc.Client;
const budget = new MemoryBudget(quickLimits().maxBytesInFlight);
let runs = 0;

const methods = new Map<string, GrpcMethod>([
  [ECHO, async (request) => request.slice()],
  ["/test.Echo/Large", async () => Buffer.alloc(LARGE)],
  [
    "/test.Echo/Deaf",
    {
      serve: async function* (_requests, signal) {
        await once(signal, "abort");
        yield Buffer.alloc(0);
      },
    },
  ],
  [
    "/test.Echo/Count",
    async (request) => {
      runs++;
      return request;
    },
  ],
]);

async function open(limits: Partial<ServingLimits> = {}): Promise<Front> {
  return await openGrpcServer(
    { host: "127.0.0.1", port: 0 },
    { tls: await authority.issue(), methods, limits: quickLimits(limits), budget, log: () => undefined },
  );
}

before(async () => {
  authority = await createAuthority();
  front = await open();
  client = connect(authority, front);
});

after(async () => {
  client.close();
  await front.close();
});

/** Others are served, and nothing of an attack stays. */
async function othersAreServed(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const same = (value: Buffer): Buffer => value;
  const deadline = Date.now() + 10_000;
  client.makeUnaryRequest(ECHO, same, same, Buffer.from("still there"), { deadline }, (error, value) =>
    error === null && value !== undefined ? resolve(value) : reject(error),
  );
  assert.equal((await promise).toString(), "still there");
  await waitFor(() => budget.held === 0);
}

/** Batches of a frame, so that a flood is not bound by system calls. */
function batch(of: (index: number) => Buffer, size = 1000): Buffer {
  return Buffer.concat(Array.from({ length: size }, (_, index) => of(index)));
}

test("10^5 calls that are taken back at once cost the sender its connection", async () => {
  const connection = await RawConnection.open(authority, front);
  const earlier = runs;
  let streamId = 1;
  let ended = false;
  const block = headerBlock("/test.Echo/Count");
  while (!ended && streamId < 2 * FLOOD) {
    const from = streamId;
    const frames = batch((index) =>
      Buffer.concat([
        frame(frameType.headers, frameFlag.endHeaders, from + 2 * index, block),
        frame(frameType.resetStream, frameFlag.none, from + 2 * index, uint32(8)),
      ]),
    );
    streamId += 2000;
    ended = !(await connection.send(frames));
  }
  assert.ok(ended || (await connection.closed(5000)));
  assert.equal(runs, earlier, "none of them was run");
  await othersAreServed();
});

test("10^5 pings cost the sender its connection, also when it reads the answers and has a call", async () => {
  const ping = frame(frameType.ping, frameFlag.none, 0, Buffer.alloc(8));
  const idle = await RawConnection.open(authority, front);
  assert.ok(
    await idle.flood(
      batch(() => ping),
      FLOOD / 1000,
    ),
  );
  const polite = await RawConnection.open(authority, front);
  await polite.send(frame(frameType.headers, frameFlag.endHeaders, 1, headerBlock(ECHO)));
  for (let sent = 0; sent < FLOOD && !polite.ended; sent += 100) {
    const answered = polite.pings + 100;
    await polite.send(batch(() => ping, 100));
    await waitFor(() => polite.ended || polite.pings >= answered);
  }
  assert.ok(polite.ended);
  assert.equal(polite.goAwayCode, NGHTTP2_ENHANCE_YOUR_CALM);
  await othersAreServed();
});

test("how many control frames a connection may send without a call is a limit", async () => {
  const strict = await open({ maxControlFrames: 20 });
  const session = bareSession(authority, strict);
  await once(session, "connect");
  const ping = async (): Promise<void> =>
    await new Promise((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));
  for (let sent = 0; sent < 15; sent++) {
    await ping();
  }
  const closed = new Promise((resolve) => session.once("close", resolve));
  await assert.rejects(async () => {
    for (let sent = 0; sent < 10; sent++) {
      await ping();
    }
  });
  await closed;
  await strict.close();
});

test("a client that pings between its calls is served on", async () => {
  const session = bareSession(authority, front);
  await once(session, "connect");
  const ping = async (): Promise<void> =>
    await new Promise((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));
  for (let call = 0; call < 3; call++) {
    for (let sent = 0; sent < 4000; sent++) {
      await ping();
    }
    const stream = session.request(callHeaders(ECHO));
    stream.end(framed(Buffer.of(1)));
    assert.equal((await answerOf(stream)).headers["grpc-status"], "0");
  }
  session.destroy();
});

test("pings whose answers are not read, and 10^5 settings, cost the sender its connection", async () => {
  const deaf = await RawConnection.open(authority, front);
  deaf.socket.pause();
  const pings = batch(() => frame(frameType.ping, frameFlag.none, 0, Buffer.alloc(8)));
  for (let sent = 0; sent < FLOOD / 1000 && !deaf.ended; sent++) {
    deaf.socket.write(pings);
    await new Promise((resolve) => setImmediate(resolve));
  }
  deaf.socket.resume();
  assert.ok(await deaf.closed(5000));
  const settings = await RawConnection.open(authority, front);
  const frames = batch(() => frame(frameType.settings, frameFlag.none, 0, Buffer.concat([Buffer.of(0, 4), uint32(1)])));
  assert.ok(await settings.flood(frames, FLOOD / 1000));
  await othersAreServed();
});

test("headers without an end cost the sender its connection", async () => {
  const connection = await RawConnection.open(authority, front);
  await connection.send(frame(frameType.headers, frameFlag.none, 1, headerBlock(ECHO)));
  const more = batch(() => frame(frameType.continuation, frameFlag.none, 1, literal("x", "y")), 100);
  assert.ok(await connection.flood(more, FLOOD / 100));
  const empty = await RawConnection.open(authority, front);
  await empty.send(frame(frameType.headers, frameFlag.none, 1));
  assert.ok(
    await empty.flood(
      batch(() => frame(frameType.continuation, frameFlag.none, 1), 100),
      FLOOD / 100,
    ),
  );
  await othersAreServed();
});

test("a call whose headers are above the limit is not run, also when they grow by reference", async () => {
  const call = async (more: Uint8Array): Promise<void> => {
    const connection = await RawConnection.open(authority, front);
    const block = Buffer.concat([headerBlock("/test.Echo/Count"), more]);
    await connection.send(frame(frameType.headers, frameFlag.endHeaders, 1, block));
    await connection.send(frame(frameType.data, frameFlag.endStream, 1, framed(Buffer.of(1))));
    await waitFor(() => connection.ended || connection.received.some(({ streamId }) => streamId === 1));
    connection.socket.destroy();
  };
  const earlier = runs;
  await call(literal("x", "y"));
  assert.equal(runs, earlier + 1);
  await call(Buffer.concat(Array.from({ length: 140 }, (_, index) => literal(`x-${index}`, "y".repeat(110)))));
  // Puts one field into the table, and refers to it 10^4 times.
  const kept = Buffer.concat([Buffer.of(0x40), literal("x", "y".repeat(100)).subarray(1)]);
  await call(Buffer.concat([kept, Buffer.alloc(10_000, 0x80 | 62)]));
  assert.equal(runs, earlier + 1);
  await othersAreServed();
});

test("windows that are moved by nothing or too far cost the sender its connection", async () => {
  for (const [increment, code] of [
    [0, NGHTTP2_PROTOCOL_ERROR],
    [2 ** 31 - 1, NGHTTP2_FLOW_CONTROL_ERROR],
  ] as const) {
    const connection = await RawConnection.open(authority, front);
    await connection.send(frame(frameType.windowUpdate, frameFlag.none, 0, uint32(increment)));
    assert.ok(await connection.closed(5000));
    assert.equal(connection.goAwayCode, code);
  }
  await othersAreServed();
});

test("more data than the window allows end the call, and are not kept", async () => {
  const connection = await RawConnection.open(authority, front);
  await connection.send(frame(frameType.headers, frameFlag.endHeaders, 1, headerBlock("/test.Echo/Deaf")));
  const data = frame(frameType.data, frameFlag.none, 1, Buffer.alloc(16_384));
  for (let sent = 0; sent < 100 && !connection.ended; sent++) {
    await connection.send(data);
  }
  const reset = (): number | undefined =>
    connection.received.find(({ type }) => type === frameType.resetStream)?.payload.readUInt32BE();
  await waitFor(() => reset() !== undefined || connection.ended);
  assert.equal(connection.goAwayCode ?? reset(), NGHTTP2_FLOW_CONTROL_ERROR);
  connection.socket.destroy();
  await othersAreServed();
});

test("an answer that is taken byte by byte is not kept for ever", async () => {
  const strict = await open({ requestTimeoutMs: 500 });
  const noWindow = Buffer.concat([Buffer.of(0, 4), uint32(0)]);
  const connection = await RawConnection.open(authority, strict, noWindow);
  await connection.send(frame(frameType.headers, frameFlag.endHeaders, 1, headerBlock("/test.Echo/Large")));
  await connection.send(frame(frameType.data, frameFlag.endStream, 1, framed(Buffer.of(1))));
  const byte = setInterval(() => {
    connection.socket.write(frame(frameType.windowUpdate, frameFlag.none, 1, uint32(1)));
  }, 10);
  await waitFor(() => connection.received.some(({ type }) => type === frameType.resetStream));
  clearInterval(byte);
  connection.socket.destroy();
  await waitFor(() => budget.held === 0);
  await strict.close();
});

test("frames that have no meaning end the connection", async () => {
  const meaningless = [
    frame(frameType.headers, frameFlag.endHeaders, 0, headerBlock(ECHO)),
    frame(frameType.headers, frameFlag.endHeaders, 2, headerBlock(ECHO)),
    frame(frameType.data, frameFlag.none, 7, Buffer.of(1)),
    frame(frameType.continuation, frameFlag.endHeaders, 1, headerBlock(ECHO)),
    frame(frameType.settings, frameFlag.none, 0, Buffer.of(0, 4, 0)),
    frame(frameType.ping, frameFlag.none, 0, Buffer.alloc(7)),
    Buffer.alloc(40, 0xff),
  ];
  for (const [index, bytes] of meaningless.entries()) {
    const connection = await RawConnection.open(authority, front);
    await connection.send(bytes);
    assert.ok(await connection.closed(5000), `frame ${index}`);
  }
  await othersAreServed();
});
