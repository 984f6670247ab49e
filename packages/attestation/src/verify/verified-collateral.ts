import type { QeIdentity } from "../collateral/qe-identity.ts";
import type { TeeKind } from "../tee/intel-tee.ts";
import { isSimulated, type TrustedRoot } from "../trust/trusted-root.ts";
import { type PckEndorsements, verifyPckChain } from "./pck-chain.ts";
import { PckChainCache } from "./pck-chain-cache.ts";
import type { VerifiedPck } from "./pck-identity.ts";
import { earliestEnd, type Window } from "./window.ts";

/** Everything that collateral proved. */
export interface CollateralFacts extends PckEndorsements {
  readonly qeIdentity: QeIdentity;
  readonly windows: readonly Window[];
  /** PEM, not verified yet: it belongs to one platform. */
  readonly suppliedPckChain: string | undefined;
  readonly digest: string;
}

/**
 * Collateral whose signatures, revocations and form are proven, to be used for many quotes: only the time is checked
 * again for each. Made by `verifyCollateral` alone.
 */
export class VerifiedCollateral {
  readonly tee: TeeKind;
  /** Its root is not Intel's. */
  readonly simulated: boolean;
  readonly root: TrustedRoot;
  /** SHA-256 of the collateral in its file form, hex. */
  readonly digest: string;
  /** The platforms it is about. */
  readonly fmspc: string;
  readonly pceId: string;
  /** The lower one of TCB info and QE identity; it rises with every TCB recovery. */
  readonly tcbEvaluationDataNumber: number;
  /** When the TCB info was issued. */
  readonly issuedAt: Date;
  /** The first moment at which a document, list or certificate in it expires. */
  readonly earliestExpiry: Date;
  readonly #facts: CollateralFacts;
  readonly #pckChains = new PckChainCache();

  private constructor(facts: CollateralFacts) {
    const { tcbInfo, qeIdentity } = facts;
    this.#facts = facts;
    this.tee = tcbInfo.tee;
    this.simulated = isSimulated(facts.root.publicKeySha256);
    this.root = facts.root;
    this.digest = facts.digest;
    this.fmspc = tcbInfo.fmspc;
    this.pceId = tcbInfo.pceId;
    this.tcbEvaluationDataNumber = Math.min(tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber);
    this.issuedAt = new Date(tcbInfo.issueDate);
    this.earliestExpiry = earliestEnd(facts.windows);
    Object.freeze(this);
  }

  /** Makes one from what was proven. Callers outside this package see the type only. */
  static seal(facts: CollateralFacts): VerifiedCollateral {
    return new VerifiedCollateral(facts);
  }

  /** Whether `value` was made by {@link VerifiedCollateral.seal}, whatever its prototype says. */
  static is(value: object): value is VerifiedCollateral {
    return #facts in value;
  }

  /** What the verifier of evidence works with. */
  static factsOf(collateral: VerifiedCollateral): CollateralFacts {
    return collateral.#facts;
  }

  /** Proves a PCK chain, or finds the proof made before. Time is not checked. */
  static provePckChain(collateral: VerifiedCollateral, pem: string): Promise<VerifiedPck> {
    return collateral.#pckChains.find(pem, () => verifyPckChain(pem, collateral.#facts));
  }
}
