/** The generations of processors that the simulated SEV-SNP vendor makes. */
export type SnpProduct = "Milan" | "Genoa" | "Turin";

/** Family (combined), model (combined) and stepping of a processor, as CPUID has them. */
export interface CpuId {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
}

/** What differs between products. */
export interface ProductProfile {
  readonly cpuId: CpuId;
  /** The product name in a VCEK; a VLEK has the plain name. */
  readonly vcekProductName: string;
  /** Structure version in a VCEK or VLEK. */
  readonly structureVersion: number;
  /** Serial numbers as AMD gives them: the revoked ASK of Genoa is one below the one in use. */
  readonly serialNumbers: { readonly ark: number; readonly ask: number; readonly asvk: number };
  /** Serial numbers on the root's revocation list, as `Certificate.serialNumber` has them. */
  readonly revoked: readonly string[];
  readonly hardwareIdBytes: 8 | 64;
  readonly reportVersion: number;
}

/** AMD VCEK certificate and KDS interface specification, and the certificates that AMD publishes. */
export const PRODUCTS: Readonly<Record<SnpProduct, ProductProfile>> = {
  Milan: {
    cpuId: { family: 0x19, model: 0x01, stepping: 0x01 },
    vcekProductName: "Milan-B0",
    structureVersion: 0,
    serialNumbers: { ark: 0x10000, ask: 0x10001, asvk: 0x10101 },
    revoked: [],
    hardwareIdBytes: 64,
    reportVersion: 3,
  },
  Genoa: {
    cpuId: { family: 0x19, model: 0x11, stepping: 0x01 },
    vcekProductName: "Genoa",
    structureVersion: 0,
    serialNumbers: { ark: 0x20000, ask: 0x20002, asvk: 0x20101 },
    revoked: ["020001"],
    hardwareIdBytes: 64,
    reportVersion: 3,
  },
  Turin: {
    cpuId: { family: 0x1a, model: 0x02, stepping: 0x01 },
    vcekProductName: "Turin",
    structureVersion: 1,
    serialNumbers: { ark: 0x30000, ask: 0x30001, asvk: 0x30101 },
    revoked: [],
    hardwareIdBytes: 8,
    reportVersion: 5,
  },
};
