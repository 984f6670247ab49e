import { createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ProvenEvidence, RaTlsPeer } from "../certificate/verify.ts";
import { capConnections } from "../server/cap-connections.ts";
import { type ConnectionCaps, Places } from "../server/places.ts";
import { expectProtocol } from "./alpn.ts";
import { capVerifications } from "./cap-verifications.ts";
import { Handshaker } from "./handshaker.ts";
import type { RaTlsIdentity } from "./identity.ts";
import { DEFAULT_STEP_TIMEOUT_MS, type TlsVersions } from "./tls-settings.ts";
import { type PeerVerification, verifyPeer } from "./verify-peer.ts";
import { survive } from "./wait.ts";

const DEFAULT_CAPS: ConnectionCaps = { maxConnections: 1024, maxConnectionsPerAddress: 256 };

/** What every RA-TLS server needs. */
export interface RaTlsServerOptions extends TlsVersions {
  readonly identity: RaTlsIdentity;
  /** Protocols for ALPN; the client must agree on one. */
  readonly protocols?: readonly string[];
  /**
   * Default 1024 connections, 256 from one address. As many verifications may be under way; one keeps its place until it
   * has settled, even when its connection is gone, so `verifyEvidence` has to end some time.
   */
  readonly caps?: ConnectionCaps;
  /** Told why a connection was closed before it was handed over, or what `onConnection` threw, and where it came from. */
  readonly onRefused?: (error: unknown, address: string) => void;
}

/** How clients are judged; `anyone` for servers that prove themselves to clients who need not. */
export interface ClientVerification<Proof extends ProvenEvidence> {
  readonly verifyClient: PeerVerification<Proof> | "anyone";
}

/**
 * A server whose connections are handed over only after the client was verified by the evidence in its certificate. What a
 * client sends before stays unread. Give the socket to whatever speaks the protocol, as if it had just connected:
 * `http2Server.emit("connection", socket)` or the `injectConnection` of a gRPC server's connection injector.
 *
 * Each connection gets the identity's current certificate. One for which `onConnection` throws is closed.
 *
 * @returns a server that does not listen yet
 */
export function createRaTlsServer<Proof extends ProvenEvidence>(
  options: RaTlsServerOptions & { readonly verifyClient: PeerVerification<Proof> },
  onConnection: (socket: TLSSocket, peer: RaTlsPeer<Proof>) => void,
): Server;
export function createRaTlsServer(
  options: RaTlsServerOptions & { readonly verifyClient: "anyone" },
  onConnection: (socket: TLSSocket, peer: undefined) => void,
): Server;
export function createRaTlsServer<Proof extends ProvenEvidence>(
  options: RaTlsServerOptions & ClientVerification<Proof>,
  onConnection: (socket: TLSSocket, peer: never) => void,
): Server {
  const handOver = onConnection as (socket: TLSSocket, peer: RaTlsPeer<Proof> | undefined) => void;
  const refuse = (error: unknown, socket: Socket): void => {
    const address = socket.remoteAddress ?? "unknown";
    socket.destroy();
    options.onRefused?.(error, address);
  };
  const caps = options.caps ?? DEFAULT_CAPS;
  const verifications = new Places(caps);
  const handshaker = handshakerFor(options);
  handshaker.tlsServer.on("tlsClientError", refuse);
  handshaker.tlsServer.on("secureConnection", (socket) => {
    survive(socket);
    verifyClient(socket, options, verifications)
      .then((peer) => handOver(socket, peer))
      .catch((error: unknown) => refuse(error, socket));
  });
  const server = createServer();
  capConnections(server, caps);
  server.on("connection", (socket) => {
    survive(socket);
    if (!socket.destroyed) {
      handshaker.start(socket).catch((error: unknown) => refuse(error, socket));
    }
  });
  return server;
}

function handshakerFor<Proof extends ProvenEvidence>({
  verifyClient: verification,
  protocols,
  ...options
}: RaTlsServerOptions & ClientVerification<Proof>): Handshaker {
  const anyone = verification === "anyone";
  const timeoutMs = (anyone ? undefined : verification.timeoutMs) ?? DEFAULT_STEP_TIMEOUT_MS;
  return new Handshaker({ ...options, protocols, requestCertificate: !anyone, timeoutMs });
}

async function verifyClient<Proof extends ProvenEvidence>(
  socket: TLSSocket,
  { verifyClient: verification, identity, protocols }: RaTlsServerOptions & ClientVerification<Proof>,
  verifications: Places,
): Promise<RaTlsPeer<Proof> | undefined> {
  expectProtocol(socket, protocols);
  if (verification === "anyone") {
    return undefined;
  }
  const address = socket.remoteAddress ?? "";
  const verifyEvidence = capVerifications(verification.verifyEvidence, verifications, address);
  return verifyPeer(socket, { ...verification, verifyEvidence }, identity);
}
