/** Starts a server and a load process for it, both apart from the process that measures. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSslConfig } from "@sealserve/protocol";
import { MODEL_MEMORY_SETTINGS, SERVER_SETTINGS, v8FlagsOf } from "../../packages/cli/src/service/process-settings.ts";
import { freePort } from "../../tests/e2e/model-server.ts";
import { createAuthority } from "../../tests/support/tls-authority.ts";
import { type ModelName, writeBenchModel } from "./bench-models.ts";
import type { LoadOrder, LoadReport } from "./load-process.ts";
import type { PeerOrder } from "./peer-process.ts";
import type { ServerReady, ServerReport } from "./report.ts";

/** A served model and the means to load it. */
export interface UnderLoad {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly caPem: string;
  /** Folder of the models: a version that is put there is loaded beside. */
  readonly folder: string;
  /** @throws Error when a request fails */
  load(order: Omit<LoadOrder, "port" | "caPem">): Promise<LoadReport>;
  /** The same, whether requests fail or not. */
  tryLoad(order: Omit<LoadOrder, "port" | "caPem">): Promise<LoadReport>;
  /** What the server spent since the last report. */
  report(): Promise<ServerReport>;
  stop(): Promise<void>;
}

/** @param flags beside ports, TLS and models */
export async function serveUnderLoad(models: readonly ModelName[], flags: readonly string[] = []): Promise<UnderLoad> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-bench-"));
  const authority = await createAuthority();
  const { keyPem, certificatePem } = await authority.issue();
  const ssl = join(folder, "ssl.cfg");
  await writeFile(
    ssl,
    encodeSslConfig({ serverKeyPem: keyPem, serverCertificatePem: certificatePem, clientCaPem: undefined }),
  );
  for (const name of models) {
    await writeBenchModel(folder, name);
  }
  const config = join(folder, "models.cfg");
  await writeFile(config, configOf(folder, models));
  const [grpcPort, restPort] = [await freePort(), await freePort()];
  const ports = ["--bind-address=127.0.0.1", `--port=${grpcPort}`, `--rest_api_port=${restPort}`];
  const server = start("server-process.ts", [
    ...ports,
    `--ssl_config_file=${ssl}`,
    `--model_config_file=${config}`,
    ...flags,
  ]);
  return await putUnderLoad(server, { caPem: authority.caPem, folder });
}

/**
 * Serves one ONNX model, given as bytes, by the peer of peer-process.ts. Its signature has one input, which a request may
 * call as it likes.
 */
export async function servePeerUnderLoad(model: Uint8Array): Promise<UnderLoad> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-bench-"));
  const authority = await createAuthority();
  const { keyPem, certificatePem } = await authority.issue();
  const server = start("peer-process.ts", []);
  server.send({ model, keyPem, certificatePem } satisfies PeerOrder);
  return await putUnderLoad(server, { caPem: authority.caPem, folder });
}

/** Waits until a server is ready, and gives it a load process. */
async function putUnderLoad(
  server: ChildProcess,
  { caPem, folder }: { readonly caPem: string; readonly folder: string },
): Promise<UnderLoad> {
  const [ready] = (await once(server, "message")) as [ServerReady];
  const client = start("load-process.ts", []);
  const tryLoad: UnderLoad["tryLoad"] = async (order) => {
    const port = order.protocol === "grpc" ? ready.grpcPort : ready.restPort;
    return await ask<LoadReport>(client, { ...order, port, caPem });
  };
  return {
    ...ready,
    caPem,
    folder,
    tryLoad,
    load: async (order) => {
      const report = await tryLoad(order);
      if (report.failed > 0) {
        throw new Error(`${report.failed} requests failed: ${JSON.stringify(report.failures)}`);
      }
      return report;
    },
    report: () => ask<ServerReport>(server, "report"),
    stop: async () => {
      const exits = [server, client].map((process) => once(process, "exit"));
      server.disconnect();
      client.kill();
      await Promise.all(exits);
      await rm(folder, { recursive: true });
    },
  };
}

function configOf(folder: string, models: readonly ModelName[]): string {
  const entries = models.map(
    (name) => `config { name: "${name}" base_path: "${join(folder, name)}" model_platform: "tensorflow" }`,
  );
  return `model_config_list { ${entries.join("\n")} }`;
}

/** With the settings that `sealserve serve` starts itself with. */
function start(file: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, ...MODEL_MEMORY_SETTINGS };
  const execArgv = v8FlagsOf(SERVER_SETTINGS);
  return fork(join(import.meta.dirname, file), args, { serialization: "advanced", env, execArgv });
}

async function ask<Answer>(process: ChildProcess, question: object | string): Promise<Answer> {
  process.send(question);
  const [answer] = (await once(process, "message")) as [Answer];
  return answer;
}
