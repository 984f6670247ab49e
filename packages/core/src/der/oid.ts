import { CoreError } from "../errors.ts";
import type { DerElement } from "./element.ts";
import { expectTag } from "./fields.ts";
import { derTag } from "./tags.ts";

const MAX_OCTETS = 64;
const SAFE_OCTETS = 7;

/** An OBJECT IDENTIFIER in dotted form, for example `1.2.840.113741.1.13.1`. @throws CoreError `bad-der` */
export function derOid(element: DerElement): string {
  const { content } = expectTag(element, derTag.oid);
  if (content.length === 0 || content.length > MAX_OCTETS || (content.at(-1) ?? 0) >= 0x80) {
    throw new CoreError("bad-der", "OBJECT IDENTIFIER is empty, cut short or too long");
  }
  let dotted = "";
  for (let start = 0; start < content.length; ) {
    const end = arcEnd(content, start);
    dotted +=
      dotted === ""
        ? decodeArc(content.subarray(start, end), true)
        : `.${decodeArc(content.subarray(start, end), false)}`;
    start = end;
  }
  return dotted;
}

/** Behind the first octet from `start` on that has no successor in its arc; the last octet of all is one. */
function arcEnd(content: Uint8Array, start: number): number {
  let end = start;
  while ((content[end] ?? 0) >= 0x80) {
    end++;
  }
  return end + 1;
}

/** Content octets of an OBJECT IDENTIFIER from its dotted form. @throws CoreError `bad-der` */
export function encodeOidOctets(dotted: string): Uint8Array<ArrayBuffer> {
  if (!/^[012](?:\.(?:0|[1-9][0-9]{0,63}))+$/.test(dotted)) {
    throw new CoreError("bad-der", "not an object identifier in dotted form", { actual: dotted });
  }
  const [first = 0n, second = 0n, ...others] = dotted.split(".").map(BigInt);
  if (first < 2n && second >= 40n) {
    throw new CoreError("bad-der", "second arc of an object identifier is above 39", { actual: dotted });
  }
  return Uint8Array.from([first * 40n + second, ...others].flatMap(encodeArc));
}

function decodeArc(octets: Uint8Array, first: boolean): string {
  if (octets[0] === 0x80) {
    throw new CoreError("bad-der", "arc of an OBJECT IDENTIFIER is not in its shortest form");
  }
  const value = octets.length <= SAFE_OCTETS ? decodeShortArc(octets) : decodeLongArc(octets);
  if (!first) {
    return `${value}`;
  }
  // The first two arcs share one number (X.690 section 8.19.4).
  const root = value < 40 ? 0 : value < 80 ? 1 : 2;
  return `${root}.${typeof value === "bigint" ? value - BigInt(40 * root) : value - 40 * root}`;
}

function decodeShortArc(octets: Uint8Array): number {
  let value = 0;
  for (const octet of octets) {
    value = value * 128 + (octet & 0x7f);
  }
  return value;
}

function decodeLongArc(octets: Uint8Array): bigint {
  return octets.reduce((value, octet) => (value << 7n) | BigInt(octet & 0x7f), 0n);
}

function encodeArc(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) {
    octets.unshift(Number(rest & 0x7fn) | 0x80);
  }
  return octets;
}
