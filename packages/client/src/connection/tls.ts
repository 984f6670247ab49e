import { isIP } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { CoreError, decodePem } from "@sealserve/core";
import { ClientError } from "../errors.ts";

/** A TLS server and what its certificate is held to. */
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** PEM; `ra-tls` for a server whose certificate is its own, which proves itself by evidence alone. */
  readonly authority: { readonly caPem: string } | "ra-tls";
  /** Name that the certificate must carry, where an authority vouches for it. */
  readonly serverName: string;
  readonly protocol: "h2" | "http/1.1";
  readonly timeoutMs: number;
  /** Ends the connecting; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a TLS 1.3 connection to a server whose certificate leads to the given authorities and carries the given name.
 * Every connection has a full handshake: nothing is resumed.
 *
 * @throws ClientError `bad-target`, `unreachable`, `chain-not-trusted`, `tls-refused`; the reason of the target's signal
 */
export async function connectTls(target: TlsTarget): Promise<TLSSocket> {
  if (target.authority !== "ra-tls") {
    refuseWithoutAuthority(target.authority.caPem);
  }
  target.signal?.throwIfAborted();
  const socket = startConnection(target);
  await connected(socket, target);
  if (socket.alpnProtocol !== target.protocol) {
    socket.destroy();
    throw new ClientError("tls-refused", `${placeOf(target)} does not speak the wanted protocol`, {
      expected: target.protocol,
      actual: socket.alpnProtocol || "none",
    });
  }
  return socket;
}

function startConnection({ host, port, authority, serverName, protocol }: TlsTarget): TLSSocket {
  try {
    return connect({
      host,
      port,
      // RFC 6066 has no place for addresses; the check of the certificate's name below is for both.
      servername: isIP(serverName) === 0 ? serverName : "",
      minVersion: "TLSv1.3",
      ALPNProtocols: [protocol],
      ...(authority === "ra-tls"
        ? { rejectUnauthorized: false }
        : {
            ca: authority.caPem,
            checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
            rejectUnauthorized: true,
          }),
    });
  } catch (cause) {
    throw new ClientError("bad-target", "the given authority or address cannot be used", {
      actual: cause instanceof Error ? cause.message : undefined,
      cause,
    });
  }
}

function connected(socket: TLSSocket, target: TlsTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      target.signal?.removeEventListener("abort", abort);
      socket.off("secureConnect", succeed).off("error", fail);
      // Later errors belong to whoever uses the connection; this only keeps an unused one from ending the process.
      socket.on("error", () => undefined);
    };
    const succeed = (): void => {
      settle();
      resolve();
    };
    const fail = (cause: Error): void => {
      settle();
      socket.destroy();
      reject(connectionError(socket, target, cause));
    };
    const abort = (): void => {
      settle();
      socket.destroy();
      reject(target.signal?.reason);
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${target.timeoutMs} ms`)), target.timeoutMs);
    socket.once("secureConnect", succeed).once("error", fail);
    target.signal?.addEventListener("abort", abort);
  });
}

function connectionError(socket: TLSSocket, target: TlsTarget, cause: Error): ClientError {
  const place = placeOf(target);
  const actual = cause.message;
  const code = "code" in cause ? String(cause.code) : "";
  // Set by Node.js only when the handshake was complete and the certificate was refused.
  if (socket.authorizationError && target.authority !== "ra-tls") {
    return new ClientError("chain-not-trusted", `the TLS certificate of ${place} is not trusted`, {
      expected: `a chain to the given authority, for the name ${target.serverName}`,
      actual,
      remedy: "give the authority that issued the node's certificate, and the name in it",
      cause,
    });
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    const details = { expected: `TLS 1.3 with ${target.protocol}`, actual, cause };
    return new ClientError("tls-refused", `${place} refused the TLS connection`, details);
  }
  return new ClientError("unreachable", `${place} cannot be reached`, { actual, cause });
}

/** An empty list of authorities would make Node.js fall back to the public ones. */
function refuseWithoutAuthority(caPem: string): void {
  try {
    if (decodePem(caPem, "CERTIFICATE").length > 0) {
      return;
    }
  } catch (cause) {
    if (!(cause instanceof CoreError)) {
      throw cause;
    }
  }
  throw new ClientError("bad-target", "the given authority holds no certificate", {
    expected: "at least one certificate, PEM",
    remedy: "give the file of the authority that issued the node's TLS certificate",
  });
}

function placeOf(target: TlsTarget): string {
  return `${target.host}:${target.port}`;
}
