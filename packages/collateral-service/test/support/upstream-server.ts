import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { createCertificate, encodePem, generateEcKey } from "@sealserve/core";

/** A request as the upstream saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly host: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An answer, or what happens in the place of one. */
export type UpstreamReply =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string | Uint8Array }
  | "reset"
  | "hang";

/** Answers requests for all of the vendors' hosts. */
export type Replier = (request: SeenRequest) => UpstreamReply | Promise<UpstreamReply>;

/** Vendors' services behind a proxy, with a certificate for all of their names. */
export interface UpstreamServer {
  /** What the service under test is given to reach it. */
  readonly settings: { readonly proxy: string; readonly tlsRoots: string };
  /** All requests since the start, oldest first. */
  readonly seen: readonly SeenRequest[];
  /** Takes the place of the answers. */
  reply: Replier;
  close(): Promise<void>;
}

const HOSTS = ["api.trustedservices.intel.com", "certificates.trustedservices.intel.com", "kdsintf.amd.com"];

/** Starts a proxy whose every tunnel ends in one TLS server, which answers with `reply`. */
export async function startUpstream(reply: Replier): Promise<UpstreamServer> {
  const { certificate, key } = await makeCertificate();
  const sockets = new Set<Socket>();
  const seen: SeenRequest[] = [];
  const web = createHttpsServer({ cert: certificate, key }, (request, response) => {
    void answer(request, response, server.reply, seen);
  });
  const proxy = createHttpServer();
  proxy.on("connect", (_request: IncomingMessage, socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    web.emit("connection", socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const server: UpstreamServer = {
    settings: { proxy: `http://127.0.0.1:${port}`, tlsRoots: certificate },
    seen,
    reply,
    close: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => void proxy.close(resolve));
    },
  };
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Replier,
  seen: SeenRequest[],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  const { method = "", url: path = "", headers } = request;
  const body = Buffer.concat(chunks).toString();
  const asked = { method, host: headers.host ?? "", path, headers, body };
  seen.push(asked);
  const answered = await reply(asked);
  if (answered === "reset") {
    request.socket.destroy();
  } else if (answered !== "hang") {
    response.writeHead(answered.status, answered.headers).end(answered.body);
  }
}

async function makeCertificate(): Promise<{ certificate: string; key: string }> {
  const pair = await generateEcKey("P-256");
  const name = [{ type: "CN", value: "upstream of tests" }] as const;
  const der = await createCertificate({
    subject: name,
    issuer: name,
    serialNumber: 1,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    publicKeyInfo: pair.publicKeyInfo,
    signer: pair,
    ca: {},
    dns: HOSTS,
  });
  return { certificate: encodePem("CERTIFICATE", der), key: encodePem("PRIVATE KEY", await pair.exportPkcs8()) };
}
