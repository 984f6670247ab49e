import {
  type Certificate,
  equalBytes,
  parseCertificateChainPem,
  parseCertificateRevocationList,
} from "@sealserve/core";
import { ServiceError } from "./errors.ts";
import type { SqlConnection } from "./sql/database.ts";
import { textIn } from "./sql/row.ts";
import { documentKey } from "./store/document-key.ts";
import { findDocument, type StoredDocument } from "./store/documents.ts";

/** What a proven list of an authority takes back. */
export interface Revocations {
  /** Name of the authority, DER. */
  readonly issuer: Uint8Array;
  /** Serial numbers of its certificates. */
  readonly serials: ReadonlySet<string>;
}

/** @param list DER, proven */
export function revocationsIn(list: Uint8Array): Revocations {
  const { issuer, revoked } = parseCertificateRevocationList(list);
  return { issuer: issuer.raw, serials: revoked };
}

/**
 * Takes out of the store what a list takes back: documents and platforms with a revoked certificate in their issuer chains
 * (threat A2). How far each had come is remembered still, so that nothing older takes its place. Certificates of platforms
 * themselves stay: whoever verifies evidence asks for their list.
 */
export async function dropRevoked(connection: SqlConnection, revocations: Revocations): Promise<void> {
  if (revocations.serials.size === 0) {
    return;
  }
  const isRevoked = rememberingChains((certificate) => isOn(revocations, certificate));
  for (const row of await connection.query("SELECT key, issuer_chain FROM documents")) {
    const key = textIn(row, "key");
    if (!isListOfRoot(key) && isRevoked(textIn(row, "issuer_chain"))) {
      await connection.query("DELETE FROM documents WHERE key = $1", [key]);
    }
  }
  for (const row of await connection.query("SELECT qe_id, pce_id, issuer_chain FROM platforms")) {
    if (isRevoked(textIn(row, "issuer_chain"))) {
      await dropPlatform(connection, textIn(row, "qe_id"), textIn(row, "pce_id"));
    }
  }
}

/**
 * Refuses what a revoked certificate vouches for, by the lists of the root that are stored now: a later one may have come since
 * the chain was proven, and found nothing of it in the store (threat A2).
 * @param chain PEM
 * @param listKeys of the lists; default: of the one of Intel's root
 * @throws ServiceError `issuer-revoked`
 */
export async function refuseRevokedSince(
  connection: SqlConnection,
  chain: string,
  listKeys: readonly string[] = [documentKey.rootCaCrl()],
): Promise<void> {
  for (const key of listKeys) {
    const list = await findDocument(connection, key);
    if (list !== undefined && takesBack(revocationsIn(list.body), chain)) {
      throw new ServiceError("issuer-revoked", "a certificate of the issuer chain was taken back meanwhile");
    }
  }
}

/** As {@link refuseRevokedSince}, of a document with the chain that it is stored with. @throws ServiceError `issuer-revoked` */
export async function refuseRevokedIssuer(
  connection: SqlConnection,
  { key, issuerChain }: Pick<StoredDocument, "key" | "issuerChain">,
): Promise<void> {
  if (!isListOfRoot(key) && issuerChain !== "") {
    await refuseRevokedSince(connection, issuerChain, listKeysFor(key));
  }
}

async function dropPlatform(connection: SqlConnection, qeId: string, pceId: string): Promise<void> {
  for (const table of ["platform_tcbs", "pck_certificates", "platforms"]) {
    await connection.query(`DELETE FROM ${table} WHERE qe_id = $1 AND pce_id = $2`, [qeId, pceId]);
  }
}

/**
 * The keys of the root's lists that a document is held against. AMD's root has its list of a product at the paths of both kinds
 * of keys, and what it takes back of one kind may have come by the path of the other.
 */
export function listKeysFor(key: string): string[] {
  const [vendor, , product] = key.split("/", 3);
  return vendor === "amd" ? [`amd/vcek/${product}/crl`, `amd/vlek/${product}/crl`] : [documentKey.rootCaCrl()];
}

/** Nobody but the root vouches for its lists, whatever else stands in the chain that they came with. */
export function isListOfRoot(key: string): boolean {
  return (
    key === "root-ca-crl" ||
    (key.startsWith("crl/") && !key.includes("/pckcrl?")) ||
    (key.startsWith("amd/") && key.endsWith("/crl"))
  );
}

/** Many documents have the same chain. */
function rememberingChains(isRevoked: (certificate: Certificate) => boolean): (pem: string) => boolean {
  const known = new Map<string, boolean>();
  return (pem) => {
    const found = known.get(pem) ?? (pem !== "" && parseCertificateChainPem(pem).some(isRevoked));
    known.set(pem, found);
    return found;
  };
}

function takesBack(revocations: Revocations, chain: string): boolean {
  return (
    revocations.serials.size > 0 &&
    parseCertificateChainPem(chain).some((certificate) => isOn(revocations, certificate))
  );
}

function isOn({ issuer, serials }: Revocations, certificate: Certificate): boolean {
  return equalBytes(certificate.issuer.raw, issuer) && serials.has(certificate.serialNumber);
}
