import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { type ConnectionCaps, capConnections, parseRaTlsCertificate, secureContextSettings } from "@sealserve/ra-tls";
import type { ProvisionedSecret } from "../keys/provisioned-secret.ts";
import type { ReleaseDesk } from "../release/release-desk.ts";
import type { BrokerLimits } from "../server/limits.ts";
import type { TlsIdentity } from "../server/tls-identity.ts";
import { clientCertificateOf } from "./client-certificate.ts";
import { encodeProvisioningResponse } from "./messages.ts";
import { readProvisioningRequest } from "./read-request.ts";

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
    ...secureContextSettings(undefined, { maxVersion: allowTls13 ? "TLSv1.3" : "TLSv1.2" }),
    requestCert: true,
    rejectUnauthorized: false,
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
    const released = await desk.judge(attempt, { evidence, reportData: expectedReportData }, secrets);
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
