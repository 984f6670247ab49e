import { createHash } from "node:crypto";
import { RecentMap } from "@sealserve/core";
import type { Admission } from "../fill.ts";
import type { FmspcGroup, ListedFmspc, PlatformRequest } from "../provider.ts";
import type { VerifiedPckCertificates } from "../verify-pck-certificates.ts";
import { type FetchContext, fetchVerifiedPlatform } from "./fetch-verified.ts";
import type { SingleFlight } from "./single-flight.ts";

/** How long a list is kept. */
const LIST_MS = 3_600_000;
/** Platforms whose lists are kept; each has some 50 KiB. Hardware encrypts its PPID anew each time, so their keys have no end. */
const MAX_PLATFORMS = 64;
const MAX_GROUPS = 4;

interface Kept<Value> {
  readonly value: Value;
  /** Time of the monotonic clock. */
  readonly until: number;
}

/** Lists of Intel's service that are passed on: kept in memory for a while, never stored. */
export class UpstreamListings {
  readonly #context: FetchContext;
  readonly #flights: SingleFlight;
  readonly #fmspcs = new RecentMap<Kept<readonly ListedFmspc[]>>(MAX_GROUPS);
  readonly #platforms = new RecentMap<Kept<VerifiedPckCertificates>>(MAX_PLATFORMS);

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

  async #kept<Value>(
    kept: RecentMap<Kept<Value>>,
    key: string,
    fetch: () => Promise<Value>,
    admission: Admission,
  ): Promise<Value> {
    const known = kept.get(key);
    if (known !== undefined && performance.now() < known.until) {
      return known.value;
    }
    return this.#flights.run(
      key,
      async () => {
        const value = await fetch();
        kept.set(key, { value, until: performance.now() + LIST_MS });
        return value;
      },
      admission,
    );
  }
}
