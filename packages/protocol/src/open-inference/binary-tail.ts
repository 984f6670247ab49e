import { invalidArgument } from "../status/serving-error.ts";
import { StringBudget } from "./raw-tensor.ts";

/** The bytes behind the JSON of a request, given out in order. */
export class BinaryTail {
  readonly json: Uint8Array;
  /** Shared by the tensors in these bytes. */
  readonly strings: StringBudget;
  readonly #bytes: Uint8Array;
  #offset = 0;

  /**
   * @param jsonLength bytes of the JSON that `body` begins with; undefined when nothing follows it
   * @param maxStrings byte strings in all tensors together
   * @throws ServingError INVALID_ARGUMENT when the body is shorter
   */
  constructor(body: Uint8Array, jsonLength = body.length, maxStrings?: number) {
    if (jsonLength > body.length) {
      throw invalidArgument(`Inference-Header-Content-Length is ${jsonLength}, but the body has ${body.length} bytes`);
    }
    this.strings = new StringBudget(maxStrings);
    this.json = body.subarray(0, jsonLength);
    this.#bytes = body.subarray(jsonLength);
  }

  /** The next `size` bytes, a view. @throws ServingError INVALID_ARGUMENT when there are fewer */
  take(size: number, what: string): Uint8Array {
    const left = this.#bytes.length - this.#offset;
    if (size > left) {
      throw invalidArgument(`${what} has a binary_data_size of ${size}, but ${left} bytes are left in the body`);
    }
    this.#offset += size;
    return this.#bytes.subarray(this.#offset - size, this.#offset);
  }

  /** @throws ServingError INVALID_ARGUMENT when bytes are left */
  expectEnd(): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) {
      throw invalidArgument(`The body has ${left} bytes that belong to no input`);
    }
  }
}
