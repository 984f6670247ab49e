import type { IncomingHttpHeaders } from "node:http2";
import { grpcCodeName, PREFIX_LENGTH, ServingError } from "@sealserve/protocol";
import { ClientError } from "../errors.ts";
import type { Http2Answer } from "./answer.ts";

/** Largest number that `grpc-timeout` can carry. */
const MAX_TIMEOUT_DIGITS = 99_999_999;

/** The `grpc-timeout` header of a time in milliseconds; none for no limit. */
export function timeoutHeader(timeoutMs: number | undefined): { "grpc-timeout"?: string } {
  return timeoutMs === undefined ? {} : { "grpc-timeout": `${Math.min(Math.ceil(timeoutMs), MAX_TIMEOUT_DIGITS)}m` };
}

/**
 * The one message of a unary answer.
 *
 * @throws ServingError with the call's status when it is not OK
 * @throws ClientError `bad-answer`
 */
export function readUnaryAnswer({ headers, trailers, body }: Http2Answer): Uint8Array {
  const status = trailers ?? headers;
  const code = status["grpc-status"];
  if (headers[":status"] !== 200 || typeof code !== "string" || !/^\d{1,3}$/.test(code)) {
    throw new ClientError("bad-answer", "the server's answer is not a gRPC answer", {
      actual: `HTTP status ${headers[":status"]}`,
    });
  }
  const name = grpcCodeName(Number(code));
  if (name !== "OK") {
    throw new ServingError(name, statusMessage(status));
  }
  const prefix = Buffer.from(body.subarray(0, PREFIX_LENGTH));
  if (prefix.length < PREFIX_LENGTH || prefix[0] !== 0 || prefix.readUInt32BE(1) !== body.length - PREFIX_LENGTH) {
    throw new ClientError("bad-answer", "the server's answer is not one uncompressed message");
  }
  return body.subarray(PREFIX_LENGTH);
}

function statusMessage(status: IncomingHttpHeaders): string {
  const encoded = String(status["grpc-message"] ?? "");
  try {
    return decodeURIComponent(encoded);
  } catch {
    // A broken encoding is shown as it came rather than lost ("gRPC over HTTP2").
    return encoded;
  }
}
