import type { TLSSocket } from "node:tls";
import { Refusal } from "../release/refusal.ts";

/**
 * The certificate of a TLS client (DER); the handshake proved that the client holds its key.
 * @throws Refusal `no-client-certificate`
 */
export function clientCertificateOf(socket: TLSSocket): Uint8Array {
  // Its legacy sibling takes the certificate apart, which costs more than the whole judgement.
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    throw new Refusal("no-client-certificate", "the client presented no certificate");
  }
  return certificate.raw;
}
