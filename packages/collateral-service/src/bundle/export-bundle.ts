import { readDocuments } from "../forecast/read-state.ts";
import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { listAppraisalPolicies } from "../store/appraisal-policies.ts";
import { listPckCertificates, listPlatforms, listResolvedTcbs, type Platform } from "../store/platforms.ts";
import { type BundledPlatform, encodeBundle } from "./bundle-content.ts";
import { signFile } from "./signed-file.ts";

/** What is in a bundle. */
export interface BundleSummary {
  readonly documents: number;
  readonly platforms: number;
  readonly policies: number;
  /** Keys of documents that were left out, since they are past their window. */
  readonly expired: readonly string[];
}

/**
 * Everything that an air-gapped service needs, as one signed file. What is past its window is left out.
 * @param privateKeyPem Ed25519, PKCS #8
 * @throws BundleError `bundle-key-invalid`
 */
export async function exportBundle(
  database: SqlDatabase,
  privateKeyPem: string,
  now: Date,
): Promise<{ readonly file: Uint8Array; readonly summary: BundleSummary }> {
  const { documents, platforms, policies } = await database.read(async (connection) => ({
    documents: await readDocuments(connection),
    platforms: await readPlatforms(connection),
    policies: await listAppraisalPolicies(connection),
  }));
  const current = documents.filter(({ nextUpdate }) => nextUpdate >= now);
  const expired = documents.filter(({ nextUpdate }) => nextUpdate < now).map(({ key }) => key);
  const payload = encodeBundle({ created: now, documents: current, platforms, policies });
  const counts = { documents: current.length, platforms: platforms.length, policies: policies.length };
  return { file: await signFile(payload, privateKeyPem), summary: { ...counts, expired } };
}

async function readPlatforms(connection: SqlConnection): Promise<BundledPlatform[]> {
  const platforms: BundledPlatform[] = [];
  for (const platform of await listPlatforms(connection)) {
    platforms.push(await readPlatform(connection, platform));
  }
  return platforms;
}

async function readPlatform(
  connection: SqlConnection,
  { qeId, pceId, manifest, encryptedPpid, issuerChain }: Platform,
): Promise<BundledPlatform> {
  const id = { qeId, pceId };
  const certificates = (await listPckCertificates(connection, id)).map(({ pem }) => pem);
  const tcbs = (await listResolvedTcbs(connection, id)).map(({ cpuSvn, pceSvn }) => ({ cpuSvn, pceSvn }));
  return { ...id, manifest, encryptedPpid, issuerChain, certificates, tcbs };
}
