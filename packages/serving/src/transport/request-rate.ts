import { RecentMap } from "@sealserve/core";
import { ServingError } from "@sealserve/protocol";
import { clientNetwork } from "@sealserve/ra-tls";
import type { ServingLimits } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Addresses that are remembered; of more, those that asked first longest ago start anew. */
const MAX_ADDRESSES = 10_000;
const SECOND_MS = 1000;

/** Limits how many requests one address may send in a second, over all ports; as many again may come at once. */
export class RequestRate {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets = new RecentMap<TokenBucket>(MAX_ADDRESSES);

  /** @param now milliseconds of a clock that only goes forward */
  constructor(
    { maxRequestsPerSecondPerAddress }: Pick<ServingLimits, "maxRequestsPerSecondPerAddress">,
    now: () => number = () => performance.now(),
  ) {
    this.#perSecond = maxRequestsPerSecondPerAddress;
    this.#now = now;
  }

  /** Counts a request. @throws ServingError `RESOURCE_EXHAUSTED` when it is one too many */
  admit(connection: { readonly remoteAddress?: string | undefined } | undefined): void {
    if (this.#perSecond > 0 && !this.#bucketOf(clientNetwork(connection?.remoteAddress)).take(this.#now())) {
      throw new ServingError("RESOURCE_EXHAUSTED", "Too many requests from this address; try again later");
    }
  }

  #bucketOf(client: string): TokenBucket {
    const known = this.#buckets.get(client);
    if (known !== undefined) {
      return known;
    }
    const bucket = new TokenBucket(this.#perSecond, SECOND_MS / this.#perSecond, this.#now());
    this.#buckets.set(client, bucket);
    return bucket;
  }
}
