import type { Collateral, IntelQuote } from "@sealserve/attestation";
import type { CollateralOptions, Vendor } from "@sealserve/simulator";
import { type CacheOptions, cachedSource } from "../src/cached-source.ts";
import type { CollateralSource } from "../src/source.ts";
import { quoteOf, root, now as start, vendor } from "./fixtures.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A source that signs fresh collateral, with a clock that the test moves. */
export class Scene {
  time = start.getTime();
  fetches = 0;
  failures: unknown[] = [];
  outage = false;
  collateral: CollateralOptions = {};
  rewrite = (collateral: Collateral): Collateral => collateral;
  vendorOf: (quote: IntelQuote) => Vendor = () => vendor;

  readonly source: CollateralSource = {
    fetchCollateral: async (quote) => {
      this.fetches += 1;
      if (this.outage) {
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
        throw new Error("outage");
      }
      return this.rewrite(await this.vendorOf(quote).collateral({ now: this.now(), ...this.collateral }));
    },
  };

  now(): Date {
    return new Date(this.time);
  }

  cache(options: Partial<CacheOptions> = {}) {
    return cachedSource(this.source, {
      now: () => this.now(),
      root,
      onRenewalFailure: (error) => this.failures.push(error),
      ...options,
    });
  }
}

export const quote = await quoteOf();
