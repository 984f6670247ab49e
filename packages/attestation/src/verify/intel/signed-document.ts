import { type Certificate, CoreError, decodeHex, encodeUtf8 } from "@sealserve/core";
import { AttestationError, type ProofErrorCode, type WindowErrorCode } from "../../errors.ts";
import type { CertificatePool } from "../certificate-pool.ts";
import type { Window } from "../window.ts";

interface SignedDocumentKind {
  readonly what: string;
  readonly forged: ProofErrorCode;
  readonly early: WindowErrorCode;
  readonly late: WindowErrorCode;
}

/** The documents that the TCB signing key signs. */
export const SIGNED = {
  tcbInfo: {
    what: "TCB info",
    forged: "tcb-info-signature-invalid",
    early: "tcb-info-not-yet-valid",
    late: "tcb-info-expired",
  },
  qeIdentity: {
    what: "QE identity",
    forged: "qe-identity-signature-invalid",
    early: "qe-identity-not-yet-valid",
    late: "qe-identity-expired",
  },
  evaluationNumbers: {
    what: "list of TCB evaluation data numbers",
    forged: "evaluation-numbers-signature-invalid",
    early: "evaluation-numbers-not-yet-valid",
    late: "evaluation-numbers-expired",
  },
} as const satisfies Record<string, SignedDocumentKind>;

/**
 * Proves that `signer` signed the exact text of a collateral document. The bytes must be those that were sent: a document
 * that was parsed and written again has another signature.
 * @param signature r and s in 128 hex digits
 * @throws AttestationError the `forged` code of the kind
 */
export async function verifySignedText(
  text: string,
  signature: string,
  signer: Certificate,
  kind: SignedDocumentKind,
  pool: CertificatePool,
): Promise<void> {
  const raw = decodeSignature(signature);
  if (raw === undefined || !(await pool.keyOf(signer).hasSignedRaw(raw, encodeUtf8(text), "SHA-256"))) {
    throw new AttestationError(kind.forged, `${kind.what} is not signed by ${signer.subject.commonName}`, {
      remedy: "keep the document byte for byte as the service sent it",
    });
  }
}

/** When a document counts: from its issue up to the announced next one. */
export function documentWindow(
  document: { readonly issueDate: Date; readonly nextUpdate: Date },
  { what, early, late }: SignedDocumentKind,
): Window {
  return { what, notBefore: document.issueDate, notAfter: document.nextUpdate, early, late, graceable: true };
}

function decodeSignature(signature: string): Uint8Array | undefined {
  try {
    return decodeHex(signature, 64);
  } catch (cause) {
    if (cause instanceof CoreError) {
      return undefined;
    }
    throw cause;
  }
}
