import type { KeyKind, KeyUsage, SignatureAlgorithmName } from "@sealserve/core";
import { AttestationError, type AttestationErrorCode } from "../errors.ts";

/** A place in a vendor's certificate chain. */
export interface ChainRole {
  /** The common names that the holder of the role may have; a pattern fits the whole name. */
  readonly commonNames: readonly (string | RegExp)[];
  readonly ca: boolean;
  readonly key: KeyKind;
  /** Uses that the certificate must allow. */
  readonly keyUsage: readonly KeyUsage[];
  /** Whether a certificate without the extension, which limits nothing then, will do (RFC 5280 section 6.1.4 (n)). */
  readonly keyUsageOptional?: boolean;
}

/** What a chain must look like, leaf first, and the codes under which it is refused. */
export interface ChainKind {
  readonly what: string;
  readonly roles: readonly ChainRole[];
  /** Of every certificate in it. */
  readonly signatureAlgorithm: SignatureAlgorithmName;
  readonly malformed: AttestationErrorCode;
  readonly invalid: AttestationErrorCode;
  readonly untrusted: AttestationErrorCode;
  readonly early: AttestationErrorCode;
  readonly late: AttestationErrorCode;
}

/** The refusal of a chain for what it is, as opposed to when it is used. */
export function invalid(kind: ChainKind, fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError(kind.invalid, `${kind.what} ${fault}`, { expected, actual });
}
