import { CoreError } from "../errors.ts";
import { tagText } from "./tags.ts";

const MAX_DEPTH = 32;
// Each element costs a few hundred bytes of memory, but only two in the input.
const MAX_CHILDREN = 65_536;

/** One DER element. Views into the parsed bytes, no copies. */
export interface DerElement {
  /** The identifier octet: class, constructed bit and tag number, for example 0x30 for SEQUENCE. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly raw: Uint8Array;
  /** The elements inside a constructed one, parsed when asked for. @throws CoreError `bad-der` */
  children(): DerElement[];
}

/**
 * The single DER element that fills `bytes` (ITU-T X.690 section 10): definite lengths in their shortest form, nothing
 * behind the end, at most 32 levels and 65,536 elements in each.
 * @throws CoreError `bad-der`
 */
export function parseDer(bytes: Uint8Array): DerElement {
  const element = readElement(bytes, 0, 0);
  if (element.raw.length !== bytes.length) {
    throw new CoreError("bad-der", "DER element has bytes behind its end", {
      actual: `${bytes.length - element.raw.length} bytes`,
    });
  }
  return element;
}

class ParsedElement implements DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
  readonly #depth: number;

  constructor(tag: number, raw: Uint8Array, contentOffset: number, depth: number) {
    this.tag = tag;
    this.raw = raw;
    this.content = raw.subarray(contentOffset);
    this.#depth = depth;
  }

  children(): DerElement[] {
    if ((this.tag & 0x20) === 0) {
      throw new CoreError("bad-der", "primitive DER element has no children", { actual: tagText(this.tag) });
    }
    const depth = this.#depth + 1;
    const children: DerElement[] = [];
    for (let offset = 0; offset < this.content.length; ) {
      const child = readElement(this.content, offset, depth);
      if (children.push(child) > MAX_CHILDREN) {
        throw new CoreError("bad-der", "DER element has too many elements in it", {
          expected: `at most ${MAX_CHILDREN}`,
        });
      }
      offset += child.raw.length;
    }
    return children;
  }
}

function readElement(bytes: Uint8Array, offset: number, depth: number): DerElement {
  if (depth >= MAX_DEPTH) {
    throw new CoreError("bad-der", "DER elements are nested too deeply", { expected: `at most ${MAX_DEPTH} levels` });
  }
  const tag = byteAt(bytes, offset);
  if ((tag & 0x1f) === 0x1f) {
    throw new CoreError("bad-der", "DER tag numbers above 30 are not supported");
  }
  const { length, size } = readLength(bytes, offset + 1);
  const start = offset + 1 + size;
  if (length > bytes.length - start) {
    throw new CoreError("bad-der", "DER element is longer than what holds it", {
      expected: `${length} bytes`,
      actual: `${bytes.length - start}`,
    });
  }
  return new ParsedElement(tag, bytes.subarray(offset, start + length), 1 + size, depth);
}

/** Content length, and the number of octets it is written in. */
function readLength(bytes: Uint8Array, offset: number): { length: number; size: number } {
  const first = byteAt(bytes, offset);
  if (first < 0x80) {
    return { length: first, size: 1 };
  }
  const count = first & 0x7f;
  if (count === 0 || count > 4) {
    throw new CoreError("bad-der", count === 0 ? "indefinite length is not DER" : "DER length is too long");
  }
  let length = 0;
  for (let index = 1; index <= count; index++) {
    length = length * 256 + byteAt(bytes, offset + index);
  }
  if (length < 0x80 || length < 256 ** (count - 1)) {
    throw new CoreError("bad-der", "length is not in its shortest form");
  }
  return { length, size: 1 + count };
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) {
    throw new CoreError("bad-der", "DER element ends too early");
  }
  return byte;
}
