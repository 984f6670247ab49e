import { parseDer } from "../der/element.ts";
import { encodeNamedBits } from "../der/encode.ts";
import { derNamedBits } from "../der/values.ts";
import { CoreError } from "../errors.ts";

/** In the order of the bits (RFC 5280 section 4.2.1.3). */
const NAMES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;

/** What a key may be used for (RFC 5280 section 4.2.1.3). */
export type KeyUsage = (typeof NAMES)[number];

/** Value of a keyUsage extension; at least one known bit. @throws CoreError `bad-der` */
export function parseKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const usages = new Set<KeyUsage>();
  for (const bit of derNamedBits(parseDer(value))) {
    const name = NAMES[bit];
    if (name === undefined) {
      throw new CoreError("bad-der", "keyUsage has an unknown bit", { actual: `${bit}` });
    }
    usages.add(name);
  }
  if (usages.size === 0) {
    throw new CoreError("bad-der", "keyUsage allows nothing");
  }
  return usages;
}

/** Value of a keyUsage extension. */
export function encodeKeyUsage(usages: readonly KeyUsage[]): Uint8Array<ArrayBuffer> {
  return encodeNamedBits(usages.map((usage) => NAMES.indexOf(usage)));
}
