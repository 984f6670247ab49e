import { encodeHex } from "../bytes/hex.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { CoreError } from "../errors.ts";
import type { DerElement } from "./element.ts";
import { expectTag } from "./fields.ts";
import { derTag, tagText } from "./tags.ts";

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** No type with named bits has as many; the longest in use has nine bits. */
const MAX_NAMED_OCTETS = 8;

/** The octets of an INTEGER: two's complement, big endian, in the shortest form. @throws CoreError `bad-der` */
export function derIntegerOctets(element: DerElement): Uint8Array {
  return integerOctets(expectTag(element, derTag.integer));
}

/** Octets of the longest INTEGER that is read as a number: an RSA modulus of 16384 bits. */
const MAX_INTEGER_OCTETS = 2049;

/** The value of an INTEGER of either sign, at most 2049 octets. @throws CoreError `bad-der` */
export function derInteger(element: DerElement): bigint {
  const octets = derIntegerOctets(element);
  if (octets.length > MAX_INTEGER_OCTETS) {
    throw new CoreError("bad-der", "INTEGER is too long", { expected: `at most ${MAX_INTEGER_OCTETS} octets` });
  }
  // By way of digits: shifting octet by octet takes quadratic time.
  return BigInt.asIntN(8 * octets.length, BigInt(`0x${encodeHex(octets)}`));
}

/** The value of an INTEGER or ENUMERATED from 0 to 2^31 - 1. @throws CoreError `bad-der` */
export function derSmallInteger(element: DerElement): number {
  const octets = element.tag === derTag.enumerated ? integerOctets(element) : derIntegerOctets(element);
  if (octets.length > 4 || (octets[0] ?? 0) >= 0x80) {
    throw new CoreError("bad-der", "INTEGER is out of range", { expected: "0 to 2^31 - 1" });
  }
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** The value of a BOOLEAN; DER knows only 0x00 and 0xff. @throws CoreError `bad-der` */
export function derBoolean(element: DerElement): boolean {
  const { content } = expectTag(element, derTag.boolean);
  const octet = content[0];
  if (content.length !== 1 || (octet !== 0x00 && octet !== 0xff)) {
    throw new CoreError("bad-der", "BOOLEAN is neither 0x00 nor 0xff");
  }
  return octet === 0xff;
}

/** The octets of an OCTET STRING, as a view. @throws CoreError `bad-der` */
export function derOctets(element: DerElement): Uint8Array {
  return expectTag(element, derTag.octetString).content;
}

/** The octets of a BIT STRING without unused bits, as a view. @throws CoreError `bad-der` */
export function derBitString(element: DerElement): Uint8Array {
  const { content } = expectTag(element, derTag.bitString);
  if (content[0] !== 0) {
    throw new CoreError("bad-der", "BIT STRING is not made of whole octets");
  }
  return content.subarray(1);
}

/**
 * The numbers of the bits set in a BIT STRING with named bits, at most 64. Zero bits at its end are tolerated although DER
 * leaves them out: AMD's certificates carry them.
 * @throws CoreError `bad-der`
 */
export function derNamedBits(element: DerElement): ReadonlySet<number> {
  const { content } = expectTag(element, derTag.bitString);
  const unused = content[0] ?? 8;
  const octets = content.subarray(1);
  if (octets.length > MAX_NAMED_OCTETS) {
    throw new CoreError("bad-der", "BIT STRING has more bits than have names", {
      expected: `at most ${MAX_NAMED_OCTETS} octets`,
    });
  }
  const last = octets.at(-1) ?? 0;
  if (unused > 7 || (octets.length === 0 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) {
    throw new CoreError("bad-der", "BIT STRING has a wrong count of unused bits, or sets them");
  }
  const bits = new Set<number>();
  for (let bit = 0; bit < 8 * octets.length; bit++) {
    if (((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) {
      bits.add(bit);
    }
  }
  return bits;
}

/**
 * The text of a UTF8String, PrintableString or IA5String. Control and format characters and line separators are refused:
 * names end up in messages, logs and terminals.
 * @throws CoreError `bad-der`
 */
export function derText(element: DerElement): string {
  const { tag, content } = element;
  if (tag !== derTag.utf8String && tag !== derTag.printableString && tag !== derTag.ia5String) {
    throw new CoreError("bad-der", "DER element is no text", { actual: tagText(tag) });
  }
  if (tag !== derTag.utf8String && content.some((octet) => octet >= 0x80)) {
    throw new CoreError("bad-der", "text has octets that are not ASCII");
  }
  const text = decodeText(content);
  if (UNPRINTABLE.test(text)) {
    throw new CoreError("bad-der", "text has control characters");
  }
  return text;
}

function decodeText(content: Uint8Array): string {
  try {
    return decodeUtf8(content);
  } catch (cause) {
    throw new CoreError("bad-der", "text is not UTF-8", { cause });
  }
}

/** Content of an INTEGER or ENUMERATED, if it is in the shortest form. */
function integerOctets({ content }: DerElement): Uint8Array {
  const [first, second] = content;
  if (first === undefined) {
    throw new CoreError("bad-der", "INTEGER without octets");
  }
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new CoreError("bad-der", "INTEGER is not in its shortest form");
  }
  return content;
}
