/** Every table with its columns: what a backup holds. Facts are the database's own and are not carried over. */
export const TABLES: Readonly<Record<string, readonly string[]>> = {
  documents: ["key", "body", "issuer_chain", "issued", "next_update", "evaluation_number", "fetched_at"],
  platforms: ["qe_id", "pce_id", "fmspc", "ca", "platform_manifest", "enc_ppid", "issuer_chain"],
  pck_certificates: ["qe_id", "pce_id", "tcbm", "pem"],
  platform_tcbs: ["qe_id", "pce_id", "cpu_svn", "pce_svn", "tcbm"],
  registrations: ["qe_id", "pce_id", "cpu_svn", "pce_svn", "enc_ppid", "platform_manifest", "state", "changed_at"],
  appraisal_policies: ["id", "fmspc", "kind", "is_default", "text"],
  marks: ["document", "value"],
};

/** Columns of integers, which some drivers give as text. */
export const INTEGERS: ReadonlySet<string> = new Set([
  "issued",
  "next_update",
  "evaluation_number",
  "fetched_at",
  "changed_at",
  "is_default",
]);

/** First line of a backup, in front of the SHA-256 of the rest. */
export const MARK = "sealserve-collateral-backup/1 ";
