import { parseTcbInfo, type TcbInfo } from "@sealserve/attestation";
import { parseSignedText } from "@sealserve/collateral";
import type { StoredDocument } from "../store/documents.ts";

/** The TCB info in a stored document, which was verified before it was stored. */
export function readTcbInfo(document: StoredDocument | undefined): TcbInfo | undefined {
  return document === undefined ? undefined : parseTcbInfo(parseSignedText(document.body, "tcbInfo").text);
}
