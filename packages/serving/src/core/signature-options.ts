/** How strictly the signatures of models are looked at. */
export interface SignatureOptions {
  /** Whether a signature's method name must fit the call: `--enable_signature_method_name_check`. Off by default. */
  readonly checkMethodName?: boolean;
}
