import { type DataType, makeNumbers, ServingError } from "@sealserve/protocol";

/** Bytes that the outputs of one operation may take. */
const MAX_OUTPUT_BYTES = 2 ** 28;
/** Of a string, without its bytes, which are not copied. */
const STRING_REFERENCE_BYTES = 8;
/** Of a string that is made, without its bytes. */
const STRING_OBJECT_BYTES = 128;

/** Memory for the outputs of one operation: a few bytes of a request must not become gigabytes. */
export class OutputBudget {
  #left = MAX_OUTPUT_BYTES;

  /**
   * Notes that an output of `elements` elements is about to be made.
   * @throws ServingError `RESOURCE_EXHAUSTED`
   */
  take(dtype: DataType, elements: number): void {
    this.takeBytes(elements * (dtype === "string" ? STRING_REFERENCE_BYTES : makeNumbers(dtype, 0).BYTES_PER_ELEMENT));
  }

  /**
   * Notes that so many strings are about to be made, each an object of its own. Their bytes count besides.
   * @throws ServingError `RESOURCE_EXHAUSTED`
   */
  takeStrings(count: number): void {
    this.takeBytes(count * STRING_OBJECT_BYTES);
  }

  /**
   * Notes that `bytes` bytes are about to be made, such as those of strings.
   * @throws ServingError `RESOURCE_EXHAUSTED`
   */
  takeBytes(bytes: number): void {
    if (bytes > this.#left) {
      throw new ServingError("RESOURCE_EXHAUSTED", "The outputs of an operation of the model would be too large", {
        expected: `at most ${this.#left} bytes`,
        actual: `${bytes} bytes`,
      });
    }
    this.#left -= bytes;
  }
}
