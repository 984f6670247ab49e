import { constants } from "node:crypto";
import { createSecureContext, type TlsOptions } from "node:tls";
import { NodeError } from "../errors.ts";
import type { ServingLimits } from "./limits.ts";

/** Key and certificate chain of the TLS servers, PEM. The key lives in memory only. */
export interface TlsIdentity {
  readonly key: Uint8Array;
  readonly certificate: Uint8Array;
}

/**
 * TLS 1.3 only, one application protocol, no session tickets: every connection has a full handshake, whose exporter the
 * evidence is bound to. The server never turns early data on.
 */
export function tlsServerOptions(
  identity: TlsIdentity,
  protocol: "h2" | "http/1.1",
  limits: ServingLimits,
): TlsOptions {
  return {
    ...keyPair(identity),
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: [protocol],
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: limits.handshakeTimeoutMs,
  };
}

/** Refuses a key and certificate that cannot be read or do not belong together. @throws NodeError `tls-files-unusable` */
export function checkTlsIdentity(identity: TlsIdentity): void {
  try {
    createSecureContext(keyPair(identity));
  } catch {
    // The cause stays out: it could quote the key.
    throw new NodeError("tls-files-unusable", "the package's TLS key and certificate cannot be used", {
      expected: "an unencrypted private key and its certificate chain, leaf first, PEM",
      remedy: "seal the model again with a matching key and certificate",
    });
  }
}

/** Views of the same bytes: the key has no second copy that would have to be wiped. */
function keyPair({ key, certificate }: TlsIdentity): { key: Buffer; cert: Buffer } {
  return { key: bufferOver(key), cert: bufferOver(certificate) };
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
