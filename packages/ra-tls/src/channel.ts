import type { TLSSocket } from "node:tls";
import { encodeUtf8, sha256 } from "@sealserve/core";
import { RaTlsError } from "./errors.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import type { EvidencePurpose, EvidenceStatement } from "./statement.ts";

/** Label of the keying material that ties evidence to a TLS connection (RFC 8446 section 7.5, RFC 5705). */
export const EXPORTER_LABEL = "EXPORTER-Sealserve-Evidence-v1";

const EXPORTER_LENGTH = 32;

/** The fields of an evidence statement that come from the connection. */
export type Channel = Pick<EvidenceStatement, "exporter" | "serverCertificateSha256">;

/**
 * Keying material of an established TLS 1.3 connection; both ends get the same 32 bytes, and no other connection does.
 * TLS 1.2 and older are refused: their exporter is safe only with an extension that nobody here asks for.
 * @throws RaTlsError `bad-channel`
 */
export function exporterOf(socket: TLSSocket, context: Uint8Array): Uint8Array {
  const protocol = socket.getProtocol();
  if (protocol !== "TLSv1.3") {
    throw new RaTlsError("bad-channel", "evidence is exchanged over established TLS 1.3 connections only", {
      expected: "TLSv1.3",
      actual: protocol ?? "no connection",
    });
  }
  try {
    return Uint8Array.from(socket.exportKeyingMaterial(EXPORTER_LENGTH, EXPORTER_LABEL, Buffer.from(context)));
  } catch (cause) {
    throw new RaTlsError("bad-channel", "the TLS connection is not established", { cause });
  }
}

/**
 * What both ends of a connection put into the evidence statement. The exporter's context is the purpose and the
 * server's certificate, so that evidence made on one connection for one purpose cannot stand in anywhere else.
 *
 * @param end which end of the connection `socket` is
 * @throws RaTlsError `bad-channel`
 */
export async function channelOf(
  socket: TLSSocket,
  end: "server" | "client",
  purpose: EvidencePurpose,
): Promise<Channel> {
  const serverCertificateSha256 = await sha256(serverCertificate(socket, end));
  const context = lengthPrefixed(encodeUtf8(purpose), serverCertificateSha256);
  return { exporter: exporterOf(socket, context), serverCertificateSha256 };
}

function serverCertificate(socket: TLSSocket, end: "server" | "client"): Uint8Array {
  // Typed wider than Node does: without a certificate it answers with an empty object or null. And not
  // getPeerX509Certificate: asked a second time, Node 24 finds no certificate.
  const certificate: { readonly raw?: Uint8Array } | null | undefined =
    end === "server" ? socket.getX509Certificate() : socket.getPeerCertificate();
  if (certificate?.raw === undefined) {
    throw new RaTlsError("bad-channel", "the connection has no server certificate");
  }
  return certificate.raw;
}
