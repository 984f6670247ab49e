import { encodeHex } from "../bytes/hex.ts";
import type { DerElement } from "../der/element.ts";
import { derIntegerOctets } from "../der/values.ts";
import { CoreError } from "../errors.ts";

const MAX_MAGNITUDE = 20;

/**
 * A serial number as hex of its octets: not negative, at most 20 bytes of magnitude (RFC 5280 section 4.1.2.2). Zero is
 * tolerated because AMD's VCEK certificates have it.
 * @throws CoreError `bad-der`
 */
export function parseSerialNumber(element: DerElement): string {
  const octets = derIntegerOctets(element);
  const [first = 0] = octets;
  const magnitude = first === 0 ? octets.length - 1 : octets.length;
  if (first >= 0x80 || magnitude > MAX_MAGNITUDE) {
    throw new CoreError("bad-der", "serial number is negative or too long");
  }
  return encodeHex(octets);
}
