import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { createCertificate, encodePem, generateEcKey } from "@sealserve/core";

export interface TlsPair {
  readonly server: tls.TLSSocket;
  readonly client: tls.TLSSocket;
  readonly close: () => void;
}

/** A fresh key with a certificate that carries no evidence, PEM. */
export async function ordinaryMaterial(): Promise<{ readonly key: string; readonly cert: string }> {
  const key = await generateEcKey("P-256");
  const name = [{ type: "CN" as const, value: "localhost" }];
  const certificate = await createCertificate({
    subject: name,
    issuer: name,
    serialNumber: 1,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKeyInfo: key.publicKeyInfo,
    signer: key,
    dns: ["localhost"],
  });
  return { key: encodePem("PRIVATE KEY", await key.exportPkcs8()), cert: encodePem("CERTIFICATE", certificate) };
}

/** Two ends of TLS connections over loopback to one server with a fresh certificate. */
export async function startTlsServer(options: tls.TlsOptions = {}): Promise<{
  connect(options?: tls.ConnectionOptions): Promise<TlsPair>;
  close(): Promise<void>;
}> {
  const { key, cert } = await ordinaryMaterial();
  const server = tls.createServer({ key, cert, ...options });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async connect(connection = {}) {
      const accepted = once(server, "secureConnection");
      const client = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: cert, ...connection });
      const [[socket]] = (await Promise.all([accepted, once(client, "secureConnect")])) as [[tls.TLSSocket], unknown];
      return {
        server: socket,
        client,
        close: () => {
          client.destroy();
          socket.destroy();
        },
      };
    },
    async close() {
      server.close();
      await once(server, "close");
    },
  };
}
