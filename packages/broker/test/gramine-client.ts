import { once } from "node:events";
import tls from "node:tls";
import { encodePem, generateEcKey, generateRsaKey, type SigningKey, sha256 } from "@sealserve/core";
import { createRaTlsCertificate } from "@sealserve/ra-tls";
import type { Vendor } from "@sealserve/simulator";
import { type Extensions, enclaveCertificate, LEGACY_OID } from "../../../tests/support/enclave-certificate.ts";
import { MR_ENCLAVE, platformOf } from "./setup.ts";

export const REQUEST = Buffer.from("SECRET_PROVISION_RA_TLS_REQUEST_V1\0", "latin1");
const RESPONSE = Buffer.from("SECRET_PROVISION_RA_TLS_RESPONSE_V1:\0", "latin1");

/** Key and certificate of a client, PEM. */
export interface ClientIdentity {
  readonly key: string;
  readonly cert: string;
}

/** What the enclave of a client is. */
export type Report = Partial<Parameters<Vendor["quote"]>[0]>;

/** How the clients of one Gramine generation behave. */
export interface Generation {
  readonly name: string;
  readonly versions: Pick<tls.ConnectionOptions, "minVersion" | "maxVersion">;
  /** Whether its TLS library takes a session ticket under TLS 1.3 for a fatal error (mbedTLS 3.6.0). */
  readonly breaksOnTickets: boolean;
  identity(vendor: Vendor, report?: Report): Promise<ClientIdentity>;
}

const TLS12 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
const TLS13 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.3" } as const;

/** RSA keys take long to make; the tests do not mind that enclaves share one. */
let rsaKey: Promise<SigningKey> | undefined;

function sharedRsaKey(): Promise<SigningKey> {
  rsaKey ??= generateRsaKey("sha256-with-rsa", 3072);
  return rsaKey;
}

const rsaIdentity = async (vendor: Vendor, report?: Report): Promise<ClientIdentity> =>
  legacyIdentity(vendor, await sharedRsaKey(), { report });
const p384Identity = async (vendor: Vendor, report?: Report): Promise<ClientIdentity> =>
  legacyIdentity(vendor, await generateEcKey("P-384"), { report });

export const GENERATIONS: readonly Generation[] = [
  { name: "first generation (up to 1.2)", versions: TLS12, breaksOnTickets: false, identity: rsaIdentity },
  { name: "1.3.1", versions: TLS12, breaksOnTickets: false, identity: rsaIdentity },
  { name: "1.4 to 1.7", versions: TLS12, breaksOnTickets: false, identity: p384Identity },
  { name: "1.8", versions: TLS13, breaksOnTickets: true, identity: currentIdentity },
  { name: "1.9 and main", versions: TLS13, breaksOnTickets: false, identity: currentIdentity },
];

/** As an enclave of Gramine 1.8 or later presents itself: P-384, a legacy quote and tagged evidence. */
export async function currentIdentity(vendor: Vendor, report: Report = {}): Promise<ClientIdentity> {
  const platform = platformOf(vendor, report);
  const made = await createRaTlsCertificate({ quote: (reportData) => platform.quote(reportData) });
  return { key: made.privateKeyPem, cert: made.certificatePem };
}

/** As an enclave of an older generation: the legacy quote alone, over `boundKey`. */
export async function legacyIdentity(
  vendor: Vendor,
  key: SigningKey,
  options: { oid?: string | { content: Uint8Array }; boundKey?: SigningKey; report?: Report | undefined } = {},
): Promise<ClientIdentity> {
  const { oid = LEGACY_OID, boundKey = key, report } = options;
  const reportData = new Uint8Array(64);
  reportData.set(await sha256(boundKey.publicKeyInfo));
  const value = await vendor.quote({ mrEnclave: MR_ENCLAVE, ...report, reportData });
  return selfSigned(key, [{ oid, value }]);
}

export async function selfSigned(key: SigningKey, extensions: Extensions = []): Promise<ClientIdentity> {
  const der = await enclaveCertificate(key, extensions);
  return { key: encodePem("PRIVATE KEY", await key.exportPkcs8()), cert: encodePem("CERTIFICATE", der) };
}

/** Where a client connects to, and whom it trusts. */
export interface Target {
  /** `HOST:PORT`. */
  readonly address: string | undefined;
  readonly caPem: string;
}

/** What a client does beside what its generation is. */
export interface ClientOptions {
  /** `call` keeps the connection open until the broker ends it; `constructor` closes once it has the secret. */
  readonly mode?: "call" | "constructor";
  /** Sizes of the pieces in which the request is written; 1 is byte by byte. Default all at once. */
  readonly pieceSize?: number;
}

/** A client's TLS connection; its errors are for {@link provision} or nobody. */
export function connectTls({ address = "", caPem }: Target, options: tls.ConnectionOptions): tls.TLSSocket {
  const [host, port] = address.split(":");
  const socket = tls.connect({ host, port: Number(port), servername: "localhost", ca: caPem, ...options });
  socket.on("error", () => undefined);
  return socket;
}

/**
 * Asks for a secret as a client of the generation does.
 * @throws Error with what the client would have seen: a failed handshake, a fatal ticket, an early end, a wrong answer
 */
export async function provision(
  target: Target,
  generation: Generation,
  identity: ClientIdentity,
  { mode = "constructor", pieceSize = REQUEST.length }: ClientOptions = {},
): Promise<Buffer> {
  const socket = connectTls(target, { ...generation.versions, ...identity });
  await once(socket, "secureConnect");
  socket.setNoDelay(true);
  socket.on("session", () => {
    if (generation.breaksOnTickets && socket.getProtocol() === "TLSv1.3") {
      socket.destroy(new Error("-31488: a session ticket is fatal"));
    }
  });
  for (let start = 0; start < REQUEST.length; start += pieceSize) {
    socket.write(REQUEST.subarray(start, start + pieceSize));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const secret = await readSecret(socket);
  if (mode === "constructor") {
    socket.end();
  }
  if (!socket.closed) {
    await once(socket, "close");
  }
  return secret;
}

async function readSecret(socket: tls.TLSSocket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received = Buffer.concat([received, chunk as Buffer]);
    const start = RESPONSE.length + 4;
    const length = received.length < start ? Number.POSITIVE_INFINITY : start + received.readUInt32BE(RESPONSE.length);
    if (received.length >= length) {
      if (received.length > length || !received.subarray(0, RESPONSE.length).equals(RESPONSE)) {
        throw new Error("-22: wrong response");
      }
      return received.subarray(start);
    }
  }
  throw new Error(`-104: closed after ${received.length} bytes`);
}
