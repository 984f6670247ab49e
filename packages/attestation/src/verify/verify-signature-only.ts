import { AttestationError, type AttestationErrorCode } from "../errors.ts";
import { type Evidence, parseEvidence } from "../evidence.ts";
import type { IntelQuote } from "../quote/intel-quote.ts";
import { isSimulated } from "../trust/trusted-root.ts";
import { verifyChain } from "./certificate-chain.ts";
import { certificatePool } from "./certificate-pool.ts";
import { proveAttestationKey } from "./intel/attestation-key.ts";
import { CHAINS } from "./intel/chains.ts";
import { readVerifiedPck, selectPckChain } from "./intel/pck-identity.ts";
import { verifyQuoteSignature } from "./intel/quote-signature.ts";
import { snapshotEvidence } from "./verify-evidence.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { expectCurrent } from "./window.ts";

/** What can be said of evidence without collateral. Never an acceptance: it may be revoked, outdated, or not from the QE. */
export interface SignatureCheck {
  readonly signatureValid: boolean;
  /** The root it was held against is not Intel's. */
  readonly simulated: boolean;
  /** Why the signature does not hold. */
  readonly reason?: { readonly code: AttestationErrorCode; readonly message: string };
}

/** Options of {@link verifySignatureOnly}. */
export interface SignatureOnlyOptions extends VerifyOptions {
  /** PEM; takes the place of the chain in the quote. */
  readonly pckCertificateChain?: string;
}

/**
 * Checks the signatures of evidence without collateral: PCK chain to the trusted root, QE report, binding, quote.
 * Revocation, identity of the quoting enclave and TCB remain unknown, so the result is no {@link VerifiedEvidence}.
 * @throws AttestationError when the evidence cannot be parsed
 */
export async function verifySignatureOnly(
  evidence: Uint8Array | Evidence,
  options: SignatureOnlyOptions,
): Promise<SignatureCheck> {
  const quote = parseEvidence(snapshotEvidence(evidence));
  const simulated = isSimulated(options.root.intelSgx);
  try {
    await verifySignatures(quote, options);
    return { signatureValid: true, simulated };
  } catch (cause) {
    if (!(cause instanceof AttestationError)) {
      throw cause;
    }
    return { signatureValid: false, simulated, reason: { code: cause.code, message: cause.message } };
  }
}

async function verifySignatures(quote: IntelQuote, options: SignatureOnlyOptions): Promise<void> {
  const pem = selectPckChain(quote, options.pckCertificateChain);
  const trust = { rootKey: options.root.intelSgx, pool: certificatePool };
  const pck = await readVerifiedPck(await verifyChain(pem, CHAINS.pck, trust));
  expectCurrent(pck.windows, options);
  await verifyQuoteSignature(quote, await proveAttestationKey(quote, pck));
}
