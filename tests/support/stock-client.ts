/**
 * A gRPC client of TensorFlow Serving as anybody would build it: from the public message definitions, with grpc-js and
 * protobufjs. Nothing of this project takes part.
 */
import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";

/** A message as protobufjs gives it: 64-bit integers as text, enumerations by name, bytes as they are. */
export type PlainMessage = Readonly<Record<string, unknown>>;

/** How a call failed. */
export interface CallFailure {
  readonly code: keyof typeof grpc.status;
  readonly message: string;
}

const SERVING = "tensorflow.serving";
const types = loadTypes();

/** Calls the rpcs of a server by service and name. */
export class StockClient {
  readonly #client: grpc.Client;

  /** @param target `HOST:PORT`, or `unix:PATH` */
  constructor(target: string, credentials: grpc.ChannelCredentials, options: grpc.ClientOptions = {}) {
    this.#client = new grpc.Client(target, credentials, {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      ...options,
    });
  }

  /**
   * @param service full name, or name in the package `tensorflow.serving`
   * @param request in protobuf's JSON form, or with bytes as they are
   * @throws Error of grpc-js
   */
  async call(
    service: string,
    rpc: string,
    request: PlainMessage,
    options: grpc.CallOptions = {},
  ): Promise<PlainMessage> {
    const { path, input, output } = lookupRpc(service, rpc);
    const bytes = input.encode(input.fromObject(request)).finish();
    return plain(output, await this.callPath(path, bytes, options));
  }

  /** Calls any path with a message as bytes. @throws Error of grpc-js */
  callPath(path: string, request: Uint8Array, options: grpc.CallOptions = {}): Promise<Buffer> {
    const same = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, Buffer.from(request), options, (error, value) =>
        error === null && value !== undefined ? resolve(value) : reject(error),
      );
    });
  }

  /** An rpc that answers with a stream: its messages, until it ends or is cancelled. Parameters are those of {@link call}. */
  subscribe(service: string, rpc: string, request: PlainMessage): grpc.ClientReadableStream<PlainMessage> {
    const { path, input, output } = lookupRpc(service, rpc);
    return this.#client.makeServerStreamRequest(
      path,
      (value: PlainMessage) => Buffer.from(input.encode(input.fromObject(value)).finish()),
      (bytes: Buffer) => plain(output, bytes),
      request,
    );
  }

  close(): void {
    this.#client.close();
  }
}

/** A message of the package `tensorflow.serving` from its bytes. */
export function decodeMessage(name: string, bytes: Uint8Array): PlainMessage {
  return plain(messageType(name), bytes);
}

/** The gRPC status of what a call threw. */
export function failureOf(error: unknown): CallFailure {
  if (error instanceof Error && "code" in error && "details" in error) {
    const code = grpc.status[error.code as number] as keyof typeof grpc.status;
    return { code, message: String(error.details) };
  }
  throw error;
}

function lookupRpc(service: string, rpc: string): { path: string; input: protobuf.Type; output: protobuf.Type } {
  const name = service.includes(".") ? service : `${SERVING}.${service}`;
  const found = types.lookupService(name);
  const { requestType, responseType } = found.methods[rpc] ?? {};
  const typeOf = (type = ""): protobuf.Type => found.parent?.lookupType(type) ?? messageType(type);
  return { path: `/${name}/${rpc}`, input: typeOf(requestType), output: typeOf(responseType) };
}

function plain(type: protobuf.Type, bytes: Uint8Array): PlainMessage {
  return type.toObject(type.decode(bytes), { longs: String, enums: String, defaults: false });
}

/** The public definition of a message, by its full name or its name in the package `tensorflow.serving`. */
export function messageType(name: string | undefined): protobuf.Type {
  return types.lookupType(name?.includes(".") ? name : `${SERVING}.${name}`);
}

function loadTypes(): protobuf.Root {
  const root = new protobuf.Root();
  for (const name of ["google/protobuf/any.proto", "google/protobuf/wrappers.proto"]) {
    root.addJSON(protobuf.common.get(name)?.nested ?? {});
  }
  for (const name of ["tensorflow.proto", "tensorflow-serving.proto", "open-inference.proto", "grpc-health.proto"]) {
    protobuf.parse(readFileSync(new URL(`proto/${name}`, import.meta.url), "utf8"), root);
  }
  return root;
}
