import type { Pointer } from "./c-api.ts";

/** Memory of the library that holds the elements of a tensor of strings. */
export interface StringMemory {
  /** A copy of it. */
  readonly bytes: Uint8Array;
  /** Where it lies. */
  readonly address: Pointer;
  /** Copies other memory of the library. */
  readonly read: (address: Pointer, length: number) => Uint8Array;
}

/** How versions of TensorFlow lay out the elements of a tensor of strings. */
export interface StringLayout {
  /** All that such a tensor's memory must hold; it may lie anywhere. */
  pack(strings: readonly Uint8Array[]): Uint8Array;
  /** The strings in a tensor's memory, copied. @throws ModelError or CoreError when they reach out of it */
  unpack(memory: StringMemory, count: number): Uint8Array[];
}
