/**
 * A value of a parsed document: null, a boolean, a string (its bytes, unescaped), a rectangular block of numbers, or a
 * list or object of other values.
 */
export type JsonNode = null | boolean | Uint8Array | NumberBlock | JsonList | JsonRecord | TooDeepNode;

/** A number, a list of numbers, or lists in lists of numbers that are all of the same size: a range of the number table. */
export class NumberBlock {
  readonly shape: readonly number[];
  /** Index of the first number in the table. */
  readonly from: number;

  constructor(shape: readonly number[], from: number) {
    this.shape = shape;
    this.from = from;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The elements of the outermost list; a number has none. */
  children(): NumberBlock[] {
    const [count = 0, ...inner] = this.shape;
    const size = sizeOf(inner);
    return Array.from({ length: count }, (_, index) => new NumberBlock(inner, this.from + index * size));
  }
}

/** A list that is no {@link NumberBlock}. */
export class JsonList {
  readonly items: readonly JsonNode[];
  /** Where it begins in the document. */
  readonly start: number;

  constructor(items: readonly JsonNode[], start: number) {
    this.items = items;
    this.start = start;
  }
}

/** An object: its members in order. A name can occur twice. */
export class JsonRecord {
  readonly members: readonly (readonly [string, JsonNode])[];
  /** Where it begins in the document. */
  readonly start: number;

  constructor(members: readonly (readonly [string, JsonNode])[], start: number) {
    this.members = members;
    this.start = start;
  }
}

/** A list or object nested deeper than any tensor: checked for syntax, not kept. */
export class TooDeepNode {
  /** Where it begins in the document. */
  readonly start: number;

  constructor(start: number) {
    this.start = start;
  }
}

/** Number of numbers in a block of `shape`. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
