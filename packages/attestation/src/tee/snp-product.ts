/** Generations of AMD processors whose SEV-SNP evidence this package verifies, as AMD's certificates name them. */
export const SNP_PRODUCTS = ["Milan", "Genoa", "Turin"] as const;

/** A generation of AMD processors. */
export type SnpProduct = (typeof SNP_PRODUCTS)[number];

/** Parts of a processor whose security patch levels make up its TCB. */
export const SNP_TCB_COMPONENTS = ["fmc", "bootLoader", "tee", "snp", "microcode"] as const;

/** One of {@link SNP_TCB_COMPONENTS}. */
export type SnpTcbComponent = (typeof SNP_TCB_COMPONENTS)[number];

/** What tells one generation from another in reports and certificates. */
interface SnpProductProfile {
  /** CPUID family (base and extended together). */
  readonly family: number;
  /** CPUID models (base and extended together), first and last of each range. */
  readonly models: readonly (readonly [first: number, last: number])[];
  /** At which byte of a TCB version each component stands; the other bytes are reserved. */
  readonly tcbLayout: Readonly<Partial<Record<SnpTcbComponent, number>>>;
  /** How many bytes of a CHIP_ID name the processor; the rest is zero. */
  readonly hardwareIdLength: number;
}

const EARLY_LAYOUT = { bootLoader: 0, tee: 1, snp: 6, microcode: 7 } as const;
const TURIN_LAYOUT = { fmc: 0, bootLoader: 1, tee: 2, snp: 3, microcode: 7 } as const;

/**
 * Everything that depends on the generation; a new one is a new row (SEV Secure Nested Paging firmware ABI specification,
 * TCB version and attestation report; processor programming references for the models).
 */
export const SNP_PROFILES: Readonly<Record<SnpProduct, SnpProductProfile>> = {
  Milan: { family: 0x19, models: [[0x00, 0x0f]], tcbLayout: EARLY_LAYOUT, hardwareIdLength: 64 },
  Genoa: {
    family: 0x19,
    models: [
      [0x10, 0x1f],
      // Bergamo and Siena, which share its certificates.
      [0xa0, 0xaf],
    ],
    tcbLayout: EARLY_LAYOUT,
    hardwareIdLength: 64,
  },
  Turin: { family: 0x1a, models: [[0x00, 0x11]], tcbLayout: TURIN_LAYOUT, hardwareIdLength: 8 },
};
