/** What a verifier needs from Intel's provisioning service to judge the quotes of one kind of platform (FMSPC). */
export interface Collateral {
  /** The exact text of the `tcbInfo` object: the signature is over these very bytes. */
  readonly tcbInfo: string;
  /** r and s in 128 hex digits. */
  readonly tcbInfoSignature: string;
  /** PEM: TCB signing certificate, root. */
  readonly tcbInfoIssuerChain: string;
  /** The exact text of the `enclaveIdentity` object. */
  readonly qeIdentity: string;
  /** r and s in 128 hex digits. */
  readonly qeIdentitySignature: string;
  /** PEM: TCB signing certificate, root. */
  readonly qeIdentityIssuerChain: string;
  /** DER. */
  readonly rootCaCrl: Uint8Array;
  /** DER: the list of the CA that issued the PCK certificate. */
  readonly pckCrl: Uint8Array;
  /** PEM: that CA, root. */
  readonly pckCrlIssuerChain: string;
  /** PEM: leaf, CA, root. Takes the place of the chain in the quote; needed where the quote has none. */
  readonly pckCertificateChain?: string;
}
