import { createHash } from "node:crypto";

/**
 * The simulated quoting enclave: what its report says and the QE identity expects. The values are of the form that
 * Intel's quoting enclave has, and different from it.
 */
export const QUOTING_ENCLAVE = {
  mrEnclave: digestOf("Sealserve simulator quoting enclave, NOT SECURE"),
  mrSigner: digestOf("Sealserve simulator quoting enclave signer, NOT SECURE"),
  isvProdId: 1,
  isvSvn: 8,
  miscSelect: 0,
  /** INIT, MODE64BIT and PROVISION_KEY, which a quoting enclave needs. */
  flags: 0x15n,
} as const;

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
