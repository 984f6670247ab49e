import { concatBytes } from "../bytes/compare.ts";
import { encodeUtf8 } from "../bytes/text.ts";
import { CoreError } from "../errors.ts";
import { encodeOidOctets } from "./oid.ts";
import { derTag } from "./tags.ts";
import { encodeTimeOctets } from "./time.ts";

type Der = Uint8Array<ArrayBuffer>;

/** An element with this identifier octet and content. */
export function encodeElement(tag: number, content: Uint8Array): Der {
  return concatBytes(Uint8Array.of(tag, ...encodeLength(content.length)), content);
}

/** A SEQUENCE of elements. */
export function encodeSequence(...parts: readonly Uint8Array[]): Der {
  return encodeElement(derTag.sequence, concatBytes(...parts));
}

/** A SET OF elements, put into the order that DER wants (X.690 section 11.6). */
export function encodeSet(...parts: readonly Uint8Array[]): Der {
  return encodeElement(derTag.set, concatBytes(...parts.toSorted(compareOctets)));
}

/** An INTEGER that is not negative: a number, a bigint, or big-endian octets without sign. @throws CoreError `bad-der` */
export function encodeInteger(value: bigint | number | Uint8Array): Der {
  return encodeElement(derTag.integer, integerOctets(value));
}

/** An ENUMERATED value. @throws CoreError `bad-der` */
export function encodeEnumerated(value: number): Der {
  return encodeElement(derTag.enumerated, integerOctets(value));
}

/** An OBJECT IDENTIFIER from its dotted form. @throws CoreError `bad-der` */
export function encodeOid(dotted: string): Der {
  return encodeElement(derTag.oid, encodeOidOctets(dotted));
}

/** An OBJECT IDENTIFIER from its content octets, for identifiers that exist only as octets. */
export function encodeOidContent(octets: Uint8Array): Der {
  return encodeElement(derTag.oid, octets);
}

/** An OCTET STRING. */
export function encodeOctetString(octets: Uint8Array): Der {
  return encodeElement(derTag.octetString, octets);
}

/** A BIT STRING of whole octets. */
export function encodeBitString(octets: Uint8Array): Der {
  return encodeElement(derTag.bitString, concatBytes(Uint8Array.of(0), octets));
}

/** A BIT STRING in which the bits with these numbers are set, in its shortest form (X.690 section 11.2). */
export function encodeNamedBits(bits: Iterable<number>): Der {
  const numbers = [...bits];
  const length = Math.max(-1, ...numbers) + 1;
  const octets = new Uint8Array(Math.ceil(length / 8));
  for (const bit of numbers) {
    octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  }
  return encodeElement(derTag.bitString, concatBytes(Uint8Array.of(8 * octets.length - length), octets));
}

/** A BOOLEAN. */
export function encodeBoolean(value: boolean): Der {
  return encodeElement(derTag.boolean, Uint8Array.of(value ? 0xff : 0x00));
}

/** NULL. */
export function encodeNull(): Der {
  return encodeElement(derTag.null, new Uint8Array(0));
}

/** A UTF8String. */
export function encodeUtf8String(text: string): Der {
  return encodeElement(derTag.utf8String, encodeUtf8(text));
}

/** A PrintableString; characters outside its small set are refused. @throws CoreError `bad-der` */
export function encodePrintableString(text: string): Der {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) {
    throw new CoreError("bad-der", "text does not fit a PrintableString", { actual: text });
  }
  return encodeElement(derTag.printableString, encodeUtf8(text));
}

/** An IA5String (ASCII). @throws CoreError `bad-der` */
export function encodeIa5String(text: string): Der {
  const octets = encodeUtf8(text);
  if (octets.some((octet) => octet >= 0x80)) {
    throw new CoreError("bad-der", "text does not fit an IA5String", { actual: text });
  }
  return encodeElement(derTag.ia5String, octets);
}

/** A time, cut to seconds: UTCTime up to 2049, GeneralizedTime after. @throws CoreError `bad-der` */
export function encodeUtcOrGeneralizedTime(date: Date): Der {
  const { tag, content } = encodeTimeOctets(date);
  return encodeElement(tag, content);
}

/** A context-specific element `[number]`. @throws CoreError `bad-der` */
export function encodeContext(number: number, constructed: boolean, content: Uint8Array): Der {
  if (!(Number.isInteger(number) && number >= 0 && number <= 30)) {
    throw new CoreError("bad-der", "context tag is out of range", { expected: "0 to 30", actual: `${number}` });
  }
  return encodeElement(0x80 | (constructed ? 0x20 : 0) | number, content);
}

function encodeLength(length: number): number[] {
  if (length < 0x80) {
    return [length];
  }
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
    octets.unshift(rest % 256);
  }
  return [0x80 | octets.length, ...octets];
}

function integerOctets(value: bigint | number | Uint8Array): Uint8Array {
  const octets = value instanceof Uint8Array ? value : bigintOctets(value);
  const start = octets.findIndex((octet) => octet !== 0);
  if (start === -1) {
    return Uint8Array.of(0);
  }
  const magnitude = octets.subarray(start);
  return (magnitude[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), magnitude) : magnitude;
}

function bigintOctets(value: bigint | number): Uint8Array {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new CoreError("bad-der", "number is no safe integer");
  }
  const octets: number[] = [];
  for (let rest = BigInt(value); rest !== 0n; rest >>= 8n) {
    if (rest < 0n) {
      throw new CoreError("bad-der", "negative integers are not written");
    }
    octets.unshift(Number(rest & 0xffn));
  }
  return Uint8Array.from(octets);
}

function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}
