import { decodeUtf8, type EcdsaVerifier, ecdsaVerifier, parseEcPublicKeyInfo } from "@sealserve/core";
import { AttestationError, refuseAs } from "../../errors.ts";
import { type PckExtension, parsePckExtension } from "../../pck/pck-extension.ts";
import type { IntelQuote } from "../../quote/intel-quote.ts";
import type { VerifiedChain } from "../certificate-chain.ts";
import { ProofCache } from "../proof-cache.ts";
import type { Window } from "../window.ts";

/** The platform as its PCK certificate describes it. */
export interface PckIdentity extends PckExtension {
  /** Hex octets of the serial number. */
  readonly serialNumber: string;
  /** Common name of the CA that issued the certificate. */
  readonly issuer: string;
}

/** A PCK certificate whose chain is proven. Time is not checked. */
export interface VerifiedPck {
  readonly identity: PckIdentity;
  /** Verifies with the PCK key. */
  readonly verify: EcdsaVerifier;
  readonly windows: readonly Window[];
  /** What verifies with the attestation keys that this platform is proven to have vouched for. */
  readonly attestationKeys: ProofCache<EcdsaVerifier>;
}

/** A platform has one attestation key, and a new one after an update of its quoting enclave. */
const ATTESTATION_KEYS = 8;

/**
 * The PCK chain to verify a quote with: the one supplied beside the quote, or else the one inside.
 * @throws AttestationError `pck-chain-missing` for a quote that only hints at its platform, `pck-chain-malformed`
 */
export function selectPckChain(quote: IntelQuote, supplied: string | undefined): string {
  const { type, pckCertificateChain } = quote.certificationData;
  if (supplied !== undefined) {
    return supplied;
  }
  if (pckCertificateChain === undefined) {
    throw new AttestationError("pck-chain-missing", "quote does not contain its PCK certificate chain", {
      expected: "certification data of type 5",
      actual: `type ${type}`,
      remedy: "supply the chain with the collateral",
    });
  }
  return refuseAs("pck-chain-malformed", "PCK certificate chain", () => decodeUtf8(pckCertificateChain));
}

/** Key and platform of a proven PCK chain. @throws AttestationError `pck-extension-malformed` */
export async function readVerifiedPck({ leaf, issuer, windows }: VerifiedChain): Promise<VerifiedPck> {
  const extension = parsePckExtension(leaf);
  // Frozen, because one proof serves many quotes and callers get to see it.
  const identity = Object.freeze({
    ...extension,
    components: Object.freeze(extension.components),
    configuration: Object.freeze(extension.configuration),
    serialNumber: leaf.serialNumber,
    issuer: issuer.subject.commonName ?? "",
  });
  const verify = await ecdsaVerifier(parseEcPublicKeyInfo(leaf.publicKeyInfo), "SHA-256");
  return { identity, verify, windows, attestationKeys: new ProofCache(ATTESTATION_KEYS) };
}
