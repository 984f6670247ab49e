import { type DataType, makeNumbers, ServingError } from "@sealserve/protocol";

/** Bytes that the outputs of one operation may take. */
const MAX_OUTPUT_BYTES = 2 ** 28;
/** Of a string, without its bytes, which are not copied. */
const STRING_REFERENCE_BYTES = 8;
/** Of a string that is made, without its bytes. */
const STRING_OBJECT_BYTES = 128;

const bytesByType = new Map<DataType, number>([["string", STRING_REFERENCE_BYTES]]);

/** Kept, as an array of the type has to be made to know it. */
function bytesEach(dtype: DataType): number {
  const bytes = bytesByType.get(dtype) ?? makeNumbers(dtype, 0).BYTES_PER_ELEMENT;
  bytesByType.set(dtype, bytes);
  return bytes;
}

/** Memory for the outputs of one operation: a few bytes of a request must not become gigabytes. */
export class OutputBudget {
  #left = MAX_OUTPUT_BYTES;

  /**
   * Notes that an output of `elements` elements is about to be made.
   * @throws ServingError `RESOURCE_EXHAUSTED`
   */
  take(dtype: DataType, elements: number): void {
    this.takeBytes(elements * bytesEach(dtype));
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
    // Sizes that cannot be counted may have become no number.
    if (!(bytes >= 0 && bytes <= this.#left)) {
      throw new ServingError("RESOURCE_EXHAUSTED", "The outputs of an operation of the model would be too large", {
        expected: `at most ${this.#left} bytes`,
        actual: `${bytes} bytes`,
      });
    }
    this.#left -= bytes;
  }
}
