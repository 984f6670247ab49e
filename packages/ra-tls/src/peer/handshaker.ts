import type { Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import type { RaTlsKeyAndCertificate } from "../certificate/create.ts";
import type { RaTlsIdentity } from "./identity.ts";
import { secureContextSettings, type TlsVersions } from "./tls-settings.ts";
import { inTime } from "./wait.ts";

/** How a {@link Handshaker} shakes hands. */
export interface HandshakerOptions extends TlsVersions {
  readonly identity: RaTlsIdentity;
  /** Protocols for ALPN. */
  readonly protocols: readonly string[] | undefined;
  readonly requestCertificate: boolean;
  readonly timeoutMs: number;
}

/** Makes TLS sockets of the connections it is given, each with the certificate that the identity has by then. */
export class Handshaker {
  /** Emits `secureConnection` and `tlsClientError`; it never listens. */
  readonly tlsServer: Server;
  readonly #options: HandshakerOptions;
  #presented: RaTlsKeyAndCertificate | undefined;

  constructor(options: HandshakerOptions) {
    this.#options = options;
    this.tlsServer = createServer({
      ...secureContextSettings(undefined, options),
      ...(options.protocols === undefined ? {} : { ALPNProtocols: [...options.protocols] }),
      requestCert: options.requestCertificate,
      // The certificate is signed by its own key. What proves it is the evidence inside, which `verifyPeer` judges.
      rejectUnauthorized: false,
      handshakeTimeout: options.timeoutMs,
    });
  }

  /** @throws RaTlsError `peer-lost`, or why there is no certificate */
  async start(socket: Socket): Promise<void> {
    const material = await inTime(socket, this.#options.identity.current(), this.#options.timeoutMs);
    if (material !== this.#presented) {
      this.tlsServer.setSecureContext(secureContextSettings(material, this.#options));
      this.#presented = material;
    }
    // In the same turn, so that the handshake starts with this certificate and no other.
    this.tlsServer.emit("connection", socket);
  }
}
