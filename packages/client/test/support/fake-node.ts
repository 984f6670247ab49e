import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo, Server } from "node:net";
import { TLSSocket } from "node:tls";
import {
  channelOf,
  decodeEvidenceRequest,
  EVIDENCE_PATH,
  type EvidenceStatement,
  encodeEvidenceAnswer,
  reportDataFor,
} from "@sealserve/ra-tls";
import type { TestIdentity } from "../../../../tests/support/tls-authority.ts";

/** An HTTP answer; trailers make it a gRPC one. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly trailers?: Record<string, string>;
}

/** How a fake node answers. Every member can be replaced while it runs. */
export interface FakeBehaviour {
  identity: TestIdentity;
  /** Evidence over report data. */
  quote: (reportData: Uint8Array) => Promise<Uint8Array>;
  /** Changes the statement before it is quoted. */
  statement: (statement: EvidenceStatement) => EvidenceStatement;
  /** Answers requests for evidence in place of the honest way; undefined never answers. */
  evidence: ((socket: TLSSocket, request: string) => Promise<FakeAnswer | undefined>) | undefined;
  /** Answers everything else; undefined breaks the connection. */
  answer: (path: string, body: Buffer) => Promise<FakeAnswer | undefined>;
}

/** A node for tests of the client: honest by default, and whatever a test makes of it. */
export interface FakeNode {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly behaviour: FakeBehaviour;
  /** Paths of all requests, in order. */
  readonly paths: string[];
  /** Connections that completed their handshake. */
  connections: number;
  /** Cuts all connections. */
  cut(): void;
  close(): Promise<void>;
}

export const MANIFEST_DIGEST = "5a".repeat(32);
export const MODEL = "half";

export async function startFakeNode(behaviour: FakeBehaviour, tlsOptions: https.ServerOptions = {}): Promise<FakeNode> {
  const sockets = new Set<TLSSocket>();
  const paths: string[] = [];
  const { key, certificate: cert } = behaviour.identity;
  const rest = https.createServer({ key, cert, ...tlsOptions });
  const grpc = http2.createSecureServer({ key, cert, ALPNProtocols: ["h2"], ...tlsOptions });
  const respond = async (path: string, socket: TLSSocket, body: Buffer): Promise<FakeAnswer | undefined> => {
    paths.push(path);
    return path === EVIDENCE_PATH ? await giveEvidence(behaviour, socket, body) : await behaviour.answer(path, body);
  };
  const node: FakeNode = {
    grpcPort: 0,
    restPort: 0,
    behaviour,
    paths,
    connections: 0,
    cut: () => sockets.forEach((socket) => void socket.destroy()),
    close: async () => {
      node.cut();
      await Promise.all([rest, grpc].map(async (server) => await new Promise((resolve) => server.close(resolve))));
    },
  };
  for (const server of [rest, grpc]) {
    server.on("secureConnection", (socket) => {
      node.connections++;
      sockets.add(socket.on("error", () => undefined));
    });
    server.on("tlsClientError", () => undefined);
  }
  rest.on("request", (request, response) => {
    void answerRest(request, response, respond);
  });
  grpc.on("stream", (stream, headers) => {
    void answerGrpc(stream, headers[":path"] ?? "", respond);
  });
  return Object.assign(node, { grpcPort: await listen(grpc), restPort: await listen(rest) });
}

type Respond = (path: string, socket: TLSSocket, body: Buffer) => Promise<FakeAnswer | undefined>;

async function answerRest(request: IncomingMessage, response: ServerResponse, respond: Respond): Promise<void> {
  const { socket } = request;
  const body = await collect(request);
  const answer = socket instanceof TLSSocket ? await respond(request.url ?? "", socket, body) : undefined;
  if (answer !== undefined) {
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  }
}

async function answerGrpc(stream: http2.ServerHttp2Stream, path: string, respond: Respond): Promise<void> {
  stream.on("error", () => undefined);
  const body = await collect(stream);
  const socket = stream.session?.socket;
  const answer = socket instanceof TLSSocket ? await respond(path, socket, body) : undefined;
  if (answer === undefined || stream.destroyed) {
    return;
  }
  stream.on("wantTrailers", () => stream.sendTrailers(answer.trailers ?? {}));
  const head = { ":status": answer.status ?? 200, ...answer.headers };
  stream.respond(head, { waitForTrailers: answer.trailers !== undefined });
  stream.end(answer.body);
}

async function giveEvidence(
  behaviour: FakeBehaviour,
  socket: TLSSocket,
  body: Buffer,
): Promise<FakeAnswer | undefined> {
  if (behaviour.evidence !== undefined) {
    return await behaviour.evidence(socket, body.toString());
  }
  const { nonce } = decodeEvidenceRequest(body.toString());
  const statement = behaviour.statement({
    purpose: "serving",
    nonce,
    ...(await channelOf(socket, "server", "serving")),
    publicKey: new Uint8Array(),
    manifestDigest: Buffer.from(MANIFEST_DIGEST, "hex"),
    model: MODEL,
  });
  const evidence = await behaviour.quote(await reportDataFor(statement));
  const { manifestDigest, model } = statement;
  return { body: encodeEvidenceAnswer({ tee: "sgx", evidence, model, manifestDigest }) };
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
    }
  } catch {
    // The client went away; what came is what a test looks at.
  }
  return Buffer.concat(chunks);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
