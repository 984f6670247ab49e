import type { QeIdentity } from "../../collateral/qe-identity.ts";
import type { IntelTeeKind } from "../../tee/tee-kind.ts";
import { isSimulated } from "../../trust/trusted-root.ts";
import { ProofCache } from "../proof-cache.ts";
import type { VerifiedCrl } from "../revocation.ts";
import { earliestEnd, type Window } from "../window.ts";
import { type PckEndorsements, verifyPckChain } from "./pck-chain.ts";
import type { VerifiedPck } from "./pck-identity.ts";

/** Everything that collateral proved. */
export interface CollateralFacts extends PckEndorsements {
  readonly qeIdentity: QeIdentity;
  readonly windows: readonly Window[];
  /** PEM, not verified yet: it belongs to one platform. */
  readonly suppliedPckChain: string | undefined;
  readonly digest: string;
}

/** What is proven behind a set of collateral, and the PCK chains that were proven with it. */
interface Proof {
  readonly facts: CollateralFacts;
  /** By their exact text. */
  readonly pckChains: ProofCache<VerifiedPck>;
}

/** How many platforms one set of collateral remembers: about 8 KiB each, never more than 16 KiB of text beside it. */
const PCK_CHAINS = 1024;

/** Nobody outside this module has it, so the constructor, which is in reach through any instance, makes nothing else. */
const MAKER = Symbol("maker of verified collateral");

let make: (facts: CollateralFacts) => VerifiedCollateral;
let isMade: (value: object) => value is VerifiedCollateral;
let proofOf: (collateral: VerifiedCollateral) => Proof;

/**
 * Collateral whose signatures, revocations and form are proven, to be used for many quotes: only the time is checked
 * again for each. Made by `verifyCollateral` alone.
 */
export class VerifiedCollateral {
  readonly tee: IntelTeeKind;
  /** Its root is not Intel's. */
  readonly simulated: boolean;
  /** SHA-256 of the root key, hex. */
  readonly rootKey: string;
  /** Names the set of collateral: see `collateralDigest`. */
  readonly digest: string;
  /** The platforms it is about. */
  readonly fmspc: string;
  readonly pceId: string;
  /** Common name of the CA whose list of PCK certificates is in it. */
  readonly pckCa: string;
  /** They rise with every TCB recovery. */
  readonly evaluationNumbers: Readonly<Record<"tcbInfo" | "qeIdentity", number>>;
  /** The lower one of {@link evaluationNumbers}: what all of the collateral comes up to. */
  readonly tcbEvaluationDataNumber: number;
  /** When each of its documents and lists was issued. */
  readonly issued: Readonly<Record<"tcbInfo" | "qeIdentity" | "rootCaCrl" | "pckCrl", Date>>;
  /** CRL numbers: each issuer counts its lists. Undefined for a list without one. */
  readonly crlNumbers: Readonly<Record<"rootCaCrl" | "pckCrl", bigint | undefined>>;
  /** The first moment at which a document, list or certificate in it expires. */
  readonly earliestExpiry: Date;
  readonly #proof: Proof;

  private constructor(maker: symbol, facts: CollateralFacts) {
    if (maker !== MAKER) {
      throw new TypeError("only verifyCollateral makes verified collateral");
    }
    const { tcbInfo, qeIdentity } = facts;
    this.#proof = { facts, pckChains: new ProofCache<VerifiedPck>(PCK_CHAINS) };
    this.tee = tcbInfo.tee;
    this.simulated = isSimulated(facts.trust.rootKey);
    this.rootKey = facts.trust.rootKey.toLowerCase();
    this.digest = facts.digest;
    this.fmspc = tcbInfo.fmspc;
    this.pceId = tcbInfo.pceId;
    this.pckCa = facts.pckCa.subject.commonName ?? "";
    this.evaluationNumbers = Object.freeze({
      tcbInfo: tcbInfo.tcbEvaluationDataNumber,
      qeIdentity: qeIdentity.tcbEvaluationDataNumber,
    });
    this.tcbEvaluationDataNumber = Math.min(...Object.values(this.evaluationNumbers));
    this.issued = Object.freeze({
      tcbInfo: new Date(tcbInfo.issueDate),
      qeIdentity: new Date(qeIdentity.issueDate),
      rootCaCrl: new Date(facts.rootCrl.window.notBefore),
      pckCrl: new Date(facts.pckCrl.window.notBefore),
    });
    this.crlNumbers = Object.freeze({ rootCaCrl: facts.rootCrl.number, pckCrl: facts.pckCrl.number });
    this.earliestExpiry = earliestEnd(facts.windows);
    Object.freeze(this);
  }

  static {
    make = (facts) => new VerifiedCollateral(MAKER, facts);
    isMade = (value): value is VerifiedCollateral => #proof in value;
    proofOf = (collateral) => collateral.#proof;
  }
}

/** Makes one from what was proven. */
export function sealCollateral(facts: CollateralFacts): VerifiedCollateral {
  return make(facts);
}

/** Whether `value` was made by {@link sealCollateral}, whatever its prototype says. */
export function isVerifiedCollateral(value: object): value is VerifiedCollateral {
  return isMade(value);
}

/** What the verifier of evidence works with. */
export function collateralFacts(collateral: VerifiedCollateral): CollateralFacts {
  return proofOf(collateral).facts;
}

/** Proves a PCK chain, or finds the proof made before. Time is not checked. */
export function provePckChain(collateral: VerifiedCollateral, pem: string): Promise<VerifiedPck> {
  const { facts, pckChains } = proofOf(collateral);
  return pckChains.find(pem, () => verifyPckChain(pem, facts));
}

/**
 * Whether `newer` has a later list of the same authority than `older`, and a serial number on it that the earlier list did
 * not have: then `older` may clear a certificate that is known to be revoked.
 */
export function revokesMore(newer: VerifiedCollateral, older: VerifiedCollateral): boolean {
  const [later, earlier] = [collateralFacts(newer), collateralFacts(older)];
  const sameCa = later.trust.rootKey === earlier.trust.rootKey && newer.pckCa === older.pckCa;
  return hasNewSerials(later.rootCrl, earlier.rootCrl) || (sameCa && hasNewSerials(later.pckCrl, earlier.pckCrl));
}

function hasNewSerials(later: VerifiedCrl, earlier: VerifiedCrl): boolean {
  return (
    later.window.notBefore > earlier.window.notBefore &&
    [...later.revoked].some((serial) => !earlier.revoked.has(serial))
  );
}
