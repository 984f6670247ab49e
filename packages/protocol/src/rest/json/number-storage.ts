import { freeLarge } from "@sealserve/core";

/** Numbers, of 13 bytes each, that a storage keeps room for when nobody reads them any more. */
const MOST_KEPT = 2 ** 19;

/** Whose numbers are in a storage. */
interface NumberOwner {
  /** Its numbers are gone. */
  loseStorage(): void;
}

/**
 * The arrays of a number table, which those of later documents use again: memory that is new to a process costs more than to read
 * the numbers that go there. One document at a time.
 */
export class NumberStorage {
  values = new Float64Array();
  kinds = new Uint8Array();
  /** Offsets in the document. */
  starts = new Uint32Array();

  #owner: NumberOwner | undefined;

  /** Makes it the storage of one document. That of the one before can no longer be read, so that none sees the numbers of another. */
  begin(owner: NumberOwner): void {
    this.#owner?.loseStorage();
    this.#owner = owner;
  }

  /** Numbers that there is room for. */
  get capacity(): number {
    return this.values.length;
  }

  /** Makes room for `capacity` numbers, and copies the first `length` there. */
  grow(capacity: number, length: number): void {
    this.values = moved(this.values, new Float64Array(capacity), length);
    this.kinds = moved(this.kinds, new Uint8Array(capacity), length);
    this.starts = moved(this.starts, new Uint32Array(capacity), length);
  }

  /** Ends the use by a document. Room for very many numbers is given back. */
  release(): void {
    this.#owner?.loseStorage();
    this.#owner = undefined;
    if (this.capacity > MOST_KEPT) {
      this.grow(0, 0);
    }
  }
}

function moved<A extends Float64Array | Uint8Array | Uint32Array>(source: A, target: A, length: number): A {
  target.set(source.subarray(0, length));
  freeLarge(source.buffer);
  return target;
}
