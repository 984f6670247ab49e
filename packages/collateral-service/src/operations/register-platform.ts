import { type Answer, done } from "../http/answer.ts";
import { form, optional, required } from "../http/parameters.ts";
import { invalid } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import type { SqlConnection } from "../sql/database.ts";
import { findPlatform, findResolvedTcb } from "../store/platforms.ts";
import type { Registration } from "../store/registrations.ts";
import { objectOf } from "./json-body.ts";

/** A manifest has up to 56 KiB. */
const MAXIMUM_MANIFEST = 128 * 1024;

/** POST platforms */
export async function registerPlatform({ query, body }: RouteRequest, context: ServiceContext): Promise<Answer> {
  const registration = readRegistration(body);
  const updates = optional("update", query.get("update"), form.updates) ?? ["standard"];
  const { database, fill } = context;
  if (!(await database.read((connection) => isCached(connection, registration)))) {
    await fill.registered(registration);
  }
  if (fill.mode !== "OFFLINE") {
    await fill.complete(updates);
  }
  return done();
}

/**
 * With a manifest the other three members do not count; without one all of them must be there.
 * @throws RequestError `invalid-request`
 */
export function readRegistration(body: RouteRequest["body"]): Registration {
  const members = objectOf("the body", body);
  const id = {
    qeId: required("qe_id", members["qe_id"], form.qeId),
    pceId: required("pce_id", members["pce_id"], form.pceId),
  };
  const manifest = required("platform_manifest", members["platform_manifest"] ?? "", form.text);
  if (manifest.length > MAXIMUM_MANIFEST) {
    throw invalid("platform_manifest is too long");
  }
  const raw = {
    cpuSvn: optional("cpu_svn", members["cpu_svn"], form.cpuSvn),
    pceSvn: optional("pce_svn", members["pce_svn"], form.pceSvn),
    encryptedPpid: optional("enc_ppid", members["enc_ppid"], form.encryptedPpid),
  };
  if (manifest !== "") {
    return { ...id, manifest, cpuSvn: "", pceSvn: "", encryptedPpid: "" };
  }
  const { cpuSvn, pceSvn, encryptedPpid } = raw;
  if (cpuSvn === undefined || pceSvn === undefined || encryptedPpid === undefined) {
    throw invalid("cpu_svn, pce_svn or enc_ppid is missing, and so is platform_manifest");
  }
  return { ...id, manifest, cpuSvn, pceSvn, encryptedPpid: encryptedPpid.toLowerCase() };
}

/** The platform is known, with this manifest or a certificate for this raw TCB. */
async function isCached(connection: SqlConnection, registration: Registration): Promise<boolean> {
  const platform = await findPlatform(connection, registration);
  if (platform === undefined || registration.manifest !== "") {
    return platform !== undefined && platform.manifest === registration.manifest;
  }
  return (await findResolvedTcb(connection, registration, registration)) !== undefined;
}
