import { once } from "node:events";
import https from "node:https";
import * as grpc from "@grpc/grpc-js";
import type { MessageType } from "@sealserve/protocol";
import { createAuthority, type TestAuthority } from "../../../../tests/support/tls-authority.ts";
import { ModelHandler } from "../../src/core/handler.ts";
import { openGrpcServer } from "../../src/grpc/server.ts";
import { Health } from "../../src/health/health.ts";
import { openHttpServer } from "../../src/http/server.ts";
import type { ModelStore } from "../../src/life/model-store.ts";
import { NodeReadiness } from "../../src/node/readiness.ts";
import { inferenceMethods } from "../../src/open-inference/grpc-methods.ts";
import { InferenceService } from "../../src/open-inference/inference-service.ts";
import { inferenceRoute } from "../../src/open-inference/rest-route.ts";
import { MemoryBudget } from "../../src/transport/memory-budget.ts";
import { quickLimits } from "./quick-limits.ts";
import { storeOf } from "./store.ts";

/** An answer over REST. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A server with nothing but the Open Inference Protocol, on both ports, over a true store of models. */
export interface InferenceServer {
  readonly store: ModelStore;
  readonly readiness: NodeReadiness;
  readonly budget: MemoryBudget;
  readonly logged: string[];
  /** A GET without a body, else a POST. */
  send(path: string, body?: string | Uint8Array, options?: https.RequestOptions): Promise<Answer>;
  call<Request, Response>(
    method: string,
    types: readonly [MessageType<Request>, MessageType<Response>],
    request: Partial<Request>,
  ): Promise<Response>;
  close(): Promise<void>;
}

export async function openInferenceServer(): Promise<InferenceServer> {
  const authority = await createAuthority();
  const limits = quickLimits();
  const store = storeOf();
  const readiness = new NodeReadiness();
  const health = new Health(readiness, store);
  const service = new InferenceService(new ModelHandler(store), store, "1.2.3");
  const logged: string[] = [];
  const budget = new MemoryBudget(limits.maxBytesInFlight);
  const shared = {
    tls: await authority.issue(),
    limits,
    budget,
    log: (event: string, fields: object) => void logged.push(JSON.stringify([event, fields])),
  };
  const address = { host: "127.0.0.1", port: 0 };
  const rest = await openHttpServer(address, { ...shared, routes: [inferenceRoute({ service, health, limits })] });
  const rpc = await openGrpcServer(address, { ...shared, methods: inferenceMethods(service, health) });
  const agent = new https.Agent({ keepAlive: true, ca: authority.caPem });
  const client = connect(authority, rpc.address.port);
  return {
    store,
    readiness,
    budget,
    logged,
    send: async (path, body, options = {}) => await send({ port: rest.address.port, agent, path, ...options }, body),
    call: async (method, types, request) =>
      await call(client, `/inference.GRPCInferenceService/${method}`, types, request),
    close: async () => {
      agent.destroy();
      client.close();
      await Promise.all([rest.close(), rpc.close()]);
    },
  };
}

function connect(authority: TestAuthority, port: number): grpc.Client {
  return new grpc.Client(`localhost:${port}`, grpc.credentials.createSsl(Buffer.from(authority.caPem)));
}

async function send(options: https.RequestOptions, body: string | Uint8Array | undefined): Promise<Answer> {
  const request = https.request({ host: "localhost", method: body === undefined ? "GET" : "POST", ...options });
  request.end(body);
  const [response] = await once(request, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

/** One unary call with a stock client. */
export function call<Request, Response>(
  client: grpc.Client,
  path: string,
  [requestType, responseType]: readonly [MessageType<Request>, MessageType<Response>],
  request: Partial<Request>,
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  client.makeUnaryRequest(
    path,
    (value: Partial<Request>) => Buffer.from(requestType.encode(value)),
    (bytes: Buffer) => responseType.decode(bytes),
    request,
    (error, response) => (error === null && response !== undefined ? resolve(response) : reject(error)),
  );
  return promise;
}
