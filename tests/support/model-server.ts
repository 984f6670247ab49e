/**
 * A server of models from folders, with both ports over TLS, in the process of the test: what `sealserve serve` puts
 * together, without its command line.
 */
import * as grpc from "@grpc/grpc-js";
import { loadModel } from "@sealserve/models";
import { ModelHandler } from "../../packages/serving/src/core/handler.ts";
import type { SignatureOptions } from "../../packages/serving/src/core/signature-options.ts";
import { servingMethods } from "../../packages/serving/src/grpc/methods.ts";
import { reloadMethod } from "../../packages/serving/src/grpc/reload-method.ts";
import { openGrpcServer } from "../../packages/serving/src/grpc/server.ts";
import { openHttpServer } from "../../packages/serving/src/http/server.ts";
import { ConfiguredModels } from "../../packages/serving/src/life/configured-models.ts";
import type { ConfiguredModel } from "../../packages/serving/src/life/model-config.ts";
import { ModelStore } from "../../packages/serving/src/life/model-store.ts";
import { restRoute } from "../../packages/serving/src/rest/route.ts";
import { DirectorySource } from "../../packages/serving/src/source/directory-source.ts";
import { defaultLimits, type ServingLimits } from "../../packages/serving/src/transport/limits.ts";
import { MemoryBudget } from "../../packages/serving/src/transport/memory-budget.ts";
import { HttpsClient } from "./https-request.ts";
import { StockClient } from "./stock-client.ts";
import { createAuthority, type TestAuthority } from "./tls-authority.ts";

/** What the server does beyond its defaults. */
export interface ModelServerOptions extends SignatureOptions {
  readonly cors?: boolean;
  readonly outputsAsTensorContent?: boolean;
  readonly limits?: Partial<ServingLimits>;
}

/** A server with a client for each port. */
export interface ModelServer {
  readonly authority: TestAuthority;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly client: StockClient;
  readonly rest: HttpsClient;
  /** Bytes of requests and answers that the server holds now. */
  readonly held: () => number;
  /** Events that were logged, as JSON. */
  readonly logged: readonly string[];
  connect(options?: grpc.ClientOptions): StockClient;
  close(): Promise<void>;
}

/** A model with all versions of a folder, in TensorFlow Serving's terms. */
export function modelAt(basePath: string, changes: Partial<ConfiguredModel> = {}): ConfiguredModel {
  const policy = { kind: "latest", count: 1 } as const;
  return { name: "default", platform: "tensorflow", basePath, policy, labels: new Map(), ...changes };
}

/** Starts a server, which is ready when all of the models serve. */
export async function startModelServer(
  models: readonly ConfiguredModel[],
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  const logged: string[] = [];
  const log = (event: string, fields: object): void => void logged.push(JSON.stringify([event, fields]));
  const store = new ModelStore({ maxRetries: 0, retryIntervalMs: 0, threads: 0 });
  const source = new DirectorySource({
    aspire: (model, versions) => store.aspire(model, versions),
    load: async (_id, files) => await loadModel(files, { threads: 1 }),
    pollMs: 0,
    log,
  });
  const configured = new ConfiguredModels({ store, source, allowLabelsForUnavailable: false });
  await configured.start(models);
  const ports = await openPorts({ store, configured, log }, options);
  const close = async (): Promise<void> => {
    source.close();
    await ports.close();
    await configured.reload([]);
  };
  return { ...ports, logged, close };
}

interface Core {
  readonly store: ModelStore;
  readonly configured: ConfiguredModels;
  readonly log: (event: string, fields: object) => void;
}

async function openPorts(
  { store, configured, log }: Core,
  { cors = false, outputsAsTensorContent = false, checkMethodName = false, ...options }: ModelServerOptions,
): Promise<Omit<ModelServer, "logged">> {
  const authority = await createAuthority();
  const limits = { ...defaultLimits, ...options.limits };
  const budget = new MemoryBudget(limits.maxBytesInFlight);
  const shared = { tls: await authority.issue(), limits, budget, log };
  const handler = new ModelHandler(store, { checkMethodName });
  const methods = new Map([
    ...servingMethods(handler, { asContent: outputsAsTensorContent }),
    ...reloadMethod({ models: configured, allowed: true, readCounter: () => undefined }),
  ]);
  const anywhere = { host: "127.0.0.1", port: 0 };
  const grpcFront = await openGrpcServer(anywhere, { ...shared, methods });
  const restFront = await openHttpServer(anywhere, { ...shared, routes: [restRoute(handler, limits, { cors })] });
  const [grpcPort, restPort] = [grpcFront.address.port, restFront.address.port];
  const connect = (clientOptions?: grpc.ClientOptions): StockClient =>
    new StockClient(`localhost:${grpcPort}`, grpc.credentials.createSsl(Buffer.from(authority.caPem)), clientOptions);
  const client = connect();
  const rest = new HttpsClient(restPort, authority.caPem);
  const close = async (): Promise<void> => {
    client.close();
    rest.close();
    await Promise.all([grpcFront.close(), restFront.close()]);
  };
  return { authority, grpcPort, restPort, client, rest, held: () => budget.held, connect, close };
}
