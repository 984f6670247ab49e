import { constants } from "node:crypto";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { capConnections, parseRaTlsCertificate } from "@sealserve/ra-tls";
import type { ReleaseDesk } from "../release/release-desk.ts";
import type { BrokerLimits } from "../server/limits.ts";
import type { TlsIdentity } from "../server/tls-identity.ts";
import { clientCertificateOf } from "./client-certificate.ts";
import { encodeProvisioningResponse, encodeSecret } from "./messages.ts";
import { readProvisioningRequest } from "./read-request.ts";

/** What every Gramine generation offers under TLS 1.2: forward secrecy and authenticated encryption only. */
const CIPHERS = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

/** What {@link createProvisioningServer} needs. */
export interface ProvisioningServerOptions {
  readonly identity: TlsIdentity;
  readonly desk: ReleaseDesk;
  readonly limits: BrokerLimits;
}

/**
 * The server for enclaves with Gramine's secret provisioning client. TLS 1.2 and nothing newer: Gramine 1.8 takes the
 * session tickets that TLS 1.3 servers send for a fatal error. The client's certificate is self-signed and proven by the
 * evidence inside it, so the TLS library demands one but judges nothing about it.
 */
export function createProvisioningServer({ identity, desk, limits }: ProvisioningServerOptions): Server {
  const server = createServer({
    ...identity,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
    ciphers: CIPHERS,
    requestCert: true,
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: limits.handshakeTimeoutMs,
  });
  capConnections(server, limits);
  server.on("secureConnection", (socket) => {
    void converse(socket, desk, limits);
  });
  return server;
}

/** One conversation. The client waits without limit, so it always ends in an answer or a closed connection. */
async function converse(socket: TLSSocket, desk: ReleaseDesk, limits: BrokerLimits): Promise<void> {
  const deadline = setTimeout(() => socket.destroy(), limits.provisioningTimeoutMs);
  socket.on("error", () => socket.destroy());
  socket.once("close", () => clearTimeout(deadline));
  const peer = `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
  const result = await desk.attempt({ protocol: "gramine-secret-provisioning", peer }, async (attempt) => {
    const certificateDer = clientCertificateOf(socket);
    await readProvisioningRequest(socket, limits.requestTimeoutMs);
    attempt.enter("parse-evidence");
    const { evidence, expectedReportData } = await parseRaTlsCertificate(certificateDer);
    const presented = { evidence, reportData: expectedReportData, requestedModel: undefined };
    const model = await desk.judge(attempt, presented);
    return encodeSecret(model.wrapKey.reveal(), model.keyFormat);
  });
  if (!result.released) {
    socket.destroy();
    return;
  }
  socket.end(encodeProvisioningResponse(result.answer));
  result.answer.fill(0);
}
