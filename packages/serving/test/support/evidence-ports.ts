import assert from "node:assert/strict";
import { once } from "node:events";
import type http2 from "node:http2";
import tls from "node:tls";
import type { Platform } from "@sealserve/platform";
import { EVIDENCE_PATH } from "@sealserve/ra-tls";
import { createAuthority } from "../../../../tests/support/tls-authority.ts";
import { evidenceRoute } from "../../src/evidence/http-route.ts";
import { EvidenceIssuer } from "../../src/evidence/issuer.ts";
import { openGrpcServer } from "../../src/grpc/server.ts";
import { openHttpServer } from "../../src/http/server.ts";
import type { LeaseView } from "../../src/lease/lease.ts";
import type { Log } from "../../src/log.ts";
import type { Front } from "../../src/transport/front.ts";
import { MemoryBudget } from "../../src/transport/memory-budget.ts";
import { RequestRate } from "../../src/transport/request-rate.ts";
import { quickLimits } from "./quick-limits.ts";

export const manifestDigest = new Uint8Array(32).fill(7);

/** Both ports of a node that does nothing but give evidence. */
export interface EvidencePorts {
  readonly caPem: string;
  readonly grpc: Front;
  readonly rest: Front;
  close(): Promise<void>;
}

export async function openEvidencePorts(
  platform: Platform,
  {
    log = () => undefined,
    lease,
    requestsPerSecond = 0,
  }: { log?: Log; lease?: LeaseView; requestsPerSecond?: number } = {},
): Promise<EvidencePorts> {
  const authority = await createAuthority();
  const limits = quickLimits({ maxRequestsPerSecondPerAddress: requestsPerSecond });
  const issuer = new EvidenceIssuer(platform, { model: "half", manifestDigest }, limits, lease && { lease });
  const [budget, rate] = [new MemoryBudget(1 << 20), new RequestRate(limits)];
  const shared = { tls: await authority.issue(), limits, budget, rate, log, evidence: issuer };
  const address = { host: "127.0.0.1", port: 0 };
  const grpc = await openGrpcServer(address, { ...shared, methods: new Map() });
  const rest = await openHttpServer(address, { ...shared, routes: [evidenceRoute({ issuer, limits, log })] });
  const close = async (): Promise<void> => void (await Promise.all([grpc.close(), rest.close()]));
  return { caPem: authority.caPem, grpc, rest, close };
}

export async function connectPort(caPem: string, front: Front, protocol: "h2" | "http/1.1"): Promise<tls.TLSSocket> {
  const { port } = front.address;
  const socket = tls.connect({ port, host: "localhost", ca: caPem, ALPNProtocols: [protocol] });
  await once(socket, "secureConnect");
  return socket.on("error", () => undefined);
}

export interface Ask {
  readonly method?: "GET" | "POST";
  readonly path?: string;
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly cacheControl: string | undefined;
}

/** Asks over HTTP/1.1, for evidence unless another path is given. */
export async function askHttp1(socket: tls.TLSSocket, ask: Ask): Promise<Reply> {
  const { method = "POST", path = EVIDENCE_PATH, body = "" } = ask;
  const length = Buffer.byteLength(body);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${body}`);
  let reply = "";
  const ended = once(socket, "close").then(() => assert.fail(`the connection ended after ${reply.length} bytes`));
  ended.catch(() => undefined);
  while (!/\r\n\r\n.*\}$/s.test(reply)) {
    const [chunk] = await Promise.race([once(socket, "data"), ended]);
    reply += String(chunk);
  }
  const [head = "", text = ""] = reply.split(/\r\n\r\n(.*)/s);
  return { status: Number(reply.slice(9, 12)), text, cacheControl: /cache-control: (\S+)/i.exec(head)?.[1] };
}

/** Asks over HTTP/2. */
export async function askHttp2(session: http2.ClientHttp2Session, ask: Ask): Promise<Reply> {
  const { method = "POST", path = EVIDENCE_PATH, body = "" } = ask;
  const stream = session.request({ ":method": method, ":path": path }, { endStream: false });
  stream.end(body);
  const [headers] = await once(stream, "response");
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
  }
  return { status: headers[":status"], text, cacheControl: headers["cache-control"] };
}
