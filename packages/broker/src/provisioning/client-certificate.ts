import type { TLSSocket } from "node:tls";
import { Refusal } from "../release/refusal.ts";

/**
 * The certificate of a TLS client (DER); the handshake proved that the client holds its key.
 * @throws Refusal `no-client-certificate`
 */
export function clientCertificateOf(socket: TLSSocket): Uint8Array {
  // Typed wider than Node does: without a certificate it answers with an empty object or null.
  const certificate: { readonly raw?: Uint8Array } | null = socket.getPeerCertificate();
  if (certificate?.raw === undefined) {
    throw new Refusal("no-client-certificate", "the client presented no certificate");
  }
  return certificate.raw;
}
