import type { DocumentTrust, TrustedRoot } from "@sealserve/attestation";
import { idOfAmdKey } from "../amd/amd-document.ts";
import { verifyAmdDocument } from "../amd/verify-amd-document.ts";
import { BundleError } from "../bundle/bundle-error.ts";
import { refuseRevokedIssuer, refuseRevokedSince } from "../drop-revoked.ts";
import { readDocuments } from "../forecast/read-state.ts";
import type { SqlConnection } from "../sql/database.ts";
import type { StoredDocument } from "../store/documents.ts";
import { idOfKey } from "../store/id-of-key.ts";
import { readMarks } from "../store/marks.ts";
import { listPckCertificates, listPlatforms, type Platform } from "../store/platforms.ts";
import { isRefusal, type VerifiedDocument, verifyDocument } from "../verify-document.ts";
import { verifyPckCertificates } from "../verify-pck-certificates.ts";

/**
 * Proves what a backup brought, whatever its age: a backup is not signed, and what it holds is served afterwards. Every document
 * is genuine, has the dates that it is stored with, and a mark that keeps older ones out; every certificate is of its platform.
 * What the root's lists in it take back vouches for nothing in it (threat A2).
 *
 * @throws BundleError `bundle-refused`
 */
export async function verifyRestored(connection: SqlConnection, root: TrustedRoot): Promise<void> {
  const marks = await readMarks(connection);
  const documents = await readDocuments(connection);
  for (const document of documents) {
    await refusing(document.key, async () => expectProven(document, await prove(document, root), marks));
  }
  // The lists are proven by now.
  for (const document of documents) {
    await refusing(document.key, () => refuseRevokedIssuer(connection, document));
  }
  for (const platform of await listPlatforms(connection)) {
    await refusing(`platform ${platform.qeId}/${platform.pceId}`, async () => {
      await expectCertificates(connection, platform, { root, clock: "any" });
      await refuseRevokedSince(connection, platform.issuerChain);
    });
  }
}

async function prove(document: StoredDocument, root: TrustedRoot): Promise<VerifiedDocument> {
  const { key, body, issuerChain, fetchedAt } = document;
  const id = idOfKey(key);
  if (id !== undefined) {
    return verifyDocument(id, { body, issuerChain }, { trust: { root, clock: "any" }, fetchedAt });
  }
  const ofAmd = idOfAmdKey(key) ?? refuse(key, "it is of an unknown kind");
  return verifyAmdDocument(ofAmd, body, { root, now: fetchedAt, chain: issuerChain });
}

function expectProven(
  { key, issued, nextUpdate, evaluationNumber }: StoredDocument,
  { document, marks }: VerifiedDocument,
  stored: ReadonlyMap<string, bigint>,
): void {
  const isSame =
    document.issued.getTime() === issued.getTime() &&
    document.nextUpdate.getTime() === nextUpdate.getTime() &&
    document.evaluationNumber === evaluationNumber;
  if (!isSame) {
    refuse(key, "it is stored with other dates than its own");
  }
  for (const [name, value] of marks) {
    const mark = stored.get(name);
    if (mark === undefined || mark < value) {
      refuse(key, "its mark is missing or too low");
    }
  }
}

async function expectCertificates(connection: SqlConnection, platform: Platform, trust: DocumentTrust): Promise<void> {
  const stored = await listPckCertificates(connection, platform);
  const given = { certificates: stored.map(({ pem }) => pem), issuerChain: platform.issuerChain };
  const { fmspc, ca, certificates } = await verifyPckCertificates(given, platform.pceId, trust);
  const isSame =
    fmspc === platform.fmspc &&
    ca === platform.ca &&
    certificates.every(({ tcbm }, index) => tcbm === stored[index]?.tcbm);
  if (!isSame) {
    refuse(platform.qeId, "its certificates are stored as others than they are");
  }
}

async function refusing(what: string, verify: () => Promise<void>): Promise<void> {
  try {
    await verify();
  } catch (cause) {
    if (isRefusal(cause)) {
      refuse(what, cause.message, cause);
    }
    throw cause;
  }
}

function refuse(what: string, fault: string, cause?: Error): never {
  throw new BundleError("bundle-refused", `${what} in the backup is refused: ${fault}`, {
    remedy: "use another copy of the backup, and the root that the service trusted; nothing was restored",
    cause,
  });
}
