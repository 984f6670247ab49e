/** Generations of AMD processors whose SEV-SNP evidence this package verifies, as AMD's certificates name them. */
export const SNP_PRODUCTS = ["Milan", "Genoa", "Turin"] as const;

/** A generation of AMD processors. */
export type SnpProduct = (typeof SNP_PRODUCTS)[number];
