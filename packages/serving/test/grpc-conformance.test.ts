/**
 * The rules of "gRPC over HTTP2" and of HTTP/2 that clients rely on, seen from the wire: by Node's HTTP/2, by nghttp2 in
 * curl, and by a stock gRPC client.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http2 from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { ServingError } from "@sealserve/protocol";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import type { UnaryMethod } from "../src/grpc/unary-call.ts";
import type { Front } from "../src/transport/front.ts";
import type { ServingLimits } from "../src/transport/limits.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import {
  answerOf,
  bareRequest,
  bareSession,
  callHeaders,
  connect,
  framed,
  unframed,
  waitFor,
} from "./support/grpc-client.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { frame, frameFlag, frameType, headerBlock, RawConnection } from "./support/raw-http2.ts";

const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const run = promisify(execFile);
const hasCurl = await run("curl", ["--version"]).then(
  ({ stdout }) => stdout.includes("nghttp2"),
  () => false,
);

let authority: TestAuthority;
let front: Front;
let started = Promise.withResolvers<void>();
let gate = Promise.withResolvers<void>();

const methods = new Map<string, UnaryMethod>([
  ["/test.Echo/Echo", async (request) => request.slice()],
  [
    "/test.Echo/Refuse",
    async () => {
      throw new ServingError("INVALID_ARGUMENT", "no: 50 %\n\u20ac");
    },
  ],
  [
    "/test.Echo/Wait",
    async (request) => {
      started.resolve();
      await gate.promise;
      return request;
    },
  ],
]);

async function open(changes: Partial<ServingLimits> = {}): Promise<Front> {
  const limits = quickLimits(changes);
  const budget = new MemoryBudget(limits.maxBytesInFlight);
  const tls = await authority.issue();
  return await openGrpcServer({ host: "127.0.0.1", port: 0 }, { tls, methods, limits, budget, log: () => undefined });
}

/** Header frames of an answer in order, each with whether it ended the stream. */
async function headerFrames(method: string, body: Uint8Array, more: http2.OutgoingHttpHeaders = {}) {
  const session = bareSession(authority, front);
  const stream = session.request(callHeaders(`/test.Echo/${method}`, more));
  const frames: { readonly headers: http2.IncomingHttpHeaders; readonly last: boolean }[] = [];
  const note = (headers: http2.IncomingHttpHeaders, flags: number): void =>
    void frames.push({ headers, last: (flags & NGHTTP2_FLAG_END_STREAM) !== 0 });
  stream.on("response", note).on("trailers", note);
  stream.end(body);
  const answer = await answerOf(stream);
  session.destroy();
  return { frames, ...answer };
}

const statusOf = async (method: string, body: Uint8Array, more: http2.OutgoingHttpHeaders = {}) =>
  (await bareRequest(authority, front, callHeaders(`/test.Echo/${method}`, more), body)).headers["grpc-status"];

before(async () => {
  authority = await createAuthority();
  front = await open();
});

after(async () => {
  await front.close();
});

test("a success is headers, one message and trailers with the status", async () => {
  const { frames, body, code } = await headerFrames("Echo", framed(Buffer.from("hello")));
  assert.equal(frames.length, 2);
  const [head, trailers] = frames;
  assert.deepEqual(
    [head?.headers[":status"], head?.headers["content-type"], head?.last],
    [200, "application/grpc", false],
  );
  assert.equal(head?.headers["grpc-status"], undefined);
  assert.deepEqual([trailers?.headers["grpc-status"], trailers?.last], ["0", true]);
  assert.deepEqual(body, framed(Buffer.from("hello")));
  assert.equal(code, NGHTTP2_NO_ERROR);
});

test("a refusal is one frame of headers that ends the stream, with HTTP status 200", async () => {
  const { frames, body, code } = await headerFrames("Refuse", framed(Buffer.of(1)));
  assert.equal(frames.length, 1);
  const { headers, last } = frames[0] ?? assert.fail();
  assert.deepEqual(
    [headers[":status"], headers["content-type"], headers["grpc-status"], last],
    [200, "application/grpc", "3", true],
  );
  assert.equal(headers["grpc-message"], "no: 50 %25%0A%E2%82%AC");
  assert.deepEqual([body.length, code], [0, NGHTTP2_NO_ERROR]);
});

