import { createHash } from "node:crypto";
import { RecentMap } from "@sealserve/core";
import { raiseMarks } from "../admit-document.ts";
import type { Admission } from "../fill.ts";
import type { FmspcGroup, ListedFmspc, PlatformRequest } from "../provider.ts";
import { documentKey, type EvaluatedId, keyOf } from "../store/document-key.ts";
import { findDocument, type StoredDocument } from "../store/documents.ts";
import type { VerifiedPckCertificates } from "../verify-pck-certificates.ts";
import {
  type FetchContext,
  fetchVerifiedEvaluation,
  fetchVerifiedPlatform,
  refusingAsGarbage,
} from "./fetch-verified.ts";
import type { SingleFlight } from "./single-flight.ts";

/** How long something is kept. */
const KEPT_MS = 3_600_000;
/** Platforms whose lists are kept; each has some 50 KiB. Hardware encrypts its PPID anew each time, so their keys have no end. */
const MAX_PLATFORMS = 64;
const MAX_GROUPS = 4;
/** Documents of single evaluations; each has some 20 KiB. */
const MAX_EVALUATIONS = 256;

interface Kept<Value> {
  readonly value: Value;
  /** Time of the monotonic clock. */
  readonly until: number;
  /** Issue of the root's list that it was held against: a later one may take back who vouched for it (threat A2). */
  readonly rootList: number | undefined;
}

/** What Intel's service has and nobody here is to store: passed on, and kept in memory for a while. */
export class UpstreamListings {
  readonly #context: FetchContext;
  readonly #flights: SingleFlight;
  readonly #fmspcs = new RecentMap<Kept<readonly ListedFmspc[]>>(MAX_GROUPS);
  readonly #platforms = new RecentMap<Kept<VerifiedPckCertificates>>(MAX_PLATFORMS);
  readonly #evaluations = new RecentMap<Kept<StoredDocument>>(MAX_EVALUATIONS);

  /** @param flights shared with whatever else is fetched */
  constructor(context: FetchContext, flights: SingleFlight) {
    this.#context = context;
    this.#flights = flights;
  }

  /** Nobody signs this list: no decision may rest on it. @throws ProviderError */
  fmspcs(group: FmspcGroup, admission: Admission): Promise<readonly ListedFmspc[]> {
    const fetch = (): Promise<readonly ListedFmspc[]> => this.#context.provider.fetchFmspcs(group);
    return this.#kept(this.#fmspcs, `fmspcs/${group}`, fetch, admission);
  }

  /** The certificates of a platform, proven; those that Intel does not have are left out. @throws ProviderError */
  pckCertificates(request: PlatformRequest, admission: Admission): Promise<VerifiedPckCertificates> {
    const known = "manifest" in request ? `manifest/${request.manifest}` : `ppid/${request.encryptedPpid}`;
    const digest = createHash("sha256").update(`${known}/${request.pceId}`).digest("hex");
    const fetch = (): Promise<VerifiedPckCertificates> => fetchVerifiedPlatform(request, this.#context);
    return this.#kept(this.#platforms, `pck-certificates/${digest}`, fetch, admission);
  }

  /** The document of one TCB evaluation data number, proven and no older than the last one (threat A4). @throws ProviderError */
  evaluation(id: EvaluatedId, number: number, admission: Admission): Promise<StoredDocument> {
    const name = `evaluation ${number} of ${keyOf(id)}`;
    const fetch = async (): Promise<StoredDocument> => {
      const { document } = await fetchVerifiedEvaluation(id, number, this.#context);
      const marks = new Map([[`issue of ${name}`, BigInt(document.issued.getTime())]]);
      await refusingAsGarbage(() => this.#context.database.note((connection) => raiseMarks(connection, marks)));
      return document;
    };
    return this.#kept(this.#evaluations, name, fetch, admission);
  }

  async #kept<Value>(
    kept: RecentMap<Kept<Value>>,
    key: string,
    fetch: () => Promise<Value>,
    admission: Admission,
  ): Promise<Value> {
    const before = await this.#rootList();
    const known = kept.get(key);
    if (known !== undefined && performance.now() < known.until && known.rootList === before) {
      return known.value;
    }
    return this.#flights.run(
      key,
      async () => {
        const value = await fetch();
        // The first list of all comes with what is held against it.
        const rootList = before ?? (await this.#rootList());
        kept.set(key, { value, until: performance.now() + KEPT_MS, rootList });
        return value;
      },
      admission,
    );
  }

  async #rootList(): Promise<number | undefined> {
    const { database } = this.#context;
    const list = await database.read((connection) => findDocument(connection, documentKey.rootCaCrl()));
    return list?.issued.getTime();
  }
}
