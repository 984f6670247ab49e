import { primitives } from "#primitives";
import type { HashName } from "./primitives.ts";

/** SHA-256 of `data` (FIPS 180-4), 32 bytes. */
export function sha256(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return digest("SHA-256", data);
}

/** SHA-384 of `data` (FIPS 180-4), 48 bytes. */
export function sha384(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return digest("SHA-384", data);
}

/** SHA-512 of `data` (FIPS 180-4), 64 bytes. */
export function sha512(data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return digest("SHA-512", data);
}

async function digest(hash: HashName, data: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return primitives.digest(hash, data);
}
