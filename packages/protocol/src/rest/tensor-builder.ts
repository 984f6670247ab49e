import type { NumberArray } from "../protobuf/little-endian.ts";
import { invalidArgument, ServingError } from "../status/serving-error.ts";
import { type DataType, dataTypeErrorName } from "../tensor/data-type.ts";
import { makeNumbers } from "../tensor/storage.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { base64Text, decodeBase64Bytes } from "./base64-bytes.ts";
import { describeNode, typeName } from "./json/describe.ts";
import type { JsonDocument } from "./json/document.ts";
import { type JsonNode, JsonRecord, NumberBlock } from "./json/node.ts";
import { convertNumbers, type NumberConversions, servingConversions } from "./number-conversion.ts";

/** Collects the elements of one tensor from JSON values, in order. */
export class TensorBuilder {
  readonly #document: JsonDocument;
  readonly #dtype: DataType;
  readonly #conversions: NumberConversions;
  readonly #strings: Uint8Array[] = [];
  #numbers: NumberArray | undefined;
  #length = 0;

  /** @param conversions TensorFlow Serving's rules unless told otherwise */
  constructor(document: JsonDocument, dtype: DataType, conversions: NumberConversions = servingConversions) {
    this.#document = document;
    this.#dtype = dtype;
    this.#conversions = conversions;
  }

  /** Elements so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds a value that is neither a list nor a number. @throws ServingError when the type does not take it */
  add(node: JsonNode): void {
    if (this.#dtype === "string" && node instanceof JsonRecord) {
      this.#addString(this.#decodeObject(node));
    } else if (this.#dtype === "string" && node instanceof Uint8Array) {
      this.#addString(node);
    } else if (this.#dtype === "bool" && typeof node === "boolean") {
      this.#reserve(1)[this.#length++] = node ? 1 : 0;
    } else {
      throw this.#refuse(node);
    }
  }

  /**
   * Adds all numbers of a block.
   * @returns the index of the first one that the type does not take, or -1; {@link refuseNumber} makes the error
   */
  addBlock(block: NumberBlock): number {
    const { size } = block;
    if (size === 0) {
      return -1;
    }
    if (this.#conversions[this.#dtype] === undefined) {
      return block.from;
    }
    const { numbers } = this.#document;
    const target = this.#reserve(size);
    const refused = convertNumbers(numbers, block.from, size, this.#dtype, target, this.#length, this.#conversions);
    this.#length += size;
    return refused;
  }

  /** The error for a number of the document's table that the type does not take. */
  refuseNumber(index: number): ServingError {
    return this.#refuse(new NumberBlock([], index));
  }

  /** The tensor; `shape` must have as many elements as were added. */
  finish(shape: readonly number[]): Tensor {
    if (this.#dtype === "string") {
      return { dtype: this.#dtype, shape, data: this.#strings };
    }
    return { dtype: this.#dtype, shape, data: this.#exactNumbers() };
  }

  #exactNumbers(): NumberArray {
    const numbers = this.#numbers ?? makeNumbers(this.#dtype, 0);
    return numbers.length === this.#length ? numbers : numbers.slice(0, this.#length);
  }

  #addString(text: Uint8Array): void {
    this.#strings.push(text);
    this.#length++;
  }

  #reserve(count: number): NumberArray {
    const needed = this.#length + count;
    if (this.#numbers === undefined) {
      this.#numbers = makeNumbers(this.#dtype, needed);
    } else if (needed > this.#numbers.length) {
      const larger = makeNumbers(this.#dtype, Math.max(needed, 2 * this.#length));
      new Uint8Array(larger.buffer).set(new Uint8Array(this.#numbers.buffer));
      this.#numbers = larger;
    }
    return this.#numbers;
  }

  #decodeObject(node: JsonRecord): Uint8Array {
    const text = base64Text(node);
    if (text === undefined) {
      const value = describeNode(node, this.#document);
      throw invalidArgument(`JSON Value: ${value} not formatted correctly for base64 data`);
    }
    return decodeBase64Bytes(text);
  }

  /** Whether any JSON value can be an element. */
  #takesJson(): boolean {
    return this.#dtype === "bool" || this.#dtype === "string" || this.#conversions[this.#dtype] !== undefined;
  }

  #refuse(node: JsonNode): ServingError {
    const value = describeNode(node, this.#document);
    const type = dataTypeErrorName(this.#dtype);
    if (!this.#takesJson() && !(node instanceof JsonRecord)) {
      return new ServingError("UNIMPLEMENTED", `Conversion of JSON Value: ${value} to type: ${type}`);
    }
    const message = `JSON Value: ${value} Type: ${typeName(node)} is not of expected type: ${type}`;
    return invalidArgument(message);
  }
}
