import { AttestationError } from "../errors.ts";
import { type Evidence, parseEvidence } from "../evidence.ts";
import type { IntelQuote } from "../quote/intel-quote.ts";
import type { SnpReport } from "../snp/snp-report.ts";
import { isSimulated, type TrustedRoot } from "../trust/trusted-root.ts";
import { verifyChain } from "./certificate-chain.ts";
import { certificatePool } from "./certificate-pool.ts";
import { proveAttestationKey } from "./intel/attestation-key.ts";
import { CHAINS } from "./intel/chains.ts";
import { readVerifiedPck, selectPckChain } from "./intel/pck-identity.ts";
import { verifyQuoteSignature } from "./intel/quote-signature.ts";
import { proveReportSignature } from "./snp/report-signature.ts";
import { completeCollateral, type SnpCollateral } from "./snp/snp-collateral.ts";
import { verifySnpCollateral } from "./snp/verify-snp-collateral.ts";
import { snapshotEvidence } from "./verify-evidence.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { expectCurrent } from "./window.ts";

/** What can be said of evidence without collateral. Never an acceptance: it may be revoked, outdated, or not from the QE. */
export interface SignatureCheck {
  readonly signatureValid: boolean;
  /** The root it was held against is not the vendor's. */
  readonly simulated: boolean;
  /** Why the signature does not hold. */
  readonly reason?: AttestationError;
}

/** Options of {@link verifySignatureOnly}. */
export interface SignatureOnlyOptions extends VerifyOptions {
  /** PEM; takes the place of the chain in the quote. */
  readonly pckCertificateChain?: string;
  /** Certificates for a SEV-SNP report that does not come with them. A revocation list in it is not looked at. */
  readonly snpCertificates?: Omit<SnpCollateral, "crl">;
}

/**
 * Checks the signatures of evidence without collateral. Of a quote: PCK chain to the trusted root, QE report, binding, quote.
 * Of a SEV-SNP report: chain of the endorsement key, report; the certificates must stand beside it or be given. Revocation,
 * identity of the quoting enclave, chip and TCB remain unknown, so the result is no {@link VerifiedEvidence}.
 * @throws AttestationError when the evidence cannot be parsed, `clock-invalid`
 */
export async function verifySignatureOnly(
  evidence: Uint8Array | Evidence,
  options: SignatureOnlyOptions,
): Promise<SignatureCheck> {
  const parsed = parseEvidence(snapshotEvidence(evidence));
  const simulated = rootKeys(parsed, options.root).some(isSimulated);
  try {
    await (parsed.tee === "snp" ? verifyReport(parsed, options) : verifyQuote(parsed, options));
    return { signatureValid: true, simulated };
  } catch (cause) {
    if (!(cause instanceof AttestationError) || cause.code === "clock-invalid") {
      throw cause;
    }
    return { signatureValid: false, simulated, reason: cause };
  }
}

/** Those that the evidence may be held against: which product of AMD it is, only its chain can tell. */
function rootKeys({ tee }: Evidence, { intelSgx, amd }: TrustedRoot): string[] {
  return tee === "snp" ? Object.values(amd) : [intelSgx];
}

async function verifyQuote(quote: IntelQuote, options: SignatureOnlyOptions): Promise<void> {
  const pem = selectPckChain(quote, options.pckCertificateChain);
  const trust = { rootKey: options.root.intelSgx, pool: certificatePool };
  const pck = await readVerifiedPck(await verifyChain(pem, CHAINS.pck, trust));
  expectCurrent(pck.windows, options);
  await verifyQuoteSignature(quote, await proveAttestationKey(quote, pck));
}

async function verifyReport(report: SnpReport, options: SignatureOnlyOptions): Promise<void> {
  const { crl: _, ...certificates }: SnpCollateral = options.snpCertificates ?? {};
  const collateral = await verifySnpCollateral(completeCollateral(certificates, report), options);
  await proveReportSignature(report, collateral, options);
}
