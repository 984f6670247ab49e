import { type Answer, answer, chainHeader } from "../http/answer.ts";
import { form, optional, required } from "../http/parameters.ts";
import { invalid, RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import { resolveStored, selectStored } from "../selection/select-stored.ts";
import type { ServiceContext } from "../service-context.ts";
import type { SqlConnection } from "../sql/database.ts";
import {
  findPlatform,
  findResolvedTcb,
  listResolvedTcbs,
  type PckCertificate,
  type Platform,
  type PlatformId,
  type RawTcb,
} from "../store/platforms.ts";
import { getCertificateOfPpid } from "./upstream-certificates.ts";

/** More raw TCBs than a machine has in its life; anybody can ask for any, so they are not remembered without end. */
const MAXIMUM_RESOLVED = 256;
/** Nothing in the answer ends at a set time; what was stored anew is seen at once. */
const REUSE_MS = 3_600_000;

/** GET pckcert */
export async function getPckCertificate(request: RouteRequest, context: ServiceContext): Promise<Answer> {
  const { query, version } = request;
  if (version === 4 && query.get("qeid") === undefined && query.get("encrypted_ppid") !== undefined) {
    return getCertificateOfPpid(request, context);
  }
  const id = {
    qeId: required("qeid", query.get("qeid"), form.qeId),
    pceId: required("pceid", query.get("pceid"), form.pceId),
  };
  const raw = {
    cpuSvn: required("cpusvn", query.get("cpusvn"), form.cpuSvn),
    pceSvn: required("pcesvn", query.get("pcesvn"), form.pceSvn),
  };
  const encryptedPpid = optional("encrypted_ppid", query.get("encrypted_ppid"), form.encryptedPpid) ?? "";
  const platform = await knownPlatform({ ...id, ...raw, encryptedPpid }, request, context);
  const certificate = await resolve(platform, raw, context);
  return certificateAnswer(platform, certificate, context.now().getTime());
}

async function knownPlatform(
  miss: PlatformId & RawTcb & { readonly encryptedPpid: string },
  { version, admission }: RouteRequest,
  { database, fill }: ServiceContext,
): Promise<Platform> {
  const find = (): Promise<Platform | undefined> => database.read((connection) => findPlatform(connection, miss));
  const known = await find();
  if (known !== undefined) {
    return known;
  }
  if (fill.mode !== "LAZY") {
    throw new RequestError("unknown-platform", "the platform is not stored");
  }
  if (version === 3) {
    throw new RequestError("version-ended", "the platform is not stored");
  }
  if (miss.encryptedPpid === "") {
    throw invalid("encrypted_ppid is missing, by which upstream knows the platform");
  }
  await fill.platform(miss, admission);
  const filled = await find();
  if (filled === undefined) {
    throw new RequestError("not-cached", "the platform was not found upstream");
  }
  return filled;
}

async function resolve(platform: Platform, raw: RawTcb, { database }: ServiceContext): Promise<PckCertificate> {
  const resolved = await database.read((connection) => findResolvedTcb(connection, platform, raw));
  if (resolved !== undefined) {
    return resolved;
  }
  const { selected, mayRemember } = await database.read(async (connection) => ({
    selected: await selectStored(connection, platform, raw),
    mayRemember: await hasRoom(connection, platform),
  }));
  if (selected === undefined) {
    throw new RequestError("not-cached", "the platform has no certificate for this TCB");
  }
  if (mayRemember) {
    await database.write((connection) => remember(connection, platform, raw));
  }
  return selected;
}

/** Selects anew: other certificates may have come since. */
async function remember(connection: SqlConnection, id: PlatformId, raw: RawTcb): Promise<void> {
  if (await hasRoom(connection, id)) {
    await resolveStored(connection, id, raw);
  }
}

async function hasRoom(connection: SqlConnection, id: PlatformId): Promise<boolean> {
  return (await listResolvedTcbs(connection, id)).length < MAXIMUM_RESOLVED;
}

function certificateAnswer(platform: Platform, { tcbm, pem }: PckCertificate, now: number): Answer {
  const headers = [
    ["SGX-TCBm", tcbm],
    ["SGX-FMSPC", platform.fmspc],
    ["SGX-PCK-Certificate-CA-Type", platform.ca.toUpperCase()],
    ["SGX-PCK-Certificate-Issuer-Chain", chainHeader(platform.issuerChain)],
  ];
  return { ...answer(pem, "application/x-pem-file", headers.flat()), reusableUntil: now + REUSE_MS };
}
