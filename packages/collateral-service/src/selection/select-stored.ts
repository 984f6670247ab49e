import { parseTcbInfo, type TcbInfo } from "@sealserve/attestation";
import { parseSignedText } from "@sealserve/collateral";
import type { SqlConnection } from "../sql/database.ts";
import { documentKey } from "../store/document-key.ts";
import { findDocument } from "../store/documents.ts";
import {
  findPlatform,
  listPckCertificates,
  type PckCertificate,
  type Platform,
  type PlatformId,
  putResolvedTcb,
  type RawTcb,
} from "../store/platforms.ts";
import { candidatesOf } from "./candidates.ts";
import { selectPckCertificate } from "./select-pck-certificate.ts";

/**
 * The certificate of a stored platform for a raw TCB, by the levels of the TCB info that is stored.
 *
 * @returns undefined where there is no TCB info, or no certificate for the TCB
 */
export async function selectStored(
  connection: SqlConnection,
  platform: Platform,
  raw: RawTcb,
): Promise<PckCertificate | undefined> {
  const tcbInfo = await selectionTcbInfo(connection, platform.fmspc);
  const candidates = candidatesOf(await listPckCertificates(connection, platform));
  return tcbInfo === undefined ? undefined : selectPckCertificate(raw, platform.pceId, candidates, tcbInfo);
}

/** Levels by which certificates are selected: those of the early update where it is stored. */
export async function selectionTcbInfo(connection: SqlConnection, fmspc: string): Promise<TcbInfo | undefined> {
  for (const update of ["early", "standard"] as const) {
    const document = await findDocument(connection, documentKey.tcbInfo("sgx", fmspc, 4, update));
    if (document !== undefined) {
      return parseTcbInfo(parseSignedText(document.body, "tcbInfo").text);
    }
  }
  return undefined;
}

/** Selects the certificate for a raw TCB and remembers it; nothing happens where there is none. */
export async function resolveStored(connection: SqlConnection, id: PlatformId, raw: RawTcb): Promise<void> {
  const platform = await findPlatform(connection, id);
  const selected = platform && (await selectStored(connection, platform, raw));
  if (selected !== undefined) {
    await putResolvedTcb(connection, id, { cpuSvn: raw.cpuSvn, pceSvn: raw.pceSvn, tcbm: selected.tcbm });
  }
}
