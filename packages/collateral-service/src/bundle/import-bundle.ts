import { admitDocument, raiseMarks } from "../admit-document.ts";
import { refuseRevokedSince } from "../drop-revoked.ts";
import { resolveStored } from "../selection/select-stored.ts";
import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { putAppraisalPolicy } from "../store/appraisal-policies.ts";
import { documentKey } from "../store/document-key.ts";
import { findDocument } from "../store/documents.ts";
import { putPlatform, replacePckCertificates } from "../store/platforms.ts";
import { finishRegistrations } from "../store/registrations.ts";
import { isRefusal } from "../verify-document.ts";
import { type BundleContent, parseBundle } from "./bundle-content.ts";
import type { BundleSummary } from "./export-bundle.ts";
import { openSignedFile } from "./signed-file.ts";
import { refusal, type VerifiedContent, type VerifyBundleOptions, verifyContent } from "./verify-content.ts";

/**
 * Takes in a bundle: its signature first, then every document and certificate as if it had come from upstream, then nothing
 * that is older than what is stored, and no bundle that was made before another one by the same key: platforms and policies
 * have no dates of their own. All of it, or nothing; only what expired on the way is left out.
 *
 * @param publicKeyPem of the exporting side, which must not come with the bundle
 * @throws BundleError
 */
export async function importBundle(
  database: SqlDatabase,
  file: Uint8Array,
  publicKeyPem: string,
  options: Omit<VerifyBundleOptions, "rootCaCrl">,
): Promise<BundleSummary> {
  const { payload, signer } = await openSignedFile(file, publicKeyPem);
  const content = parseBundle(payload);
  const stored = await database.read((connection) => findDocument(connection, documentKey.rootCaCrl()));
  const verified = await verifyContent(content, { ...options, rootCaCrl: stored?.body });
  await database.write(async (connection) => {
    const made = new Map([[`bundle by the key ${signer}`, BigInt(content.created.getTime())]]);
    await refusingBundle("its time of export", () => raiseMarks(connection, made));
    await store(connection, verified, content, options.now);
  });
  return {
    documents: verified.documents.length,
    platforms: verified.platforms.length,
    policies: content.policies.length,
    expired: verified.expired,
  };
}

async function store(
  connection: SqlConnection,
  { documents, platforms }: VerifiedContent,
  { policies }: BundleContent,
  now: Date,
): Promise<void> {
  for (const verified of documents) {
    await refusingBundle(verified.document.key, () => admitDocument(connection, verified));
  }
  for (const { qeId, pceId, manifest, encryptedPpid, fmspc, ca, issuerChain, certificates, tcbs } of platforms) {
    const id = { qeId, pceId };
    await refusingBundle(`platform ${qeId}/${pceId}`, () => refuseRevokedSince(connection, issuerChain));
    await putPlatform(connection, { ...id, manifest, encryptedPpid, fmspc, ca, issuerChain });
    await replacePckCertificates(connection, id, certificates);
    for (const tcb of tcbs) {
      await resolveStored(connection, id, tcb);
    }
    await finishRegistrations(connection, id, now);
  }
  for (const policy of policies) {
    await putAppraisalPolicy(connection, policy);
  }
}

async function refusingBundle(what: string, admit: () => Promise<void>): Promise<void> {
  try {
    await admit();
  } catch (cause) {
    if (isRefusal(cause)) {
      throw refusal(what, cause);
    }
    throw cause;
  }
}
