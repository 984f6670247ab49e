import { type SgxQuote, type TrustedRoot, type VerifiedCollateral, verifyCollateral } from "@sealserve/attestation";
import { CollateralError } from "./errors.ts";
import type { EvaluationMark } from "./evaluation-mark.ts";
import type { PlatformIdentity } from "./platform-identity.ts";
import type { CollateralSource } from "./source.ts";

/** What all platforms of a cache have in common. */
export interface CacheContext {
  readonly source: CollateralSource;
  readonly now: () => Date;
  readonly root: TrustedRoot;
  readonly maximumAgeMs: number;
  readonly retryMs: number;
  readonly mark: EvaluationMark;
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
    const kept = this.#inWindow();
    return kept !== undefined && this.#time() < kept.renewAt ? kept.collateral : undefined;
  }

  /** Newer collateral, or what is kept when there is none to be had. All who wait for the same fetch share it. */
  renewed(quote: SgxQuote): Promise<VerifiedCollateral> {
    this.#pending ??= this.#renew(quote).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #renew(quote: SgxQuote): Promise<VerifiedCollateral> {
    try {
      return this.#keep(await this.#fetch(quote));
    } catch (error) {
      const kept = this.#inWindow();
      if (kept === undefined) {
        throw error;
      }
      this.#kept = { ...kept, renewAt: this.#time() + this.#context.retryMs };
      this.#context.onRenewalFailure(error);
      return kept.collateral;
    }
  }

  async #fetch(quote: SgxQuote): Promise<VerifiedCollateral> {
    const { source, now, root, mark } = this.#context;
    const collateral = await verifyCollateral(await source.fetchCollateral(quote), { now: now(), root });
    this.#expectSamePlatform(collateral);
    mark.raise(collateral);
    this.#expectNoOlder(collateral);
    return collateral;
  }

  #keep(collateral: VerifiedCollateral): VerifiedCollateral {
    const { maximumAgeMs, retryMs } = this.#context;
    const remaining = collateral.earliestExpiry.getTime() - this.#time();
    // Half of the rest leaves time to try again; a source that keeps its old documents is not asked without end.
    const wait = Math.max(retryMs, Math.min(maximumAgeMs, remaining / 2));
    this.#kept = { collateral, renewAt: this.#time() + wait };
    return collateral;
  }

  #expectSamePlatform({ fmspc }: VerifiedCollateral): void {
    if (fmspc !== this.#identity.fmspc) {
      throw new CollateralError("wrong-platform", "the source answered with TCB info for another platform", {
        expected: this.#identity.fmspc,
        actual: fmspc,
      });
    }
  }

  #expectNoOlder({ issuedAt }: VerifiedCollateral): void {
    const last = this.#kept?.collateral.issuedAt;
    if (last !== undefined && issuedAt < last) {
      throw new CollateralError("rolled-back", "the source went back to TCB info of an earlier issue", {
        expected: `issued ${last.toISOString()} or later`,
        actual: issuedAt.toISOString(),
        remedy: "refresh the PCCS",
      });
    }
  }

  #inWindow(): Kept | undefined {
    const kept = this.#kept;
    return kept !== undefined && this.#time() <= kept.collateral.earliestExpiry.getTime() ? kept : undefined;
  }

  #time(): number {
    return this.#context.now().getTime();
  }
}
