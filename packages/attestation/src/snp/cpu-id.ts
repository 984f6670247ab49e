import type { ByteReader } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { SNP_PRODUCTS, SNP_PROFILES, type SnpProduct } from "../tee/snp-product.ts";

/** A processor as CPUID names it; base and extended values together. */
export interface SnpCpuId {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
}

/** Reads the three bytes of a report. */
export function readSnpCpuId(reader: ByteReader): SnpCpuId {
  return { family: reader.u8(), model: reader.u8(), stepping: reader.u8() };
}

/**
 * The generation of a processor. Later ones bring their own layouts, so one that is not known is refused, not guessed.
 * @throws AttestationError `snp-product-unknown`
 */
export function productOfCpu({ family, model }: SnpCpuId): SnpProduct {
  const product = SNP_PRODUCTS.find((name) => {
    const profile = SNP_PROFILES[name];
    return profile.family === family && profile.models.some(([first, last]) => model >= first && model <= last);
  });
  if (product === undefined) {
    throw new AttestationError("snp-product-unknown", "report comes from a processor of an unknown generation", {
      expected: SNP_PRODUCTS.join(", "),
      actual: `family ${family.toString(16)}h, model ${model.toString(16)}h`,
    });
  }
  return product;
}
