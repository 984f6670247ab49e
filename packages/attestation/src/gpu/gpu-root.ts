/** SHA-256 of the SubjectPublicKeyInfo of the NVIDIA Device Identity CA. */
const NVIDIA_DEVICE_ROOT_KEY = "a90c4eb5acfd3e3d03a25db6a26b84f720ad0503196c627c21ddd48dd85b06a4";

/** The key in which a verdict on devices is rooted. Compared by key, neither by name nor by certificate. */
export interface GpuRoot {
  /** SHA-256 of the SubjectPublicKeyInfo in DER, 64 hex digits. */
  readonly publicKeySha256: string;
}

/** The root of genuine NVIDIA devices. */
export const nvidiaDeviceRoot: GpuRoot = { publicKeySha256: NVIDIA_DEVICE_ROOT_KEY };

/** Whether a root key is anything but NVIDIA's, so that whatever rests on it was made by software. */
export function isSimulatedGpuRoot({ publicKeySha256 }: GpuRoot): boolean {
  return publicKeySha256.toLowerCase() !== NVIDIA_DEVICE_ROOT_KEY;
}
