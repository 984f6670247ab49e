import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { writeExampleModels } from "@sealserve/models";
import {
  decodePredictResponse,
  encodePredictRequest,
  ModelSpec,
  type PredictResponse,
  type Tensor,
} from "@sealserve/protocol";
import { type Running, sealserve, startSealserve } from "./command.ts";

/** A folder with example models and TLS material, for model servers started by flags. */
export interface ServerFolder {
  readonly at: (...parts: readonly string[]) => string;
  /** A server of `half_plus_two` under the name `half`; running ones are ended with the folder. */
  start(...flags: readonly string[]): Running;
  remove(): Promise<void>;
}

export async function makeServerFolder(): Promise<ServerFolder> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-server-"));
  const at = (...parts: readonly string[]): string => join(folder, ...parts);
  await writeExampleModels(at("models"));
  await sealserve(["certs", "--out", at("tls"), "--name", "localhost", "--two-way", "--ssl-cfg", at("two-way.cfg")]);
  const oneWay = ["certs", "--out", at("tls-1"), "--ca", at("tls"), "--name", "localhost", "--ssl-cfg", at("ssl.cfg")];
  await sealserve(oneWay);
  const running: Running[] = [];
  return {
    at,
    start: (...flags) => {
      const model = ["--model_name=half", `--model_base_path=${at("models", "half_plus_two")}`];
      const server = startSealserve(["serve", "--bind-address=127.0.0.1", ...model, ...flags]);
      running.push(server);
      return server;
    },
    remove: async () => {
      await Promise.all(running.map((server) => server.stop("SIGKILL")));
      await rm(folder, { recursive: true });
    },
  };
}

/** A port that is free now: with TensorFlow Serving's flags 0 means none. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const INPUT: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) };

/** Predict by gRPC, of 1, 2 and 5 unless told otherwise: the outputs. */
export async function predictGrpc(
  target: string,
  credentials: grpc.ChannelCredentials,
  x = INPUT,
): Promise<readonly number[]> {
  const client = new grpc.Client(target, credentials);
  const request = { modelSpec: ModelSpec.create({ name: "half" }), inputs: new Map([["x", x]]), outputFilter: [] };
  try {
    const answer = await new Promise<PredictResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        "/tensorflow.serving.PredictionService/Predict",
        (value: typeof request) => Buffer.from(encodePredictRequest(value)),
        (bytes) => decodePredictResponse(bytes),
        request,
        { deadline: Date.now() + 20_000 },
        (error, value) => (value === undefined ? reject(error) : resolve(value)),
      );
    });
    const { data } = answer.outputs.get("y") ?? {};
    return data instanceof Float32Array ? [...data] : [];
  } finally {
    client.close();
  }
}

/** Path of a REST call, and where. */
export interface RestTarget extends https.RequestOptions {
  readonly port: number;
  readonly path: string;
  readonly plaintext?: boolean;
}

/** A REST call; one with a body is a POST. */
export async function rest(
  { plaintext, ...target }: RestTarget,
  body?: string,
): Promise<{ status: number; text: string }> {
  const options = { host: "localhost", agent: false, method: body === undefined ? "GET" : "POST", ...target } as const;
  return await answerTo((plaintext ? http : https).request(options), body);
}

/** Ends a request and takes its answer. */
export async function answerTo(request: http.ClientRequest, body?: string): Promise<{ status: number; text: string }> {
  const answered = once(request, "response");
  request.end(body);
  const [response] = (await answered) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response) {
    text += String(chunk);
  }
  return { status: response.statusCode ?? 0, text };
}
