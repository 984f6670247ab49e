import type { TLSSocket } from "node:tls";
import { parseCertificate } from "@sealserve/core";
import {
  type ProvenEvidence,
  type RaTlsPeer,
  type RaTlsVerification,
  verifyRaTlsCertificate,
} from "../certificate/verify.ts";
import { RaTlsError } from "../errors.ts";
import type { RaTlsIdentity } from "./identity.ts";
import { DEFAULT_STEP_TIMEOUT_MS } from "./tls-settings.ts";
import { inTime } from "./wait.ts";

/** How the other end of a connection is judged. */
export interface PeerVerification<Proof extends ProvenEvidence> extends RaTlsVerification<Proof> {
  /** Milliseconds; default 10 seconds. */
  readonly timeoutMs?: number;
}

/**
 * Verifies the other end of an established TLS 1.2 or 1.3 connection by the evidence in its certificate. The connection is
 * destroyed when the peer is refused.
 *
 * To be called from the listener of `secureConnect` or `secureConnection`; nothing may be read from or written to the
 * socket before it has returned. `createRaTlsServer` and `connectRaTls` see to that.
 *
 * @param own this end's identity, if it has one: a peer with a key of its own is refused
 * @throws RaTlsError `bad-channel`, `no-certificate`, `own-certificate`, `peer-lost`, and what
 * {@link verifyRaTlsCertificate} throws
 */
export async function verifyPeer<Proof extends ProvenEvidence>(
  socket: TLSSocket,
  { timeoutMs = DEFAULT_STEP_TIMEOUT_MS, ...verification }: PeerVerification<Proof>,
  own?: RaTlsIdentity,
): Promise<RaTlsPeer<Proof>> {
  try {
    expectFullHandshake(socket);
    const certificate = peerCertificate(socket);
    expectAnother(certificate, own);
    return await inTime(socket, verifyRaTlsCertificate(certificate, verification), timeoutMs);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The peer proved that it holds the key only in a handshake of its own, and may not start a second one. */
function expectFullHandshake(socket: TLSSocket): void {
  const protocol = socket.getProtocol();
  if (protocol !== "TLSv1.3" && protocol !== "TLSv1.2") {
    throw new RaTlsError("bad-channel", "peers are verified over established TLS connections only", {
      expected: "TLSv1.2 or TLSv1.3",
      actual: protocol ?? "no connection",
    });
  }
  if (socket.isSessionReused()) {
    throw new RaTlsError("bad-channel", "the TLS session was resumed: its peer showed no certificate");
  }
  socket.disableRenegotiation();
  // Node tells of an attempt all the same with no more than this event, and goes on.
  socket.on("error", () => socket.destroy());
}

function peerCertificate(socket: TLSSocket): Uint8Array {
  // Typed wider than Node does: without a certificate it answers with an empty object or null.
  const certificate: { readonly raw?: Uint8Array } | null = socket.getPeerCertificate();
  if (certificate?.raw === undefined) {
    throw new RaTlsError("no-certificate", "the peer presented no certificate", {
      remedy: "connect with an RA-TLS certificate, for instance that of an RaTlsIdentity",
    });
  }
  return certificate.raw;
}

/** Evidence that comes back to whom it speaks of proves nothing about another. */
function expectAnother(certificate: Uint8Array, own: RaTlsIdentity | undefined): void {
  if (own?.owns(parseCertificate(certificate).publicKeyInfo) === true) {
    throw new RaTlsError("own-certificate", "the peer presented a certificate of this very end", {
      remedy: "check whether the address leads back to this process",
    });
  }
}
