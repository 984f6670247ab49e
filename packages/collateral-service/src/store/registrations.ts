import type { SqlConnection, SqlRow, SqlValue } from "../sql/database.ts";
import { textIn } from "../sql/row.ts";
import type { PlatformId, RawTcb } from "./platforms.ts";

/** What a host sends to have its platform's certificates fetched. Members that it left out are empty. */
export interface Registration extends PlatformId, RawTcb {
  readonly encryptedPpid: string;
  readonly manifest: string;
}

/** Waiting to be fetched; fetched without certificates for each TCB; handed out to an administrator's tool; done. */
export type RegistrationState = "NEW" | "NOT_AVAILABLE" | "DELETED";

const COLUMNS = "qe_id, pce_id, cpu_svn, pce_svn, enc_ppid, platform_manifest";

/** How long what is done is kept, for whoever looks into the database after an answer was lost: a week. */
const DONE_KEPT_MS = 7 * 24 * 3600 * 1000;

/** Puts a registration into a state, whether or not it is known. What has been done for long goes. */
export async function putRegistration(
  connection: SqlConnection,
  registration: Registration,
  state: RegistrationState,
  now: Date,
): Promise<void> {
  await connection.query(
    `INSERT INTO registrations (${COLUMNS}, state, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (${COLUMNS}) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`,
    [...valuesOf(registration), state, now.getTime()],
  );
  await connection.query("DELETE FROM registrations WHERE state = 'DELETED' AND changed_at < $1", [
    now.getTime() - DONE_KEPT_MS,
  ]);
}

/** Registrations in a state, longest there first. */
export async function listRegistrations(connection: SqlConnection, state: RegistrationState): Promise<Registration[]> {
  const sql = `SELECT ${COLUMNS} FROM registrations WHERE state = $1 ORDER BY changed_at, ${COLUMNS}`;
  return (await connection.query(sql, [state])).map(toRegistration);
}

/** Takes a platform out of the queues: its certificates are there. */
export async function finishRegistrations(
  connection: SqlConnection,
  { qeId, pceId }: PlatformId,
  now: Date,
): Promise<void> {
  await connection.query(
    "UPDATE registrations SET state = 'DELETED', changed_at = $1 WHERE qe_id = $2 AND pce_id = $3 AND state <> 'DELETED'",
    [now.getTime(), qeId, pceId],
  );
}

function valuesOf(registration: Registration): SqlValue[] {
  const { qeId, pceId, cpuSvn, pceSvn, encryptedPpid, manifest } = registration;
  return [qeId, pceId, cpuSvn, pceSvn, encryptedPpid, manifest];
}

function toRegistration(row: SqlRow): Registration {
  return {
    qeId: textIn(row, "qe_id"),
    pceId: textIn(row, "pce_id"),
    cpuSvn: textIn(row, "cpu_svn"),
    pceSvn: textIn(row, "pce_svn"),
    encryptedPpid: textIn(row, "enc_ppid"),
    manifest: textIn(row, "platform_manifest"),
  };
}
