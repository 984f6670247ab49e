import type { TrustedRoot } from "@sealserve/attestation";
import { admitDocument } from "../admit-document.ts";
import { neededList, refusingAsGarbage } from "../fill/fetch-verified.ts";
import { oneAtATime } from "../fill/shared-flight.ts";
import { SingleFlight } from "../fill/single-flight.ts";
import type { Admission, FillMode } from "../fill.ts";
import type { OpenRequest } from "../http/open-route.ts";
import { ProviderError } from "../provider.ts";
import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { findDocument, listDocuments, type StoredDocument } from "../store/documents.ts";
import type { VerifiedDocument } from "../verify-document.ts";
import {
  AMD_MEDIA_TYPES,
  AMD_PREFIX,
  type AmdDocumentId,
  amdKey,
  certificatePrefix,
  idOfAmdKey,
  isCertificate,
  parseAmdPath,
  vekOf,
} from "./amd-document.ts";
import type { AmdProvider } from "./kds-provider.ts";
import { verifyAmdDocument } from "./verify-amd-document.ts";

/** What AMD's part of the cache works with. */
export interface AmdContext {
  readonly mode: FillMode;
  readonly provider: AmdProvider;
  readonly database: SqlDatabase;
  readonly root: TrustedRoot;
  readonly now: () => Date;
  /** How long it is remembered that AMD does not have something. Default 60 s. */
  readonly absenceMs?: number;
}

const ABSENCE_MS = 60_000;
/** AMD makes a certificate for any TCB that anybody asks for; a chip has few in its life. */
const MAX_PER_CHIP = 16;
/** A provider has one VLEK for all chips of a product and TCB. */
const MAX_PER_PRODUCT = 64;

/** What a path of AMD's answers with. */
export interface AmdAnswer {
  readonly document: StoredDocument;
  readonly mediaType: string;
}

/**
 * AMD's endorsements of SEV-SNP: VCEKs, VLEKs, chains and revocation lists, cached and verified as Intel's collateral is. Served
 * only in their windows: one past its end is fetched again, or refused.
 */
export class AmdCollateral {
  readonly #context: AmdContext;
  readonly #flights: SingleFlight;

  constructor(context: AmdContext) {
    this.#context = context;
    this.#flights = new SingleFlight(context.absenceMs ?? ABSENCE_MS);
  }

  /**
   * Answers a path of AMD's service.
   * @returns undefined for a path that it does not have
   * @throws ProviderError
   */
  async answer({ path, query, admission }: OpenRequest): Promise<AmdAnswer | undefined> {
    const id = parseAmdPath(path, new URLSearchParams(query));
    return id && { document: await this.document(id, admission), mediaType: AMD_MEDIA_TYPES[id.kind] };
  }

  /** A document in its window, fetched where it is not stored and the mode is LAZY. @throws ProviderError */
  async document(id: AmdDocumentId, admission?: Admission): Promise<StoredDocument> {
    const stored = await this.#current(id);
    if (stored !== undefined) {
      return stored;
    }
    if (this.#context.mode !== "LAZY") {
      throw new ProviderError("not-found", `${amdKey(id)} is not stored, or past its end`);
    }
    const complete = async (): Promise<StoredDocument> => {
      if (id.kind === "crl") {
        await this.#chainFor(id); // which may come with its list
      }
      return (await this.#current(id)) ?? this.#fetch(id);
    };
    return this.#flights.run(amdKey(id), () => oneAtATime(this.#context.database, amdKey(id), complete), admission);
  }

  /** What a refresh fetches again: chains and lists. Certificates never change. */
  async refreshable(): Promise<AmdDocumentId[]> {
    const stored = await this.#context.database.read((connection) => listDocuments(connection, AMD_PREFIX));
    return stored
      .map(({ key }) => idOfAmdKey(key))
      .filter((id) => id !== undefined && !isCertificate(id)) as AmdDocumentId[];
  }

  /** Fetches a document again. @throws ProviderError, and what is stored stays */
  async refresh(id: AmdDocumentId): Promise<void> {
    await this.#flights.run(`refresh/${amdKey(id)}`, () => this.#fetch(id));
  }

  async #fetch(id: AmdDocumentId): Promise<StoredDocument> {
    const { provider, database, root, now } = this.#context;
    const chain = id.kind === "cert-chain" ? undefined : await this.#chainFor(id);
    const body = await provider.fetch(id);
    const crl = id.kind === "crl" ? undefined : await this.#listFor(id, chain ?? new TextDecoder().decode(body));
    return refusingAsGarbage(async () => {
      const verified = await verifyAmdDocument(id, body, { root, now: now(), chain, crl });
      if (await database.read((connection) => hasRoom(connection, id))) {
        await database.write((connection) => admitIfRoom(connection, id, verified));
      }
      return verified.document;
    });
  }

  /** The root's list, without which it cannot be looked up whether the CA was taken back (threat A2). @throws ProviderError */
  async #listFor(id: AmdDocumentId, chain: string): Promise<Uint8Array> {
    const { provider, database, root, now } = this.#context;
    const list = { kind: "crl", vek: vekOf(id), product: id.product } as const;
    const stored = await this.#current(list);
    if (stored !== undefined) {
      return stored.body;
    }
    const body = await neededList(provider.fetch(list));
    await refusingAsGarbage(async () => {
      const verified = await verifyAmdDocument(list, body, { root, now: now(), chain });
      await database.write((connection) => admitDocument(connection, verified));
    });
    return body;
  }

  async #chainFor(id: AmdDocumentId): Promise<string> {
    const { body } = await this.document({ kind: "cert-chain", vek: vekOf(id), product: id.product });
    return new TextDecoder().decode(body);
  }

  async #current(id: AmdDocumentId): Promise<StoredDocument | undefined> {
    const stored = await this.#find(id);
    return stored !== undefined && this.#context.now() <= stored.nextUpdate ? stored : undefined;
  }

  #find(id: AmdDocumentId): Promise<StoredDocument | undefined> {
    return this.#context.database.read((connection) => findDocument(connection, amdKey(id)));
  }
}

/** Others of the same chip may have been stored since there was room. */
async function admitIfRoom(connection: SqlConnection, id: AmdDocumentId, verified: VerifiedDocument): Promise<void> {
  if (await hasRoom(connection, id)) {
    await admitDocument(connection, verified);
  }
}

async function hasRoom(connection: SqlConnection, id: AmdDocumentId): Promise<boolean> {
  if (!isCertificate(id)) {
    return true;
  }
  const kept = await listDocuments(connection, certificatePrefix(id));
  return kept.length < (id.kind === "vcek" ? MAX_PER_CHIP : MAX_PER_PRODUCT);
}
