/** A server started by TensorFlow Serving's flags, in the process of the test, with a client for each of its ports. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { encodeSslConfig } from "@sealserve/protocol";
import { type RunningNode, startNode } from "../../packages/serving/src/node/start.ts";
import { optionsOfFlags } from "../../packages/serving/src/options/options-of-flags.ts";
import { parseFlags } from "../../packages/serving/src/options/parse-flags.ts";
import { HttpsClient } from "./https-request.ts";
import { StockClient } from "./stock-client.ts";
import { createAuthority } from "./tls-authority.ts";

/** The server and what a test does with it. */
export interface FlagServer {
  readonly node: RunningNode;
  readonly client: StockClient;
  readonly rest: HttpsClient;
  close(): Promise<void>;
}

/** @param flags those beside ports and TLS @throws what the start fails with */
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
    // TensorFlow Serving's flags know no free port of the system's choice.
    const listen = { ...options.listen, rest: { host: "127.0.0.1", port: 0 } };
    const node = await startNode({ ...options, listen });
    const client = new StockClient(node.grpcAddress, credentials.createSsl(Buffer.from(authority.caPem)), {
      "grpc.ssl_target_name_override": "localhost",
    });
    const rest = new HttpsClient(Number(node.restAddress.split(":").at(-1)), authority.caPem);
    const close = async (): Promise<void> => {
      client.close();
      rest.close();
      await node.close();
      await rm(directory, { recursive: true });
    };
    return { node, client, rest, close };
  } catch (error) {
    await rm(directory, { recursive: true });
    throw error;
  }
}
