import { RecentMap } from "@sealserve/core";

/** Addresses that are watched at once; the one not seen for longest gives way. */
const MAXIMUM_ADDRESSES = 4096;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Lets each address do something so often: `burst` times at once, then `perSecond`. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new RecentMap<Bucket>(MAXIMUM_ADDRESSES);

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Whether the address has one left. @param now milliseconds, of a clock that never goes back */
  allows(address: string, now: number): boolean {
    return this.#fill(address, now).tokens >= 1;
  }

  /** Takes one, when there is one. @returns whether there was */
  take(address: string, now: number): boolean {
    const bucket = this.#fill(address, now);
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens -= 1;
    return true;
  }

  #fill(address: string, now: number): Bucket {
    const bucket = this.#buckets.get(address) ?? { tokens: this.#burst, filledAt: now };
    this.#buckets.set(address, bucket);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * this.#perSecond);
    bucket.filledAt = now;
    return bucket;
  }
}
