import { once } from "node:events";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { RaTlsKeyAndCertificate } from "../certificate/create.ts";
import type { ProvenEvidence, RaTlsPeer } from "../certificate/verify.ts";
import { expectProtocol } from "./alpn.ts";
import type { RaTlsIdentity } from "./identity.ts";
import { DEFAULT_STEP_TIMEOUT_MS, secureContextSettings, type TlsVersions } from "./tls-settings.ts";
import { type PeerVerification, verifyPeer } from "./verify-peer.ts";
import { inTime, survive } from "./wait.ts";

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
 * evidence, and closes the connection then. A connection that was given is destroyed when this fails.
 * @throws RaTlsError as {@link verifyPeer}; `peer-lost` when no connection comes about, or this end's own evidence in time
 */
export async function connectRaTls<Proof extends ProvenEvidence>(
  options: RaTlsConnectOptions<Proof>,
): Promise<RaTlsConnection<Proof>> {
  const wire = "host" in options.to ? undefined : survive(options.to);
  try {
    return await shakeHands(options, wire);
  } catch (error) {
    wire?.destroy();
    throw error;
  }
}

async function shakeHands<Proof extends ProvenEvidence>(
  options: RaTlsConnectOptions<Proof>,
  wire: Duplex | undefined,
): Promise<RaTlsConnection<Proof>> {
  const { verifyServer, identity, protocols } = options;
  const timeoutMs = verifyServer.timeoutMs ?? DEFAULT_STEP_TIMEOUT_MS;
  const material = await inTime(wire, Promise.resolve(identity?.current()), timeoutMs);
  const socket = survive(connect(connectionOptions(options, material)));
  try {
    await inTime(socket, once(socket, "secureConnect"), timeoutMs);
    expectProtocol(socket, protocols);
    return { socket, peer: await verifyPeer(socket, verifyServer, identity) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connectionOptions<Proof extends ProvenEvidence>(
  { to, serverName, protocols, ...versions }: RaTlsConnectOptions<Proof>,
  material: RaTlsKeyAndCertificate | undefined,
): ConnectionOptions {
  const name = serverName ?? ("host" in to ? to.host : "");
  return {
    ...("host" in to ? { host: to.host, port: to.port } : { socket: to }),
    ...secureContextSettings(material, versions),
    ...(name === "" || isIP(name) !== 0 ? {} : { servername: name }),
    ...(protocols === undefined ? {} : { ALPNProtocols: [...protocols] }),
    // The certificate is signed by its own key. What proves it is the evidence inside, which `verifyPeer` judges.
    rejectUnauthorized: false,
  };
}
