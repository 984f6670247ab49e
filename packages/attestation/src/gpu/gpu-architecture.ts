/** The architectures of devices whose evidence is understood; `LS10` are the switches between Hopper GPUs. */
export const GPU_ARCHITECTURES = ["HOPPER", "LS10"] as const;

export type GpuArchitecture = (typeof GPU_ARCHITECTURES)[number];

/** A place in the certificate chain of a device. */
export interface GpuRole {
  /** The whole common name that the holder of the role has. */
  readonly commonName: RegExp;
  readonly ca: boolean;
}

const IDENTITY: GpuRole = { commonName: /^NVIDIA GH100 Identity$/, ca: true };
const ROOT: GpuRole = { commonName: /^NVIDIA Device Identity CA$/, ca: true };

/**
 * The roles of a chain, leaf first: firmware, device, provisioner, family, root. The first three name the chip, so that a
 * device of one architecture cannot pass for another. Certificates of the switches come from the same family as the GPUs.
 */
export const GPU_ROLES: Readonly<Record<GpuArchitecture, readonly GpuRole[]>> = {
  HOPPER: [
    { commonName: /^GH100 [A-Z][0-9]{2} GSP FMC LF$/, ca: false },
    { commonName: /^GH100 [A-Z][0-9]{2} GSP BROM$/, ca: true },
    { commonName: /^NVIDIA GH100 Provisioner ICA [0-9]{1,3}$/, ca: true },
    IDENTITY,
    ROOT,
  ],
  LS10: [
    { commonName: /^LS_10 [A-Z][0-9]{2} FSP FMC LF$/, ca: false },
    { commonName: /^LS_10 [A-Z][0-9]{2} FSP BROM$/, ca: true },
    { commonName: /^NVIDIA LS_10 Provisioner ICA [0-9]{1,3}$/, ca: true },
    IDENTITY,
    ROOT,
  ],
};
