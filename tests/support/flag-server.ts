/** A server started by TensorFlow Serving's flags, in the process of the test, with a stock client on its gRPC port. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { encodeSslConfig } from "@sealserve/protocol";
import { type RunningNode, startNode } from "../../packages/serving/src/node/start.ts";
import { optionsOfFlags } from "../../packages/serving/src/options/options-of-flags.ts";
import { parseFlags } from "../../packages/serving/src/options/parse-flags.ts";
import { StockClient } from "./stock-client.ts";
import { createAuthority } from "./tls-authority.ts";

/** The server and what a test does with it. */
export interface FlagServer {
  readonly node: RunningNode;
  readonly client: StockClient;
  close(): Promise<void>;
}

/** @param flags those beside port and TLS @throws what the start fails with */
export async function startFlagServer(...flags: readonly string[]): Promise<FlagServer> {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-flags-"));
  try {
    const authority = await createAuthority();
    const { keyPem, certificatePem } = await authority.issue();
    const ssl = join(directory, "ssl.cfg");
    const pair = { serverKeyPem: keyPem, serverCertificatePem: certificatePem, clientCaPem: undefined };
    await writeFile(ssl, encodeSslConfig(pair), { mode: 0o600 });
    const port = ["--port=0", `--grpc_socket_path=${join(directory, "grpc.sock")}`];
    const options = await optionsOfFlags(parseFlags([...port, `--ssl_config_file=${ssl}`, ...flags]));
    const node = await startNode(options);
    const client = new StockClient(node.grpcAddress, credentials.createSsl(Buffer.from(authority.caPem)), {
      "grpc.ssl_target_name_override": "localhost",
    });
    const close = async (): Promise<void> => {
      client.close();
      await node.close();
      await rm(directory, { recursive: true });
    };
    return { node, client, close };
  } catch (error) {
    await rm(directory, { recursive: true });
    throw error;
  }
}
