/**
 * How a wrap key stands in an answer on the port for Gramine's protocol: its 16 bytes, or 32 lower-case hex digits and a
 * NUL, which enclaves of Gramine 1.0 to 1.2 need that fetch it before their program starts.
 */
export type KeyFormat = "raw" | "hex-nul";

export const KEY_FORMATS: readonly KeyFormat[] = ["raw", "hex-nul"];

/**
 * How a secret stands in such an answer: as a wrap key does, or as text with a NUL, which is what Gramine hands on in
 * `SECRET_PROVISION_SECRET_STRING`. A raw secret may have any size; only 16 bytes are a key for encrypted files.
 */
export type SecretFormat = KeyFormat | "string";

export const SECRET_FORMATS: readonly SecretFormat[] = [...KEY_FORMATS, "string"];
