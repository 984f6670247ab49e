import {
  AttestationError,
  type Collateral,
  type IntelQuote,
  isIssuerRevoked,
  type TrustedRoot,
  type VerifiedCollateral,
  verifyCollateral,
} from "@sealserve/attestation";
import { parseCertificateRevocationList } from "@sealserve/core";
import { CollateralError } from "./errors.ts";
import { type PlatformIdentity, pckCaNamed } from "./platform-identity.ts";
import type { RollbackGuard } from "./rollback-guard.ts";
import type { CollateralSource } from "./source.ts";

/** What all platforms of a cache have in common. */
export interface CacheContext {
  readonly source: CollateralSource;
  readonly now: () => Date;
  readonly root: TrustedRoot;
  readonly maximumAgeMs: number;
  readonly retryMs: number;
  readonly guard: RollbackGuard;
  readonly onRenewalFailure: (error: unknown) => void;
}

interface Kept {
  readonly collateral: VerifiedCollateral;
  /** Time from which newer collateral is asked for, in milliseconds. */
  readonly renewAt: number;
}

/** Verified collateral of one platform: fetched when first needed, then renewed before it runs out. */
export class CachedPlatform {
  readonly #identity: PlatformIdentity;
  readonly #context: CacheContext;
  #kept: Kept | undefined;
  #pending: Promise<VerifiedCollateral> | undefined;

  constructor(identity: PlatformIdentity, context: CacheContext) {
    this.#identity = identity;
    this.#context = context;
  }

  /** What is kept, unless it is time for newer collateral. */
  fresh(): VerifiedCollateral | undefined {
    const kept = this.#usable();
    return kept !== undefined && this.#time() < kept.renewAt ? kept.collateral : undefined;
  }

  /**
   * Newer collateral, or what is kept when there is none to be had. All who wait for the same fetch share it.
   * @throws CollateralError, AttestationError, and no fallback, when the source proves that an authority is revoked
   */
  renewed(quote: IntelQuote): Promise<VerifiedCollateral> {
    this.#pending ??= this.#renew(quote).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #renew(quote: IntelQuote): Promise<VerifiedCollateral> {
    try {
      return this.#keep(await this.#fetch(quote));
    } catch (error) {
      const kept = this.#usable();
      if (kept === undefined) {
        throw error;
      }
      this.#kept = { ...kept, renewAt: this.#time() + this.#context.retryMs };
      this.#context.onRenewalFailure(error);
      return kept.collateral;
    }
  }

  async #fetch(quote: IntelQuote): Promise<VerifiedCollateral> {
    const { source, guard } = this.#context;
    // One machine's chain in the source must not take the place of another machine's chain in its quote.
    const { pckCertificateChain: _, ...shared } = await source.fetchCollateral(quote);
    const chain = this.#identity.suppliedPckChain;
    const collateral = await this.#verify(chain === undefined ? shared : { ...shared, pckCertificateChain: chain });
    this.#expectSamePlatform(collateral);
    await guard.admit(collateral);
    return collateral;
  }

  async #verify(collateral: Collateral): Promise<VerifiedCollateral> {
    const { now, root, guard } = this.#context;
    try {
      return await verifyCollateral(collateral, { now: now(), root });
    } catch (error) {
      if (error instanceof AttestationError && isIssuerRevoked(error.code)) {
        await guard.revoke(parseCertificateRevocationList(collateral.rootCaCrl).thisUpdate, () => {
          this.#kept = undefined; // even when it was verified with a list of the same date
        });
      }
      throw error;
    }
  }

  #keep(collateral: VerifiedCollateral): VerifiedCollateral {
    const { maximumAgeMs, retryMs } = this.#context;
    const remaining = collateral.earliestExpiry.getTime() - this.#time();
    // Half of the rest leaves time to try again; a source that keeps its old documents is not asked without end.
    const wait = Math.max(retryMs, Math.min(maximumAgeMs, remaining / 2));
    this.#kept = { collateral, renewAt: this.#time() + wait };
    return collateral;
  }

  #expectSamePlatform({ tee, fmspc, pckCa }: VerifiedCollateral): void {
    const identity = this.#identity;
    const expected = `${identity.tee}, FMSPC ${identity.fmspc}, list of the ${identity.ca} CA`;
    const actual = `${tee}, FMSPC ${fmspc}, list of the ${pckCaNamed(pckCa)} CA`;
    if (actual !== expected) {
      const message = "the source answered with collateral for another platform";
      throw new CollateralError("wrong-platform", message, { expected, actual });
    }
  }

  /** What is kept, if it is in its window and nothing seen since speaks against it. */
  #usable(): Kept | undefined {
    const kept = this.#kept;
    const usable =
      kept !== undefined &&
      this.#time() <= kept.collateral.earliestExpiry.getTime() &&
      this.#context.guard.holds(kept.collateral);
    return usable ? kept : undefined;
  }

  #time(): number {
    return this.#context.now().getTime();
  }
}
