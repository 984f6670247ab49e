import type { IncomingHttpHeaders } from "node:http2";
import { ServingError } from "@sealserve/protocol";
import type { Packing } from "../transport/unpack.ts";

/** Milliseconds of each unit of `grpc-timeout`. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

const GRPC = "application/grpc";

/** How the requester packed its message. */
export type MessageEncoding = "identity" | Packing;

/** Whether the headers are those of a gRPC call that carries protobuf messages. */
export function isGrpcCall(headers: IncomingHttpHeaders): boolean {
  const { ":method": method, "content-type": contentType } = headers;
  return method === "POST" && (contentType === GRPC || isWithParameters(contentType));
}

function isWithParameters(contentType: string | undefined): boolean {
  const type = contentType?.split(";", 1)[0]?.trim();
  return type === GRPC || type === `${GRPC}+proto`;
}

/**
 * Reads `grpc-timeout` (at most eight digits and a unit).
 *
 * @returns milliseconds, or undefined when the caller sets no limit
 * @throws ServingError `INTERNAL` when malformed
 */
export function parseGrpcTimeout(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["grpc-timeout"];
  if (value === undefined) {
    return undefined;
  }
  const match = typeof value === "string" ? /^(\d{1,8})([HMSmun])$/.exec(value) : null;
  const unit = UNIT_MS[match?.[2] ?? ""];
  if (unit === undefined) {
    throw new ServingError("INTERNAL", "Malformed grpc-timeout header");
  }
  return Number(match?.[1]) * unit;
}

/** Encodings of messages that are taken, as a header names them. */
export const MESSAGE_ENCODINGS = ["identity", "deflate", "gzip"] as const satisfies readonly MessageEncoding[];

/** Reads `grpc-encoding`. @throws ServingError `UNIMPLEMENTED` for any but {@link MESSAGE_ENCODINGS} */
export function parseMessageEncoding(headers: IncomingHttpHeaders): MessageEncoding {
  const value = headers["grpc-encoding"] ?? "identity";
  const encoding = MESSAGE_ENCODINGS.find((name) => name === value);
  if (encoding === undefined) {
    throw new ServingError("UNIMPLEMENTED", "Message encoding is not supported; identity, deflate and gzip are");
  }
  return encoding;
}
