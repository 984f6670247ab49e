import { once } from "node:events";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { ProvenEvidence, RaTlsPeer } from "../certificate/verify.ts";
import { expectProtocol } from "./alpn.ts";
import type { RaTlsIdentity } from "./identity.ts";
import { DEFAULT_STEP_TIMEOUT_MS, secureContextSettings, type TlsVersions } from "./tls-settings.ts";
import { type PeerVerification, verifyPeer } from "./verify-peer.ts";
import { inTime } from "./wait.ts";

/** How to connect with {@link connectRaTls}. */
export interface RaTlsConnectOptions<Proof extends ProvenEvidence> extends TlsVersions {
  /** Where to connect to, or a connection to start TLS on. */
  readonly to: { readonly host: string; readonly port: number } | Duplex;
  /** How the server is judged. Its name and whoever issued its certificate say nothing and are not looked at. */
  readonly verifyServer: PeerVerification<Proof>;
  /** What this end proves itself with; without it the connection is one-way. */
  readonly identity?: RaTlsIdentity;
  /** Name for the server name indication; default the host, unless that is an address. */
  readonly serverName?: string;
  /** Protocols for ALPN; the server must agree on one. */
  readonly protocols?: readonly string[];
}

/** A connection whose other end was verified. */
export interface RaTlsConnection<Proof extends ProvenEvidence> {
  /** Nothing was sent on it or read from it yet. */
  readonly socket: TLSSocket;
  readonly peer: RaTlsPeer<Proof>;
}

/**
 * Connects by TLS and verifies the server by its evidence before anything is sent. The server may still refuse this end's
 * evidence, and closes the connection then.
 * @throws RaTlsError as {@link verifyPeer}; `peer-lost` when no connection comes about
 */
export async function connectRaTls<Proof extends ProvenEvidence>(
  options: RaTlsConnectOptions<Proof>,
): Promise<RaTlsConnection<Proof>> {
  const { verifyServer, identity, protocols } = options;
  const socket = connect(await connectionOptions(options));
  // Without a listener an error that comes between two steps would end the process.
  socket.on("error", () => undefined);
  try {
    await inTime(socket, once(socket, "secureConnect"), verifyServer.timeoutMs ?? DEFAULT_STEP_TIMEOUT_MS);
    expectProtocol(socket, protocols);
    return { socket, peer: await verifyPeer(socket, verifyServer, identity) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function connectionOptions<Proof extends ProvenEvidence>({
  to,
  identity,
  serverName,
  protocols,
  ...versions
}: RaTlsConnectOptions<Proof>): Promise<ConnectionOptions> {
  const name = serverName ?? ("host" in to ? to.host : "");
  return {
    ...("host" in to ? { host: to.host, port: to.port } : { socket: to }),
    ...secureContextSettings(await identity?.current(), versions),
    ...(name === "" || isIP(name) !== 0 ? {} : { servername: name }),
    ...(protocols === undefined ? {} : { ALPNProtocols: [...protocols] }),
    // The certificate is signed by its own key. What proves it is the evidence inside, which `verifyPeer` judges.
    rejectUnauthorized: false,
  };
}
