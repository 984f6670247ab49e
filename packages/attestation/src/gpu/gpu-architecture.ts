/** The architectures of devices whose evidence is understood; `LS10` are the switches between Hopper GPUs. */
export const GPU_ARCHITECTURES = ["HOPPER", "LS10"] as const;

export type GpuArchitecture = (typeof GPU_ARCHITECTURES)[number];
