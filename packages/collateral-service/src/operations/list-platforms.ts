import { type Answer, jsonAnswer } from "../http/answer.ts";
import { form, required } from "../http/parameters.ts";
import { invalid } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { listCachedTcbs } from "../store/cached-tcbs.ts";
import {
  listRegistrations,
  putRegistration,
  type Registration,
  type RegistrationState,
} from "../store/registrations.ts";

const QUEUES: Readonly<Record<string, RegistrationState>> = { reg: "NEW", reg_na: "NOT_AVAILABLE" };

/**
 * GET platforms: a queue of registrations, or the platforms that are cached. Reading a queue empties it, unless `keep=true`
 * asks that it stays: an upload with the certificates of a platform takes it out then.
 */
export async function listPlatforms(request: RouteRequest, { database, now }: ServiceContext): Promise<Answer> {
  const source = request.query.get("source") ?? "reg";
  const queue = Object.hasOwn(QUEUES, source) ? QUEUES[source] : undefined;
  const rows =
    queue === undefined
      ? await cachedRows(source, database)
      : (await readQueue(queue, mayEmpty(request), { database, now: now() })).map(toRow);
  return jsonAnswer(rows, ["platform-count", `${rows.length}`]);
}

/** A queue whose rows nobody gets is not emptied. */
function mayEmpty({ query, wantsBody }: RouteRequest): boolean {
  const keep = query.get("keep") ?? "false";
  if (keep !== "true" && keep !== "false") {
    throw invalid("keep is neither true nor false");
  }
  return keep === "false" && wantsBody;
}

async function readQueue(
  state: RegistrationState,
  empty: boolean,
  { database, now }: { readonly database: SqlDatabase; readonly now: Date },
): Promise<Registration[]> {
  const waiting = await database.read((connection) => listRegistrations(connection, state));
  if (!empty || waiting.length === 0) {
    return waiting;
  }
  return database.write(async (connection) => {
    const taken = await listRegistrations(connection, state);
    for (const registration of taken) {
      await putRegistration(connection, registration, "DELETED", now);
    }
    return taken;
  });
}

async function cachedRows(source: string, database: SqlDatabase): Promise<object[]> {
  const fmspcs = required("source", source, form.fmspcList);
  const found = await database.read((connection) => listCachedTcbs(connection, fmspcs));
  return found.map((row) => ({
    qe_id: row.qeId,
    pce_id: row.pceId,
    cpu_svn: row.cpuSvn,
    pce_svn: row.pceSvn,
    enc_ppid: row.encryptedPpid,
    platform_manifest: row.manifest,
  }));
}

function toRow({ encryptedPpid, manifest, qeId, pceId, cpuSvn, pceSvn }: Registration): object {
  return {
    enc_ppid: encryptedPpid,
    platform_manifest: manifest,
    qe_id: qeId,
    pce_id: pceId,
    cpu_svn: cpuSvn,
    pce_svn: pceSvn,
  };
}
