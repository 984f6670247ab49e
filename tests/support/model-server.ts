/** `sealserve serve` with TensorFlow Serving's command line as a process, both ports over TLS, and clients for them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { type Finished, startSealserve } from "../e2e/command.ts";
import { freePort } from "../e2e/model-server.ts";
import { HttpsClient } from "./https-request.ts";
import { StockClient } from "./stock-client.ts";
import { createAuthority } from "./tls-authority.ts";

/** A running server with a client for each port. */
export interface ModelServer {
  readonly caPem: string;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly client: StockClient;
  readonly rest: HttpsClient;
  /** Another client of the gRPC port. */
  connect(options?: grpc.ClientOptions): StockClient;
  /** Most memory that the process has had in use, bytes. Linux only. */
  peakMemory(): Promise<number>;
  /** Ends the server. What it wrote is in the result. */
  close(): Promise<Finished>;
}

/**
 * Starts a server and waits until it serves.
 *
 * @param flags those that say which models are served, and any other but those of ports and TLS
 * @throws Error with what the server wrote, when it ends instead
 */
export async function startModelServer(flags: readonly string[]): Promise<ModelServer> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-model-server-"));
  const authority = await createAuthority();
  const { keyPem, certificatePem } = await authority.issue();
  const sslConfig = join(folder, "ssl.cfg");
  await writeFile(sslConfig, `server_key: ${quoted(keyPem)}\nserver_cert: ${quoted(certificatePem)}\n`, {
    mode: 0o600,
  });
  const [grpcPort, restPort] = [await freePort(), await freePort()];
  const ports = [`--port=${grpcPort}`, `--rest_api_port=${restPort}`, "--bind-address=127.0.0.1"];
  const running = startSealserve(["serve", ...ports, `--ssl_config_file=${sslConfig}`, ...flags]);
  const { caPem } = authority;
  const connect = (options?: grpc.ClientOptions): StockClient =>
    new StockClient(`localhost:${grpcPort}`, grpc.credentials.createSsl(Buffer.from(caPem)), options);
  const clients = { client: connect(), rest: new HttpsClient(restPort, caPem) };
  const close = async (): Promise<Finished> => {
    clients.client.close();
    clients.rest.close();
    const finished = await running.stop();
    await rm(folder, { recursive: true });
    return finished;
  };
  try {
    await running.matches(/^serving /m);
  } catch (error) {
    await close();
    throw error;
  }
  const peakMemory = async (): Promise<number> => await peakMemoryOf(running.process.pid ?? 0);
  return { caPem, grpcPort, restPort, ...clients, connect, peakMemory, close };
}

async function peakMemoryOf(pid: number): Promise<number> {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/** A string of protobuf's text format. */
function quoted(text: string): string {
  return `"${text.replaceAll("\n", "\\n")}"`;
}
