import type { SqlConnection } from "../sql/database.ts";
import { textIn } from "../sql/row.ts";
import type { Registration } from "./registrations.ts";

/**
 * Each cached platform with each raw TCB that it has a certificate for, in the form of the registration that leads to it.
 * @param fmspcs upper-case hex; none means all
 */
export async function listCachedTcbs(connection: SqlConnection, fmspcs: readonly string[]): Promise<Registration[]> {
  const places = fmspcs.map((_, index) => `$${index + 1}`).join(", ");
  const where = fmspcs.length === 0 ? "" : `WHERE p.fmspc IN (${places})`;
  const rows = await connection.query(
    `SELECT p.qe_id, p.pce_id, t.cpu_svn, t.pce_svn, p.enc_ppid, p.platform_manifest FROM platforms p
     JOIN platform_tcbs t ON t.qe_id = p.qe_id AND t.pce_id = p.pce_id ${where}
     ORDER BY p.qe_id, p.pce_id, t.cpu_svn, t.pce_svn`,
    fmspcs,
  );
  return rows.map((row) => ({
    qeId: textIn(row, "qe_id"),
    pceId: textIn(row, "pce_id"),
    cpuSvn: textIn(row, "cpu_svn"),
    pceSvn: textIn(row, "pce_svn"),
    encryptedPpid: textIn(row, "enc_ppid"),
    manifest: textIn(row, "platform_manifest"),
  }));
}
