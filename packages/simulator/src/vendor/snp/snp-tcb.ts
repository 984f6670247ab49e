import type { SnpProduct } from "./snp-product.ts";

/** Security patch levels of the parts of a processor's trusted computing base, 0 to 255 each. */
export interface SnpTcb {
  /** Turin only. */
  readonly fmc: number;
  readonly bootLoader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

/** The TCB of a simulated processor. Milan's microcode is above 127, where a DER INTEGER has a second octet. */
export const USUAL_TCB: Readonly<Record<SnpProduct, SnpTcb>> = {
  Milan: { fmc: 0, bootLoader: 4, tee: 0, snp: 24, microcode: 219 },
  Genoa: { fmc: 0, bootLoader: 10, tee: 0, snp: 25, microcode: 84 },
  Turin: { fmc: 1, bootLoader: 2, tee: 1, snp: 4, microcode: 79 },
};

/** TCB_VERSION, 8 bytes (SEV Secure Nested Paging firmware ABI specification, TCB_VERSION structure). */
export function encodeTcbVersion(product: SnpProduct, tcb: SnpTcb): Uint8Array {
  return product === "Turin"
    ? Uint8Array.of(tcb.fmc, tcb.bootLoader, tcb.tee, tcb.snp, 0, 0, 0, tcb.microcode)
    : Uint8Array.of(tcb.bootLoader, tcb.tee, 0, 0, 0, 0, tcb.snp, tcb.microcode);
}
