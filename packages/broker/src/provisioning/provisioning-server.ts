import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { type ConnectionCaps, capConnections, parseRaTlsCertificate } from "@sealserve/ra-tls";
import type { ProvisionedSecret } from "../keys/provisioned-secret.ts";
import type { ReleaseDesk } from "../release/release-desk.ts";
import type { BrokerLimits } from "../server/limits.ts";
import type { TlsIdentity } from "../server/tls-identity.ts";
import { clientCertificateOf } from "./client-certificate.ts";
import { encodeProvisioningResponse } from "./messages.ts";
import { readProvisioningRequest } from "./read-request.ts";

/** What every Gramine generation offers under TLS 1.2: forward secrecy and authenticated encryption only. */
const TLS12_CIPHERS = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
];
const TLS13_CIPHERS = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];

/** What {@link createProvisioningServer} needs. */
export interface ProvisioningServerOptions {
  readonly identity: TlsIdentity;
  readonly secrets: () => Promise<readonly ProvisionedSecret[]>;
  readonly desk: ReleaseDesk;
  readonly limits: BrokerLimits;
  readonly caps: ConnectionCaps;
  readonly allowTls13: boolean;
}

/**
 * The server for enclaves with Gramine's secret provisioning client. TLS 1.2 and nothing newer unless the owner asks for
 * it: Gramine 1.8 takes the session tickets that TLS 1.3 servers send for a fatal error. The client's certificate is
 * self-signed and proven by the evidence inside it, so the TLS library demands one but judges nothing about it.
 */
export function createProvisioningServer(options: ProvisioningServerOptions): Server {
  const { identity, desk, limits, caps, allowTls13 } = options;
  const server = createServer({
    ...identity,
    minVersion: "TLSv1.2",
    maxVersion: allowTls13 ? "TLSv1.3" : "TLSv1.2",
    ciphers: [...(allowTls13 ? TLS13_CIPHERS : []), ...TLS12_CIPHERS].join(":"),
    requestCert: true,
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: limits.handshakeTimeoutMs,
  });
  capConnections(server, caps, (address) => desk.endedEarly("too-many-connections", address));
  server.on("tlsClientError", (_error, socket) => {
    desk.endedEarly("handshake-failed", addressOf(socket));
    socket.destroy();
  });
  server.on("secureConnection", (socket) => {
    void converse(socket, options);
  });
  return server;
}

/** One conversation. The client waits without limit, so it always ends in an answer or a closed connection. */
async function converse(socket: TLSSocket, options: ProvisioningServerOptions): Promise<void> {
  const { limits } = options;
  const deadline = setTimeout(() => socket.destroy(), limits.provisioningTimeoutMs);
  socket.on("error", () => socket.destroy());
  socket.once("close", () => clearTimeout(deadline));
  const answer = await answerTo(socket, options);
  if (answer === undefined) {
    socket.destroy();
    return;
  }
  socket.end(answer, () => answer.fill(0));
  // Whatever the client still says is passed over, so that its end is seen.
  socket.resume();
  const farewell = setTimeout(() => socket.destroy(), limits.farewellTimeoutMs);
  socket.once("close", () => clearTimeout(farewell));
}

/** The whole answer, or undefined for a client that gets nothing. */
async function answerTo(
  socket: TLSSocket,
  { desk, limits, secrets }: ProvisioningServerOptions,
): Promise<Uint8Array | undefined> {
  const peer = `${addressOf(socket)}:${socket.remotePort ?? 0}`;
  const result = await desk.attempt({ protocol: "gramine-secret-provisioning", peer }, async (attempt) => {
    const certificateDer = clientCertificateOf(socket);
    await readProvisioningRequest(socket, limits.requestTimeoutMs);
    attempt.enter("parse-evidence");
    const { evidence, expectedReportData } = await parseRaTlsCertificate(certificateDer);
    const released = await desk.judge(attempt, { evidence, reportData: expectedReportData }, await secrets());
    const secret = released.secret.reveal();
    const response = encodeProvisioningResponse(secret);
    secret.fill(0);
    return response;
  });
  return result.released ? result.answer : undefined;
}

function addressOf({ remoteAddress }: Socket): string {
  return remoteAddress ?? "unknown";
}
