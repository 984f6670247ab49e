import { CoreError } from "../errors.ts";
import { tagText } from "./tags.ts";

const MAX_DEPTH = 32;
// An element costs a hundred bytes of memory and more in time, but only two bytes of the input.
const MAX_ELEMENTS = 100_000;

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

/** How many elements of one document may still be read, however they are nested. */
interface Budget {
  left: number;
}

/**
 * The single DER element that fills `bytes` (ITU-T X.690 section 10): definite lengths in their shortest form, nothing
 * behind the end, at most 32 levels, and 100,000 elements read in all of them together.
 * @throws CoreError `bad-der`
 */
export function parseDer(bytes: Uint8Array): DerElement {
  const element = readElement(bytes, 0, bytes.length, 0, { left: MAX_ELEMENTS });
  if (element.end !== bytes.length) {
    throw new CoreError("bad-der", "DER element has bytes behind its end", {
      actual: `${bytes.length - element.end} bytes`,
    });
  }
  return element;
}

/** Views are made when somebody asks for them: of most elements nobody wants to see both. */
class ParsedElement implements DerElement {
  readonly tag: number;
  /** Where the element ends in the bytes that it was read from. */
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;
  readonly #depth: number;
  readonly #budget: Budget;

  constructor(bytes: Uint8Array, start: number, contentStart: number, end: number, depth: number, budget: Budget) {
    this.tag = byteAt(bytes, start, end);
    this.end = end;
    this.#bytes = bytes;
    this.#start = start;
    this.#contentStart = contentStart;
    this.#depth = depth;
    this.#budget = budget;
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(this.#contentStart, this.end);
  }

  get raw(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.end);
  }

  children(): DerElement[] {
    if ((this.tag & 0x20) === 0) {
      throw new CoreError("bad-der", "primitive DER element has no children", { actual: tagText(this.tag) });
    }
    const children: DerElement[] = [];
    for (let start = this.#contentStart; start < this.end; ) {
      const child = readElement(this.#bytes, start, this.end, this.#depth + 1, this.#budget);
      children.push(child);
      start = child.end;
    }
    return children;
  }
}

/** The element at `start`, which may not reach beyond `end`. */
function readElement(bytes: Uint8Array, start: number, end: number, depth: number, budget: Budget): ParsedElement {
  expectBounded(depth, budget);
  if ((byteAt(bytes, start, end) & 0x1f) === 0x1f) {
    throw new CoreError("bad-der", "DER tag numbers above 30 are not supported");
  }
  const length = readLength(bytes, start + 1, end);
  const contentStart = start + 1 + lengthSize(byteAt(bytes, start + 1, end));
  if (length > end - contentStart) {
    throw new CoreError("bad-der", "DER element is longer than what holds it", {
      expected: `${length} bytes`,
      actual: `${end - contentStart}`,
    });
  }
  return new ParsedElement(bytes, start, contentStart, contentStart + length, depth, budget);
}

function expectBounded(depth: number, budget: Budget): void {
  if (depth >= MAX_DEPTH) {
    throw new CoreError("bad-der", "DER elements are nested too deeply", { expected: `at most ${MAX_DEPTH} levels` });
  }
  if (budget.left === 0) {
    throw new CoreError("bad-der", "DER document has too many elements", { expected: `at most ${MAX_ELEMENTS}` });
  }
  budget.left--;
}

/** How many octets a length is written in, by the first of them. */
function lengthSize(first: number): number {
  return first < 0x80 ? 1 : 1 + (first & 0x7f);
}

/** The length of a content, which is written from `start` on. */
function readLength(bytes: Uint8Array, start: number, end: number): number {
  const first = byteAt(bytes, start, end);
  if (first < 0x80) {
    return first;
  }
  const count = first & 0x7f;
  if (count === 0 || count > 4) {
    throw new CoreError("bad-der", count === 0 ? "indefinite length is not DER" : "DER length is too long");
  }
  let length = 0;
  for (let index = 1; index <= count; index++) {
    length = length * 256 + byteAt(bytes, start + index, end);
  }
  if (length < 0x80 || length < 256 ** (count - 1)) {
    throw new CoreError("bad-der", "length is not in its shortest form");
  }
  return length;
}

function byteAt(bytes: Uint8Array, offset: number, end: number): number {
  const byte = bytes[offset];
  if (byte === undefined || offset >= end) {
    throw new CoreError("bad-der", "DER element ends too early");
  }
  return byte;
}
