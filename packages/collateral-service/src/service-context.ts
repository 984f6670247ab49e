import type { Clock, DocumentTrust, TrustedRoot } from "@sealserve/attestation";
import type { CollateralFill } from "./fill.ts";
import type { SqlConnection, SqlDatabase } from "./sql/database.ts";
import { documentKey } from "./store/document-key.ts";
import { findDocument } from "./store/documents.ts";

/** What to do with a document past its next update: say so with it, or refuse. */
export type StalePolicy = "warn" | "refuse";

/** What operations work with. */
export interface ServiceContext {
  readonly database: SqlDatabase;
  readonly fill: CollateralFill;
  readonly root: TrustedRoot;
  readonly now: () => Date;
  readonly stale: StalePolicy;
  /** Whether documents must be in their windows to be stored; `any` is for collections of documents from other times. */
  readonly windows: "now" | "any";
}

/** How documents are verified now, with the root's list that is stored. */
export async function currentTrust(
  connection: SqlConnection,
  { root, now, windows }: Pick<ServiceContext, "root" | "now" | "windows">,
): Promise<DocumentTrust> {
  const clock: Clock | "any" = windows === "any" ? "any" : { now: now() };
  const list = await findDocument(connection, documentKey.rootCaCrl());
  return { root, clock, rootCaCrl: list?.body };
}
