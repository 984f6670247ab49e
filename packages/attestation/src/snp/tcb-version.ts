import { encodeHex } from "@sealserve/core";
import { SNP_PROFILES, SNP_TCB_COMPONENTS, type SnpProduct, type SnpTcbComponent } from "../tee/snp-product.ts";
import { malformed } from "./reserved.ts";

/** Security patch levels of the parts of a processor, 0 to 255 each. Never one number: each part counts for itself. */
export interface SnpTcb {
  /** Turin only. */
  readonly fmc?: number;
  readonly bootLoader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

/** The components that processors of a product have, in the order of the vendor's certificates. */
export function tcbComponents(product: SnpProduct): SnpTcbComponent[] {
  return SNP_TCB_COMPONENTS.filter((name) => SNP_PROFILES[product].tcbLayout[name] !== undefined);
}

/**
 * Reads a TCB version by the layout of its product (SEV Secure Nested Paging firmware ABI specification, TCB version).
 * @param raw 8 bytes
 * @throws AttestationError `snp-report-malformed` when a reserved byte is set: it could be a component of a new kind
 */
export function parseSnpTcb(raw: Uint8Array, product: SnpProduct): SnpTcb {
  const layout = SNP_PROFILES[product].tcbLayout;
  const known: readonly number[] = Object.values(layout);
  if (raw.some((byte, offset) => byte !== 0 && !known.includes(offset))) {
    throw malformed(`has reserved bytes set in a TCB version of ${product}`, "zero bytes", encodeHex(raw));
  }
  const at = (name: SnpTcbComponent): number => raw[layout[name] ?? raw.length] ?? 0;
  return {
    ...(layout.fmc === undefined ? {} : { fmc: at("fmc") }),
    bootLoader: at("bootLoader"),
    tee: at("tee"),
    snp: at("snp"),
    microcode: at("microcode"),
  };
}

/** As in `bootLoader 4, tee 0, snp 24, microcode 219`. */
export function describeTcb(tcb: Readonly<Partial<Record<SnpTcbComponent, number>>>, product: SnpProduct): string {
  return tcbComponents(product)
    .map((name) => `${name} ${tcb[name] ?? "missing"}`)
    .join(", ");
}
