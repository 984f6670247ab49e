import type { SqlConnection, SqlRow } from "../sql/database.ts";
import { integerIn, textIn } from "../sql/row.ts";
import type { PckCa } from "./document-key.ts";

/** What names a platform: both upper-case hex (the QE id of some clients is another text). */
export interface PlatformId {
  readonly qeId: string;
  readonly pceId: string;
}

/** TCB as the hardware reports it: CPUSVN (32 hex digits) and PCESVN (4, little endian), upper case. */
export interface RawTcb {
  readonly cpuSvn: string;
  readonly pceSvn: string;
}

/** What a platform is about. */
export interface PlatformFacts extends PlatformId {
  readonly fmspc: string;
  readonly ca: PckCa;
}

/** A platform whose PCK certificates are cached. */
export interface Platform extends PlatformFacts {
  /** Hex, or empty. */
  readonly manifest: string;
  /** Hex, or empty. */
  readonly encryptedPpid: string;
  /** PEM: CA of its certificates, root. */
  readonly issuerChain: string;
}

/** One of a platform's PCK certificates. */
export interface PckCertificate {
  /** CPUSVN and PCESVN (little endian) that it stands for, 36 upper-case hex digits. */
  readonly tcbm: string;
  readonly pem: string;
}

/** A raw TCB that has been asked for, and the certificate that it was given. */
export interface ResolvedTcb extends RawTcb {
  readonly tcbm: string;
}

const COLUMNS = "qe_id, pce_id, fmspc, ca, platform_manifest, enc_ppid, issuer_chain";
const OF_PLATFORM = "qe_id = $1 AND pce_id = $2";

export async function findPlatform(
  connection: SqlConnection,
  { qeId, pceId }: PlatformId,
): Promise<Platform | undefined> {
  const [row] = await connection.query(`SELECT ${COLUMNS} FROM platforms WHERE ${OF_PLATFORM}`, [qeId, pceId]);
  return row === undefined ? undefined : toPlatform(row);
}

/** All platforms, or those of one FMSPC. */
export async function listPlatforms(connection: SqlConnection, fmspc?: string): Promise<Platform[]> {
  const [where, parameters] = fmspc === undefined ? ["", []] : ["WHERE fmspc = $1", [fmspc]];
  const rows = await connection.query(`SELECT ${COLUMNS} FROM platforms ${where} ORDER BY qe_id, pce_id`, parameters);
  return rows.map(toPlatform);
}

/** What platforms are about, without what upstream knows them by: a manifest has some 50 KiB. */
export async function listPlatformFacts(connection: SqlConnection): Promise<PlatformFacts[]> {
  const rows = await connection.query("SELECT qe_id, pce_id, fmspc, ca FROM platforms ORDER BY qe_id, pce_id");
  return rows.map(toFacts);
}

export async function countPlatforms(connection: SqlConnection): Promise<number> {
  const [row] = await connection.query("SELECT COUNT(*) AS count FROM platforms");
  return row === undefined ? 0 : integerIn(row, "count");
}

/** Puts a platform in the place of the one with its ids. */
export async function putPlatform(connection: SqlConnection, platform: Platform): Promise<void> {
  await connection.query(
    `INSERT INTO platforms (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (qe_id, pce_id) DO UPDATE SET fmspc = excluded.fmspc, ca = excluded.ca,
       platform_manifest = excluded.platform_manifest, enc_ppid = excluded.enc_ppid,
       issuer_chain = excluded.issuer_chain`,
    [
      platform.qeId,
      platform.pceId,
      platform.fmspc,
      platform.ca,
      platform.manifest,
      platform.encryptedPpid,
      platform.issuerChain,
    ],
  );
}

export async function listPckCertificates(
  connection: SqlConnection,
  { qeId, pceId }: PlatformId,
): Promise<PckCertificate[]> {
  const sql = `SELECT tcbm, pem FROM pck_certificates WHERE ${OF_PLATFORM} ORDER BY tcbm`;
  const rows = await connection.query(sql, [qeId, pceId]);
  return rows.map((row) => ({ tcbm: textIn(row, "tcbm"), pem: textIn(row, "pem") }));
}

/** Puts these certificates in the place of all that the platform had; of several for one TCB the last. */
export async function replacePckCertificates(
  connection: SqlConnection,
  { qeId, pceId }: PlatformId,
  certificates: readonly PckCertificate[],
): Promise<void> {
  await connection.query(`DELETE FROM pck_certificates WHERE ${OF_PLATFORM}`, [qeId, pceId]);
  for (const { tcbm, pem } of certificates) {
    await connection.query(
      `INSERT INTO pck_certificates (qe_id, pce_id, tcbm, pem) VALUES ($1, $2, $3, $4)
       ON CONFLICT (qe_id, pce_id, tcbm) DO UPDATE SET pem = excluded.pem`,
      [qeId, pceId, tcbm, pem],
    );
  }
}

/** The certificate that this raw TCB was given before. */
export async function findResolvedTcb(
  connection: SqlConnection,
  { qeId, pceId }: PlatformId,
  { cpuSvn, pceSvn }: RawTcb,
): Promise<PckCertificate | undefined> {
  const [row] = await connection.query(
    `SELECT c.tcbm, c.pem FROM platform_tcbs t
     JOIN pck_certificates c ON c.qe_id = t.qe_id AND c.pce_id = t.pce_id AND c.tcbm = t.tcbm
     WHERE t.qe_id = $1 AND t.pce_id = $2 AND t.cpu_svn = $3 AND t.pce_svn = $4`,
    [qeId, pceId, cpuSvn, pceSvn],
  );
  return row === undefined ? undefined : { tcbm: textIn(row, "tcbm"), pem: textIn(row, "pem") };
}

export async function listResolvedTcbs(connection: SqlConnection, { qeId, pceId }: PlatformId): Promise<ResolvedTcb[]> {
  const sql = `SELECT cpu_svn, pce_svn, tcbm FROM platform_tcbs WHERE ${OF_PLATFORM} ORDER BY cpu_svn, pce_svn`;
  const rows = await connection.query(sql, [qeId, pceId]);
  return rows.map((row) => ({
    cpuSvn: textIn(row, "cpu_svn"),
    pceSvn: textIn(row, "pce_svn"),
    tcbm: textIn(row, "tcbm"),
  }));
}

/** Remembers which certificate a raw TCB is given. */
export async function putResolvedTcb(
  connection: SqlConnection,
  { qeId, pceId }: PlatformId,
  { cpuSvn, pceSvn, tcbm }: ResolvedTcb,
): Promise<void> {
  await connection.query(
    `INSERT INTO platform_tcbs (qe_id, pce_id, cpu_svn, pce_svn, tcbm) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (qe_id, pce_id, cpu_svn, pce_svn) DO UPDATE SET tcbm = excluded.tcbm`,
    [qeId, pceId, cpuSvn, pceSvn, tcbm],
  );
}

function toFacts(row: SqlRow): PlatformFacts {
  return {
    qeId: textIn(row, "qe_id"),
    pceId: textIn(row, "pce_id"),
    fmspc: textIn(row, "fmspc"),
    ca: textIn(row, "ca") as PckCa,
  };
}

function toPlatform(row: SqlRow): Platform {
  return {
    ...toFacts(row),
    manifest: textIn(row, "platform_manifest"),
    encryptedPpid: textIn(row, "enc_ppid"),
    issuerChain: textIn(row, "issuer_chain"),
  };
}
