import { type DataType, isNumberData, type Tensor } from "@sealserve/protocol";

/** What a table finds values by: numbers, or strings as text with a character for each byte. */
type Key = string | number | bigint;

/** Types of what a table holds. */
export interface TableTypes {
  readonly keys: DataType;
  readonly values: DataType;
}

/** A table of the model: values by keys, of one type each. Nothing changes it once the model is loaded. */
export class LookupTable {
  readonly types: TableTypes;
  readonly #entries = new Map<Key, unknown>();

  constructor(types: TableTypes) {
    this.types = types;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Adds keys with their values, tensors of as many elements each.
   * @returns a key that has another value already, if there is one
   */
  add(keys: Tensor, values: Tensor): Key | undefined {
    const added = Array.from<unknown>(ownElements(values));
    for (const [index, key] of keysOf(keys).entries()) {
      if (this.#entries.has(key) && !isSame(this.#entries.get(key), added[index])) {
        return key;
      }
      this.#entries.set(key, added[index]);
    }
    return undefined;
  }

  /** The values of all keys, in order; `fallback` for each key that the table lacks. */
  find(keys: Tensor, fallback: unknown): unknown[] {
    return keysOf(keys).map((key) => (isFindable(key) ? (this.#entries.get(key) ?? fallback) : fallback));
  }
}

/** What is not a number is equal to nothing, not even to itself. */
function isFindable(key: Key): boolean {
  return !Number.isNaN(key);
}

function keysOf({ data }: Tensor): Key[] {
  return isNumberData(data)
    ? Array.from<number | bigint, Key>(data, (key) => key)
    : data.map((key) => Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1"));
}

/** Strings may be views into the model's files, which are overwritten once the model is loaded. */
function ownElements({ data }: Tensor): Tensor["data"] {
  return isNumberData(data) ? data : data.map((string) => new Uint8Array(string));
}

function isSame(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : Object.is(a, b);
}