test("a refusal before the end of the request does not wait for it, and is not lost", async () => {
  const session = bareSession(authority, front);
  const stream = session.request(callHeaders("/test.Echo/Missing"));
  stream.write(Buffer.alloc(100_000));
  const { headers, code } = await answerOf(stream);
  assert.deepEqual([headers["grpc-status"], code], ["12", NGHTTP2_NO_ERROR]);
  session.destroy();
});

test("content types of gRPC are taken with suffix and parameters; others are 415", async () => {
  for (const type of ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]) {
    assert.equal(await statusOf("Echo", framed(Buffer.of(1)), { "content-type": type }), "0", type);
  }
  for (const type of ["application/grpc+thrift", "application/grpc-web+proto", "text/plain", ""]) {
    const { headers } = await headerFrames("Echo", framed(Buffer.of(1)), { "content-type": type });
    assert.deepEqual([headers[":status"], headers["grpc-status"]], [415, undefined], type);
  }
});

test("metadata of any kind are taken and not sent back", async () => {
  const metadata = {
    "x-text": ["one", "two"],
    "x-bytes-bin": Buffer.of(0, 0xff).toString("base64"),
    "user-agent": "test",
    "grpc-previous-rpc-attempts": "1",
    authorization: "Bearer canary",
  };
  const { frames } = await headerFrames("Echo", framed(Buffer.of(1)), metadata);
  assert.equal(frames[1]?.headers["grpc-status"], "0");
  assert.ok(!JSON.stringify(frames).includes("canary"));
});

test("a message may be packed or not, as its flag says; answers are never packed", async () => {
  for (const [encoding, pack] of Object.entries({ gzip: gzipSync, deflate: deflateSync })) {
    const accepts = { "grpc-encoding": encoding, "grpc-accept-encoding": "gzip,deflate,identity" };
    for (const body of [framed(pack("packed"), 1), framed(Buffer.from("packed"), 0)]) {
      const answer = await headerFrames("Echo", body, accepts);
      assert.deepEqual(unframed(answer.body).map(String), ["packed"]);
      assert.equal(answer.body.readUInt8(0), 0);
      assert.equal(answer.frames[0]?.headers["grpc-encoding"], undefined);
      assert.equal(answer.frames[0]?.headers["grpc-accept-encoding"], "identity,deflate,gzip");
    }
  }
});

test("a message that is not packed as its header says is refused", async () => {
  assert.equal(await statusOf("Echo", framed(gzipSync("packed"), 1)), "13");
  assert.equal(await statusOf("Echo", framed(deflateSync("packed"), 1), { "grpc-encoding": "gzip" }), "3");
  for (const packed of [gzipSync("packed"), deflateRawSync("packed"), deflateSync("packed").subarray(0, -1)]) {
    assert.equal(await statusOf("Echo", framed(packed, 1), { "grpc-encoding": "deflate" }), "3");
  }
  for (const encoding of ["snappy", "GZIP", "gzip,deflate", "toString", ""]) {
    assert.equal(await statusOf("Echo", framed(Buffer.of(1)), { "grpc-encoding": encoding }), "12", encoding);
  }
});

test("a deadline may be in any unit, and has passed when it is zero", async () => {
  for (const timeout of ["1H", "1M", "30S", "5000m", "9000000u", "99999999n", "99999999H"]) {
    assert.equal(await statusOf("Echo", framed(Buffer.of(1)), { "grpc-timeout": timeout }), "0", timeout);
  }
  assert.equal(await statusOf("Wait", framed(Buffer.of(1)), { "grpc-timeout": "0n" }), "4");
  assert.equal(await statusOf("Wait", framed(Buffer.of(1)), { "grpc-timeout": "20000u" }), "4");
});

