/**
 * What somebody puts together who needs a model behind gRPC and REST in Node and has no Sealserve: grpc-js, protobufjs over
 * the public message definitions, node:https, JSON.parse and `onnxruntime-node` on the main thread. It knows one model with
 * one input and one output, checks nothing, and limits nothing.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { messageType } from "../../tests/support/stock-client.ts";
import { PREDICT } from "./predict-call.ts";
import { reportWhenAsked } from "./report.ts";

/** Which model to serve, with which identity. */
export interface PeerOrder {
  readonly model: Uint8Array;
  readonly keyPem: string;
  readonly certificatePem: string;
}

type Runtime = typeof import("onnxruntime-node");

const FLOAT = 1;
// As for our engine: it would spend time on recording what it does.
process.env["ORT_DISABLE_TELEMETRY"] = "1";
const fromModels = createRequire(new URL("../../packages/models/package.json", import.meta.url));
const runtime = fromModels("onnxruntime-node") as Runtime;

process.once("message", (order: PeerOrder) => void serve(order));

async function serve({ model, keyPem, certificatePem }: PeerOrder): Promise<void> {
  const session = await runtime.InferenceSession.create(model);
  const run = (values: Float32Array, shape: readonly number[]): Promise<Tensor> => runOnce(session, values, shape);
  const grpcPort = await serveGrpc(run, keyPem, certificatePem);
  const restPort = await serveRest(run, keyPem, certificatePem);
  reportWhenAsked({ grpcPort, restPort });
}

type Run = (values: Float32Array, shape: readonly number[]) => Promise<Tensor>;

async function runOnce(session: InferenceSession, values: Float32Array, shape: readonly number[]): Promise<Tensor> {
  const input = session.inputNames[0] as string;
  const outputs = await session.run({ [input]: new runtime.Tensor("float32", values, shape) });
  return Object.values(outputs)[0] as Tensor;
}

interface PlainTensor {
  readonly tensorShape: { readonly dim: readonly { readonly size: unknown }[] };
  readonly tensorContent: Uint8Array;
}

function serveGrpc(run: Run, keyPem: string, certificatePem: string): Promise<number> {
  const [request, response] = [messageType("PredictRequest"), messageType("PredictResponse")];
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  const method: grpc.MethodDefinition<unknown, unknown> = {
    path: PREDICT,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value) => Buffer.from(request.encode(value as object).finish()),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (value) => Buffer.from(response.encode(value as object).finish()),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
  const predict: grpc.handleUnaryCall<unknown, unknown> = ({ request: asked }, callback) => {
    const { inputs } = asked as { inputs: Readonly<Record<string, PlainTensor>> };
    const { tensorShape, tensorContent } = Object.values(inputs)[0] as PlainTensor;
    const values = new Float32Array(Uint8Array.from(tensorContent).buffer);
    const shape = tensorShape.dim.map(({ size }) => Number(size));
    run(values, shape).then(
      ({ dims, data }) => {
        const dim = dims.map((size) => ({ size }));
        const output = { dtype: FLOAT, tensorShape: { dim }, floatVal: [...(data as Float32Array)] };
        callback(null, response.fromObject({ outputs: { y: output } }));
      },
      (error: Error) => callback({ code: grpc.status.INTERNAL, message: error.message }),
    );
  };
  server.addService({ predict: method }, { predict });
  const identity = [{ private_key: Buffer.from(keyPem), cert_chain: Buffer.from(certificatePem) }];
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createSsl(null, identity), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function serveRest(run: Run, keyPem: string, certificatePem: string): Promise<number> {
  const server = createServer({ key: keyPem, cert: certificatePem }, (request, response) => {
    void answer(run, request, response);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function answer(run: Run, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const { instances } = JSON.parse(Buffer.concat(chunks).toString()) as { instances: readonly unknown[] };
  const { data } = await run(
    Float32Array.from(instances.flat(Number.POSITIVE_INFINITY) as number[]),
    shapeOf(instances),
  );
  const body = JSON.stringify({ predictions: [...(data as Float32Array)] });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}
