import {
  AttestationError,
  type IntelQuote,
  type TrustedRoot,
  type VerifiedCollateral,
  verifySignatureOnly,
} from "@sealserve/attestation";
import { RecentMap } from "@sealserve/core";
import { type CacheContext, CachedPlatform } from "./cached-platform.ts";
import { type PlatformIdentity, platformOfChain } from "./platform-identity.ts";
import { PlatformMemory } from "./platform-memory.ts";
import { RollbackGuard } from "./rollback-guard.ts";
import type { RollbackMemory } from "./rollback-memory.ts";
import type { CollateralSource } from "./source.ts";

/** How {@link cachedSource} works. */
export interface CacheOptions {
  /** The verifier's own clock. */
  readonly now: () => Date;
  readonly root: TrustedRoot;
  /** Asks again after this time, so that a revocation shows before the lists run out. Default one day. */
  readonly maximumAgeMs?: number;
  /** Least time between two tries while what is kept still holds. Default five minutes. */
  readonly retryMs?: number;
  /** Kinds of platforms to remember; the one not renewed for longest gives way. Default 256. */
  readonly maximumPlatforms?: number;
  /** Keeps across restarts how far documents have come. Default: nothing does. */
  readonly memory?: RollbackMemory;
  /** Told about each renewal that failed while the last collateral is still in its window. */
  readonly onRenewalFailure?: (error: unknown) => void;
}

/** Verified collateral, kept ready. */
export interface CachedSource {
  /**
   * Collateral for the platform of `quote`: verified and in its window. No document in it was issued before one of its
   * kind that this cache had verified by then; what a source held back from the start nobody can tell. It holds a PCK
   * chain only for a quote that has none of its own.
   * @throws CollateralError, AttestationError
   */
  verifiedFor(quote: IntelQuote): Promise<VerifiedCollateral>;
  /**
   * The same where it is kept and not due for renewal, so that nobody is asked for anything; undefined otherwise. The
   * quote's signature is not looked at: verification does that. Nor does it say what is wrong with a quote whose platform
   * cannot be told.
   */
  keptFor(quote: IntelQuote): Promise<VerifiedCollateral | undefined>;
}

const DAY_MS = 24 * 3600 * 1000;
const FIVE_MINUTES_MS = 5 * 60 * 1000;
const MAXIMUM_PLATFORMS = 256;

/**
 * Fetches and verifies the collateral of each kind of platform (FMSPC) once and hands it out until it nears its end.
 * When a renewal fails, the last collateral serves on, but only within its own window, and not once a TCB recovery was
 * seen that it does not know of or the revocation of an authority was proven.
 */
export function cachedSource(source: CollateralSource, options: CacheOptions): CachedSource {
  const context: CacheContext = {
    source,
    now: options.now,
    root: options.root,
    maximumAgeMs: options.maximumAgeMs ?? DAY_MS,
    retryMs: options.retryMs ?? FIVE_MINUTES_MS,
    guard: new RollbackGuard(options.memory),
    onRenewalFailure: options.onRenewalFailure ?? (() => undefined),
  };
  const platforms = new RecentMap<CachedPlatform>(options.maximumPlatforms ?? MAXIMUM_PLATFORMS);
  const memory = new PlatformMemory();
  return {
    keptFor: async (quote) => {
      const identity = await identityOf(quote, source, memory).catch(() => undefined);
      return identity === undefined ? undefined : platforms.get(keyOf(identity))?.fresh();
    },
    verifiedFor: async (quote) => {
      const identity = await identityOf(quote, source, memory);
      const key = keyOf(identity);
      const kept = platforms.get(key)?.fresh();
      if (kept !== undefined) {
        return kept;
      }
      await expectSigned(quote, identity, context);
      const platform = platforms.get(key) ?? new CachedPlatform(identity, context);
      platforms.set(key, platform);
      return platform.renewed(quote);
    },
  };
}

function keyOf({ tee, ca, fmspc, suppliedPckChain = "" }: PlatformIdentity): string {
  return `${tee} ${ca} ${fmspc} ${suppliedPckChain}`;
}

/**
 * The platform of a quote. One without a PCK chain is the source's to identify, by the chain that it supplies; the source
 * is asked each time, which costs nothing with a file, and a PCCS refuses without a request.
 */
async function identityOf(
  quote: IntelQuote,
  source: CollateralSource,
  memory: PlatformMemory,
): Promise<PlatformIdentity> {
  if (quote.certificationData.pckCertificateChain === undefined) {
    const { pckCertificateChain } = await source.fetchCollateral(quote);
    if (pckCertificateChain !== undefined) {
      return platformOfChain(quote, pckCertificateChain);
    }
  }
  return memory.platformOf(quote);
}

/** Nobody makes this verifier keep or forget anything with a quote that no platform under the root has signed. */
async function expectSigned(
  quote: IntelQuote,
  { suppliedPckChain: pckCertificateChain }: PlatformIdentity,
  { now, root }: CacheContext,
): Promise<void> {
  const options = { now: now(), root, ...(pckCertificateChain === undefined ? {} : { pckCertificateChain }) };
  const { signatureValid, reason } = await verifySignatureOnly(quote, options);
  if (!signatureValid) {
    throw reason ?? new AttestationError("quote-signature-invalid", "quote is not signed");
  }
}
