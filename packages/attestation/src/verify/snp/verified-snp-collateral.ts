import { bytesKey } from "@sealserve/core";
import type { SnpSigningKey } from "../../snp/report-flags.ts";
import type { SnpProduct } from "../../tee/snp-product.ts";
import { isSimulated } from "../../trust/trusted-root.ts";
import { ProofCache } from "../proof-cache.ts";
import type { VerifiedCrl } from "../revocation.ts";
import { earliestEnd, type Window } from "../window.ts";
import { type VekEndorsements, type VerifiedVek, verifyVek } from "./verified-vek.ts";

/** Whether the CA of an endorsement key was looked up on the list of the root. */
export type SnpRevocation = "checked" | "unchecked";

/** Everything that SEV-SNP collateral proved. */
export interface SnpCollateralFacts extends VekEndorsements {
  /** Undefined where no list was given. */
  readonly crl: VerifiedCrl | undefined;
  readonly windows: readonly Window[];
  /** The endorsement key of one processor, which every report is then held against. */
  readonly suppliedVek: VerifiedVek | undefined;
  readonly digest: string;
}

/** What is proven behind a set of collateral, and the endorsement keys that were proven with it. */
interface Proof {
  readonly facts: SnpCollateralFacts;
  /** By their exact bytes. */
  readonly veks: ProofCache<VerifiedVek>;
}

/** How many endorsement keys one set of collateral remembers: about 6 KiB each. */
const VEKS = 1024;

/** Nobody outside this module has it, so the constructor, which is in reach through any instance, makes nothing else. */
const MAKER = Symbol("maker of verified SEV-SNP collateral");

let make: (facts: SnpCollateralFacts) => VerifiedSnpCollateral;
let isMade: (value: object) => value is VerifiedSnpCollateral;
let proofOf: (collateral: VerifiedSnpCollateral) => Proof;

/**
 * Collateral for SEV-SNP whose signatures, revocations and form are proven, to be used for many reports: only the time is
 * checked again for each. Made by `verifySnpCollateral` alone.
 */
export class VerifiedSnpCollateral {
  readonly tee = "snp";
  readonly product: SnpProduct;
  /** The kind of endorsement keys that it can prove. */
  readonly signingKey: SnpSigningKey;
  /** Its root is not AMD's. */
  readonly simulated: boolean;
  /** SHA-256 of the root key, hex. */
  readonly rootKey: string;
  /** SHA-256, hex, over its certificates in DER and its list; names the set. */
  readonly digest: string;
  readonly revocation: SnpRevocation;
  /** When the list of the root was issued. */
  readonly crlIssued: Date | undefined;
  /** The root counts its lists. Undefined without a list, or for one without a number. */
  readonly crlNumber: bigint | undefined;
  /** The first moment at which the list or a certificate in it expires. */
  readonly earliestExpiry: Date;
  readonly #proof: Proof;

  private constructor(maker: symbol, facts: SnpCollateralFacts) {
    if (maker !== MAKER) {
      throw new TypeError("only verifySnpCollateral makes verified SEV-SNP collateral");
    }
    const { authority, crl, trust, windows, digest } = facts;
    this.#proof = { facts, veks: new ProofCache<VerifiedVek>(VEKS) };
    this.product = authority.product;
    this.signingKey = authority.signingKey;
    this.simulated = isSimulated(trust.rootKey);
    this.rootKey = trust.rootKey.toLowerCase();
    this.digest = digest;
    this.revocation = crl === undefined ? "unchecked" : "checked";
    this.crlIssued = crl && new Date(crl.window.notBefore);
    this.crlNumber = crl?.number;
    this.earliestExpiry = earliestEnd(windows);
    Object.freeze(this);
  }

  static {
    make = (facts) => new VerifiedSnpCollateral(MAKER, facts);
    isMade = (value): value is VerifiedSnpCollateral => #proof in value;
    proofOf = (collateral) => collateral.#proof;
  }
}

/** Makes one from what was proven. */
export function sealSnpCollateral(facts: SnpCollateralFacts): VerifiedSnpCollateral {
  return make(facts);
}

/** Whether `value` was made by {@link sealSnpCollateral}, whatever its prototype says. */
export function isVerifiedSnpCollateral(value: object): value is VerifiedSnpCollateral {
  return isMade(value);
}

/** What the verifier of evidence works with. */
export function snpCollateralFacts(collateral: VerifiedSnpCollateral): SnpCollateralFacts {
  return proofOf(collateral).facts;
}

/** Proves the certificate (DER) of an endorsement key, or finds the proof made before. Time is not checked. */
export function proveVek(collateral: VerifiedSnpCollateral, der: Uint8Array): Promise<VerifiedVek> {
  const { facts, veks } = proofOf(collateral);
  return veks.find(bytesKey(der), () => verifyVek(der, facts));
}
