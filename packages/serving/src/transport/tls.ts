import { constants, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions, Server, type TlsOptions } from "node:tls";
import { decodePem, decodeUtf8 } from "@sealserve/core";
import { NodeError } from "../errors.ts";
import type { ServingLimits } from "./limits.ts";

/** Key and certificate chain of the TLS servers, PEM. The key lives in memory only. */
export interface TlsIdentity {
  readonly key: Uint8Array;
  readonly certificate: Uint8Array;
}

/** All that the TLS connections of a port are made of. */
export interface TlsMaterial extends TlsIdentity {
  /** PEM of the authorities that clients' certificates must come from; without it clients are not asked for one. */
  readonly clientCa?: Uint8Array | undefined;
  /** TLS 1.3 unless stated. Evidence is given over TLS 1.3 only. */
  readonly minimumVersion?: "TLSv1.2" | "TLSv1.3";
}

/** How the connections of a port are secured. Plaintext has to be said. */
export type ChannelSecurity = TlsMaterial | "plaintext";

/**
 * One application protocol, no session tickets and no renegotiation: every connection has a full handshake, whose exporter
 * the evidence is bound to. The server never turns early data on.
 */
export function tlsServerOptions(tls: TlsMaterial, protocol: "h2" | "http/1.1", limits: ServingLimits): TlsOptions {
  const verifyClients = tls.clientCa !== undefined;
  return {
    ...secureContextOptions(tls),
    requestCert: verifyClients,
    rejectUnauthorized: verifyClients,
    ALPNProtocols: [protocol],
    handshakeTimeout: limits.handshakeTimeoutMs,
  };
}

/**
 * Gives a server other TLS material for the connections that come from now on.
 *
 * @param before what the server was made with
 * @throws NodeError `tls-files-unusable`, or `bad-option` when clients would have to be asked for a certificate and were not
 *   before, or the other way round; what served before stays
 */
export function replaceTlsMaterial(server: object, before: ChannelSecurity, after: TlsMaterial): void {
  const asked = before !== "plaintext" && before.clientCa !== undefined;
  if (before === "plaintext" || asked !== (after.clientCa !== undefined)) {
    throw new NodeError(
      "bad-option",
      "whether clients are asked for a certificate cannot change while the server runs",
      {
        expected: asked ? "authorities of clients' certificates" : "none",
        remedy: "start the server again",
      },
    );
  }
  if (server instanceof Server) {
    server.setSecureContext(secureContextOptions(after));
  }
}

/** Takes the key away from a server: no handshake succeeds until it gets another one. */
export function removeTlsMaterial(server: object): void {
  if (server instanceof Server) {
    server.setSecureContext({ minVersion: "TLSv1.3" });
  }
}

/**
 * What a server's secure context is made of.
 *
 * @throws NodeError `tls-files-unusable`
 */
function secureContextOptions(tls: TlsMaterial): SecureContextOptions {
  checkTlsMaterial(tls);
  return {
    ...keyPair(tls),
    ...(tls.clientCa === undefined ? {} : { ca: bufferOver(tls.clientCa) }),
    minVersion: tls.minimumVersion ?? "TLSv1.3",
    maxVersion: "TLSv1.3",
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/**
 * Refuses a key and certificate that cannot be read or do not belong together, and authorities that cannot be read.
 *
 * @throws NodeError `tls-files-unusable`
 */
export function checkTlsMaterial(tls: TlsMaterial): void {
  try {
    createSecureContext(keyPair(tls));
  } catch {
    // The cause stays out: it could quote the key.
    throw new NodeError("tls-files-unusable", "the TLS key and certificate cannot be used", {
      expected: "an unencrypted private key and its certificate chain, leaf first, PEM",
      remedy: "give a matching key and certificate; those of a package are sealed with the model",
    });
  }
  if (tls.clientCa !== undefined && !holdsCertificates(tls.clientCa)) {
    throw new NodeError("tls-files-unusable", "the authorities of clients' certificates cannot be used", {
      expected: "at least one certificate, PEM, and nothing else",
    });
  }
}

/** Asked here because a secure context passes over what it cannot read. */
function holdsCertificates(pem: Uint8Array): boolean {
  try {
    return decodePem(decodeUtf8(pem)).map(({ bytes }) => new X509Certificate(bytes)).length > 0;
  } catch {
    return false;
  }
}

/** Views of the same bytes: the key has no second copy that would have to be wiped. */
function keyPair({ key, certificate }: TlsIdentity): { key: Buffer; cert: Buffer } {
  return { key: bufferOver(key), cert: bufferOver(certificate) };
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
