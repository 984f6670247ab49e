import type { IntelQuote } from "@sealserve/attestation";
import { bytesKey, RecentMap } from "@sealserve/core";
import { type PlatformIdentity, platformOf } from "./platform-identity.ts";

/** Chains of a quote's size each, so that this stays below a few MiB whoever fills it. */
const CAPACITY = 256;

/**
 * {@link platformOf} with a memory: a machine sends the same chain with every quote, and taking three certificates apart
 * costs more than the check of a signature. It holds what chains say, proven or not; the oldest gives way.
 */
export class PlatformMemory {
  readonly #known = new RecentMap<PlatformIdentity>(CAPACITY);

  /** @throws CollateralError as {@link platformOf}, which is then asked again each time */
  platformOf(quote: IntelQuote): PlatformIdentity {
    const { pckCertificateChain } = quote.certificationData;
    if (pckCertificateChain === undefined) {
      return platformOf(quote);
    }
    const key = `${quote.tee} ${bytesKey(pckCertificateChain)}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      return known;
    }
    const identity = platformOf(quote);
    this.#known.set(key, identity);
    return identity;
  }
}
