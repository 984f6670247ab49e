import type { IntelTee } from "./intel-tee.ts";

/** What a quoting enclave's report says and its identity expects. */
export interface QuotingEnclave {
  /** 64 hex digits. */
  readonly mrEnclave: string;
  /** 64 hex digits. */
  readonly mrSigner: string;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly miscSelect: number;
  readonly flags: bigint;
}

/** INIT, MODE64BIT and PROVISION_KEY, which a quoting enclave needs. */
const QUOTING_FLAGS = 0x15n;

/**
 * The simulated quoting enclaves. The values are of the form that Intel's have, and different from them: each measurement
 * is the SHA-256 of `Sealserve simulator NAME, NOT SECURE`, where NAME is `quoting enclave`, `quoting enclave signer`,
 * `TD quoting enclave` or `TD quoting enclave signer`.
 */
export const QUOTING_ENCLAVES: Readonly<Record<IntelTee, QuotingEnclave>> = {
  sgx: {
    mrEnclave: "3c04f2268e76cad7bf82f04521856178411ef0db97f757485c9e3716e222bd2b",
    mrSigner: "9ae4274e719f9cb85064c59920dc2f6df6b8977381f5ad1200ee6f38805f2c0b",
    isvProdId: 1,
    isvSvn: 8,
    miscSelect: 0,
    flags: QUOTING_FLAGS,
  },
  tdx: {
    mrEnclave: "9aab5078bad193d0f30c3727d3dc5ab3fe3761fbb8e230c84429a3ecad937d99",
    mrSigner: "08758e38767f24c448a7d0d6063c9897d8c9a650f5c04dcc34e13dcbf3373b4b",
    isvProdId: 2,
    isvSvn: 4,
    miscSelect: 0,
    flags: QUOTING_FLAGS,
  },
};
