import type { Feature } from "../messages/tensorflow/example.ts";
import { invalidArgument } from "../status/serving-error.ts";
import { decodeBase64Bytes } from "./base64-bytes.ts";

const LARGEST_INT64 = 2n ** 63n - 1n;

type Kind = "bytes" | "float" | "int64";

/** Collects the elements of one `tensorflow.Feature`. The first one says of which kind all others must be. */
export class FeatureBuilder {
  readonly #name: string;
  readonly #count: number;
  readonly #bytes: Uint8Array[] = [];
  #floats = new Float32Array();
  #integers = new BigInt64Array();
  #kind: Kind | undefined;
  #length = 0;

  /**
   * @param name for error messages
   * @param count how many elements there will be
   */
  constructor(name: string, count: number) {
    this.#name = name;
    this.#count = count;
  }

  /** @throws ServingError INVALID_ARGUMENT when the elements before are of another kind */
  addBytes(value: Uint8Array): void {
    this.#expect("bytes");
    this.#bytes.push(value);
  }

  /** @throws ServingError INVALID_ARGUMENT when the elements before are of another kind, or for text that is not base64 */
  addBase64(text: Uint8Array): void {
    this.#expect("bytes");
    this.#bytes.push(decodeBase64Bytes(text));
  }

  /** @throws ServingError INVALID_ARGUMENT when the elements before are of another kind */
  addFloat(value: number): void {
    this.#expect("float");
    this.#floats[this.#length++] = value;
  }

  /** @throws ServingError INVALID_ARGUMENT for one above int64 too */
  addInteger(value: bigint): void {
    this.#expect("int64");
    if (value > LARGEST_INT64) {
      throw invalidArgument(`Feature: ${this.#name} has uint64_t element. Only int64_t is supported.`);
    }
    this.#integers[this.#length++] = value;
  }

  /** The feature: without a kind when nothing was added. */
  finish(): Feature {
    switch (this.#kind) {
      case "bytes":
        return { bytesList: { value: this.#bytes } };
      case "float":
        return { floatList: { value: this.#floats } };
      case "int64":
        return { int64List: { value: this.#integers } };
      case undefined:
      default:
        return {};
    }
  }

  #expect(kind: Kind): void {
    if (this.#kind === undefined) {
      this.#kind = kind;
      this.#floats = new Float32Array(kind === "float" ? this.#count : 0);
      this.#integers = new BigInt64Array(kind === "int64" ? this.#count : 0);
    } else if (this.#kind !== kind) {
      throw invalidArgument(`Unexpected element type in feature: ${this.#name} expecting type: ${this.#kind}`);
    }
  }
}
