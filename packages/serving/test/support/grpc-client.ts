import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import * as grpc from "@grpc/grpc-js";
import type { TestAuthority } from "../../../../tests/support/tls-authority.ts";
import type { Front } from "../../src/transport/front.ts";

/** A stock client without limits on messages. */
export function connect(authority: TestAuthority, to: Front, options: grpc.ClientOptions = {}): grpc.Client {
  const credentials = grpc.credentials.createSsl(Buffer.from(authority.caPem));
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1, ...options };
  return new grpc.Client(`localhost:${to.address.port}`, credentials, unlimited);
}

/** Accepts the error of a stock client with this status. */
export function failsWith(code: grpc.status, details: string | RegExp = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Error && "code" in error && "details" in error, String(error));
    assert.equal(error.code, code, error.message);
    if (details instanceof RegExp) {
      assert.match(String(error.details), details);
    } else {
      assert.equal(error.details, details);
    }
    return true;
  };
}

/** A bare HTTP/2 connection, for what a gRPC client would never send. */
export function bareSession(
  authority: TestAuthority,
  to: Front,
  options: http2.SecureClientSessionOptions = {},
): http2.ClientHttp2Session {
  const session = http2.connect(`https://localhost:${to.address.port}`, { ca: authority.caPem, ...options });
  session.on("error", () => undefined);
  return session;
}

/** Headers of a gRPC call. */
export function callHeaders(path: string, more: http2.OutgoingHttpHeaders = {}): http2.OutgoingHttpHeaders {
  return { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...more };
}

/** What a call was answered with, whichever frames it came in. */
export interface BareAnswer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  /** How the stream was closed: an HTTP/2 error code. */
  readonly code: number;
}

/** Collects the answer of a stream until it is closed. */
export async function answerOf(stream: http2.ClientHttp2Stream): Promise<BareAnswer> {
  let headers: http2.IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on("error", () => undefined);
  stream.on("response", (received) => (headers = { ...headers, ...received }));
  stream.on("trailers", (received) => (headers = { ...headers, ...received }));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(stream, "close");
  return { headers, body: Buffer.concat(chunks), code: stream.rstCode };
}

/** One call with this body; without one, the body begins and never goes on. */
export async function bareRequest(
  authority: TestAuthority,
  to: Front,
  headers: http2.OutgoingHttpHeaders,
  body: Uint8Array | undefined,
): Promise<BareAnswer> {
  const session = bareSession(authority, to);
  const stream = session.request(headers);
  if (body === undefined) {
    stream.write(Buffer.of(0));
  } else {
    stream.end(body);
  }
  const answer = await answerOf(stream);
  session.destroy();
  return answer;
}

/** A message with its prefix. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The messages of a body of whole messages. */
export function unframed(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let offset = 0; offset < body.length; ) {
    const end = offset + 5 + body.readUInt32BE(offset + 1);
    messages.push(body.subarray(offset + 5, end));
    offset = end;
  }
  return messages;
}

/** Waits for something that has no event, for at most ten seconds. */
export async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !condition(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(condition());
}