test("an answer larger than the client's window comes as fast as the window opens", async () => {
  const session = bareSession(authority, front, { settings: { initialWindowSize: 1000 } });
  const message = Buffer.alloc(300_000, "abc");
  const stream = session.request(callHeaders("/test.Echo/Echo"));
  stream.end(framed(message));
  assert.deepEqual(unframed((await answerOf(stream)).body), [message]);
  session.destroy();
});

test("closing lets calls in flight end, says which were taken and refuses later ones", async () => {
  const closing = await open();
  [started, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const session = bareSession(authority, closing);
  const streams = [session.request(callHeaders("/test.Echo/Wait")), session.request(callHeaders("/test.Echo/Wait"))];
  const answers = streams.map(answerOf);
  for (const stream of streams) {
    stream.end(framed(Buffer.from("in flight")));
  }
  await started.promise;
  const goodbye = once(session, "goaway");
  const closed = closing.close();
  const [code, lastStream] = await goodbye;
  assert.equal(code, NGHTTP2_NO_ERROR);
  assert.ok(lastStream >= (streams[1]?.id ?? 0));
  gate.resolve();
  for (const { headers, body } of await Promise.all(answers)) {
    assert.deepEqual([headers["grpc-status"], String(unframed(body)[0])], ["0", "in flight"]);
  }
  await closed;
});

test("more calls at one time than are allowed are refused as not begun", async () => {
  const limited = await open({ maxStreamsPerConnection: 1 });
  [started, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const connection = await RawConnection.open(authority, limited);
  for (const streamId of [1, 3]) {
    await connection.send(frame(frameType.headers, frameFlag.endHeaders, streamId, headerBlock("/test.Echo/Wait")));
    await connection.send(frame(frameType.data, frameFlag.endStream, streamId, framed(Buffer.of(1))));
  }
  const framesOf = (id: number) => connection.received.filter(({ streamId }) => streamId === id);
  await waitFor(() => framesOf(3).length > 0);
  const [refusal] = framesOf(3);
  assert.deepEqual([refusal?.type, refusal?.payload.readUInt32BE()], [frameType.resetStream, NGHTTP2_REFUSED_STREAM]);
  gate.resolve();
  await waitFor(() => framesOf(1).some(({ flags }) => (flags & frameFlag.endStream) !== 0));
  connection.socket.destroy();
  await limited.close();
});

test("a stock client sees metadata, deadline and status", async () => {
  const client = connect(authority, front);
  const same = (value: Buffer): Buffer => value;
  const metadata = new grpc.Metadata();
  metadata.add("x-bytes-bin", Buffer.of(0, 0xff));
  const { promise, resolve } = Promise.withResolvers<grpc.StatusObject>();
  const call = client.makeUnaryRequest("/test.Echo/Refuse", same, same, Buffer.of(1), metadata, () => undefined);
  call.on("status", resolve);
  const { code, details } = await promise;
  assert.deepEqual([code, details], [grpc.status.INVALID_ARGUMENT, "no: 50 %\n\u20ac"]);
  client.close();
});

test("curl gets an answer and its trailers", { skip: hasCurl ? false : "there is no curl with nghttp2" }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-curl-"));
  const file = (name: string): string => join(folder, name);
  await writeFile(file("ca.pem"), authority.caPem);
  await writeFile(file("request"), framed(Buffer.from("by curl")));
  const tls = ["--cacert", file("ca.pem"), "--http2", "--max-time", "20", "--silent"];
  const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
  const body = ["--data-binary", `@${file("request")}`, "-D", file("headers"), "-o", file("answer")];
  await run("curl", [...tls, ...headers, ...body, `https://localhost:${front.address.port}/test.Echo/Echo`]);
  assert.deepEqual(unframed(await readFile(file("answer"))).map(String), ["by curl"]);
  assert.match(await readFile(file("headers"), "utf8"), /^HTTP\/2 200[\s\S]*grpc-status: 0/);
  await rm(folder, { recursive: true });
});
