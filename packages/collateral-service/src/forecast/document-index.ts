import { parseTcbInfo, type TcbInfo } from "@sealserve/attestation";
import { parseSignedText } from "@sealserve/collateral";
import { parseCertificateRevocationList } from "@sealserve/core";
import type { StoredDocument } from "../store/documents.ts";

/** Stored documents by their keys. Each is read once, however many platforms are judged by it. */
export class DocumentIndex {
  readonly #documents: ReadonlyMap<string, StoredDocument>;
  readonly #tcbInfos = new Map<string, TcbInfo>();
  readonly #revoked = new Map<string, ReadonlySet<string>>();

  /** @param documents verified before they were stored */
  constructor(documents: readonly StoredDocument[]) {
    this.#documents = new Map(documents.map((document) => [document.key, document]));
  }

  find(key: string): StoredDocument | undefined {
    return this.#documents.get(key);
  }

  tcbInfo(key: string): TcbInfo | undefined {
    return this.#once(this.#tcbInfos, key, ({ body }) => parseTcbInfo(parseSignedText(body, "tcbInfo").text));
  }

  /** Serial numbers on a revocation list. */
  revoked(key: string): ReadonlySet<string> | undefined {
    return this.#once(this.#revoked, key, ({ body }) => parseCertificateRevocationList(body).revoked);
  }

  #once<Value>(known: Map<string, Value>, key: string, read: (document: StoredDocument) => Value): Value | undefined {
    const document = this.#documents.get(key);
    const value = known.get(key) ?? (document && read(document));
    if (value !== undefined) {
      known.set(key, value);
    }
    return value;
  }
}
