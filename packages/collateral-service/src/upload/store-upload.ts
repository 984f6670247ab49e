import { parseTcbInfo, type TcbInfo } from "@sealserve/attestation";
import { parseSignedText } from "@sealserve/collateral";
import { admitDocument } from "../admit-document.ts";
import { refuseRevokedSince } from "../drop-revoked.ts";
import { invalid } from "../http/request-error.ts";
import { candidatesOf } from "../selection/candidates.ts";
import { selectPckCertificate } from "../selection/select-pck-certificate.ts";
import type { SqlConnection } from "../sql/database.ts";
import {
  findPlatform,
  listResolvedTcbs,
  type PlatformId,
  putPlatform,
  putResolvedTcb,
  type RawTcb,
  replacePckCertificates,
} from "../store/platforms.ts";
import { finishRegistrations, type Registration } from "../store/registrations.ts";
import type { Upload } from "./parse-upload.ts";
import type { VerifiedPlatform, VerifiedUpload } from "./verify-upload.ts";

/**
 * Stores a verified upload, all of it or nothing: inside the transaction of `connection`.
 *
 * @throws ServiceError `rolled-back`, `issuer-revoked`
 * @throws RequestError `invalid-request` when certificates come without TCB info, or a raw TCB is left without a certificate
 */
export async function storeUpload(
  connection: SqlConnection,
  { upload, documents, platforms }: VerifiedUpload,
  now: Date,
): Promise<void> {
  for (const document of documents) {
    await admitDocument(connection, document);
  }
  for (const platform of platforms) {
    await storePlatform(connection, platform, upload);
    await finishRegistrations(connection, platform, now);
  }
}

async function storePlatform(connection: SqlConnection, platform: VerifiedPlatform, upload: Upload): Promise<void> {
  const registrations = upload.platforms.filter((one) => isSame(one, platform));
  const registered = registrations.at(-1);
  const known = await findPlatform(connection, platform);
  await refuseRevokedSince(connection, platform.issuerChain);
  await replacePckCertificates(connection, platform, platform.certificates);
  for (const resolved of await resolveAll(connection, platform, { upload, registrations })) {
    await putResolvedTcb(connection, platform, resolved);
  }
  if (registered !== undefined || known !== undefined) {
    const { manifest, encryptedPpid } = registered ?? (known as NonNullable<typeof known>);
    const { qeId, pceId, fmspc, ca, issuerChain } = platform;
    await putPlatform(connection, { qeId, pceId, fmspc, ca, issuerChain, manifest, encryptedPpid });
  }
}

/** Certificates for all raw TCBs that were asked for before or stand in the upload. */
async function resolveAll(
  connection: SqlConnection,
  platform: VerifiedPlatform,
  { upload, registrations }: { readonly upload: Upload; readonly registrations: readonly Registration[] },
) {
  const tcbInfo = tcbInfoOf(upload, platform.fmspc);
  const candidates = candidatesOf(platform.certificates);
  const asked: readonly RawTcb[] = [
    ...(await listResolvedTcbs(connection, platform)),
    ...registrations.filter(({ cpuSvn, pceSvn }) => cpuSvn !== "" && pceSvn !== ""),
  ];
  return asked.map(({ cpuSvn, pceSvn }) => {
    const selected = selectPckCertificate({ cpuSvn, pceSvn }, platform.pceId, candidates, tcbInfo);
    if (selected === undefined) {
      throw invalid("a platform has no certificate for one of its raw TCBs");
    }
    return { cpuSvn, pceSvn, tcbm: selected.tcbm };
  });
}

/** The TCB info of the upload by which certificates are selected: the early one where it is there. */
function tcbInfoOf({ documents }: Upload, fmspc: string): TcbInfo {
  const infos = documents.filter(({ id }) => id.kind === "tcb-info" && id.tee === "sgx" && id.fmspc === fmspc);
  const early = infos.find(({ id }) => id.kind === "tcb-info" && id.update === "early");
  const chosen = early ?? infos[0];
  if (chosen === undefined) {
    throw invalid("the upload has no TCB info for the FMSPC of its certificates");
  }
  return parseTcbInfo(parseSignedText(chosen.body, "tcbInfo").text);
}

function isSame(one: PlatformId, other: PlatformId): boolean {
  return one.qeId === other.qeId && one.pceId === other.pceId;
}
