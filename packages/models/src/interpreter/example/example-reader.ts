import { dataTypeErrorName, invalidArgument, ProtocolError, ServingError } from "@sealserve/protocol";

import type { Column } from "./columns.ts";
import { type DenseFeature, type ExampleSpec, isVariableLength, type ListFeature } from "./feature-spec.ts";
import type { FeatureValues } from "./feature-values.ts";
import { MAX_STRINGS, readFeatures, readFeatureValues } from "./read-features.ts";

/** Features times Examples of a call: each takes a place in memory, whether it has values or not. */
const MAX_CELLS = 2 ** 24;

interface Place {
  readonly feature: ListFeature | DenseFeature;
  /** Position of the Example in the call's list; undefined when there is no list. */
  readonly example: number | undefined;
}

/** Reads and checks the features of serialized Examples. Messages are TensorFlow's, without what the caller sent. */
export class ExampleReader {
  readonly #features: readonly (ListFeature | DenseFeature)[];
  readonly #numbers: ReadonlyMap<string, number>;

  constructor({ sparse, dense, ragged }: ExampleSpec) {
    this.#features = [...sparse, ...dense, ...ragged];
    this.#numbers = new Map(this.#features.map(({ key }, number) => [key, number]));
  }

  /**
   * A column for each feature of the specification: sparse, dense, ragged.
   * @param isScalar whether the one Example comes without a list
   * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`
   */
  read(examples: readonly Uint8Array[], isScalar: boolean): Column[] {
    expectAtMost(MAX_CELLS, examples.length * this.#features.length, "features");
    const rows = examples.map((example) => this.#locate(example));
    let strings = 0;
    return this.#features.map((feature, number) => {
      const values = rows.map((row, index) => {
        const list = readValues(row[number], { feature, example: isScalar ? undefined : index });
        strings += list?.dtype === "string" ? list.data.length : 0;
        expectAtMost(MAX_STRINGS, strings, "strings");
        return list;
      });
      return { values, isScalar };
    });
  }

  #locate(example: Uint8Array): (Uint8Array | undefined)[] {
    return refuseUnreadable(
      () => "Could not parse example input, value: '<redacted>'",
      () => readFeatures(example, this.#numbers),
    );
  }
}

function readValues(encoded: Uint8Array | undefined, place: Place): FeatureValues | undefined {
  const parse = () => (encoded === undefined ? undefined : readFeatureValues(encoded));
  const list = refuseUnreadable(() => `${describe(place)}Can't parse serialized Example.`, parse);
  if (list === undefined) {
    expectOptional(place);
    return undefined;
  }
  const { feature } = place;
  if (list.dtype !== feature.dtype) {
    const [actual, expected] = [dataTypeErrorName(list.dtype), dataTypeErrorName(feature.dtype)];
    const reason = `Data types don't match. Data type: ${actual} but expected type: ${expected}`;
    throw invalidArgument(`${describe(place)}${reason}`);
  }
  if ("shape" in feature) {
    expectCount(list, feature, place);
  }
  return list;
}

/** Examples may lack sparse and ragged features, padded ones, and those with a default. */
function expectOptional({ feature, example }: Place): void {
  if (!("shape" in feature) || isVariableLength(feature) || feature.fallback.data.length > 0) {
    return;
  }
  const name = example === undefined ? "" : "Name: <unknown>, ";
  const what = `${name}Feature: ${feature.key} (data type: ${dataTypeErrorName(feature.dtype)})`;
  throw invalidArgument(`${what} is required but could not be found.`);
}

function expectCount({ dtype, data }: FeatureValues, feature: DenseFeature, place: Place): void {
  const shape = `[${feature.shape.map((size) => (size < 0 ? "?" : size)).join(",")}]`;
  const what = `Number of ${dtype === "string" ? "bytes" : dataTypeErrorName(dtype)} values`;
  if (isVariableLength(feature)) {
    if (data.length % feature.stride !== 0) {
      const reason = `is not a multiple of stride length. Saw ${data.length} values but output shape is: ${shape}`;
      throw invalidArgument(`${describe(place)}${what} ${reason}`);
    }
  } else if (data.length !== feature.stride) {
    const reason = `!= expected.  Values size: ${data.length} but output shape: ${shape}`;
    throw invalidArgument(`${describe(place)}${what} ${reason}`);
  }
}

function describe({ feature, example }: Place): string {
  return example === undefined
    ? `Key: ${feature.key}.  `
    : `Name: <unknown>, Key: ${feature.key}, Index: ${example}.  `;
}

function refuseUnreadable<T>(describeIt: () => string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ProtocolError ? invalidArgument(describeIt()) : error;
  }
}

function expectAtMost(limit: number, count: number, what: string): void {
  if (count > limit) {
    throw new ServingError("RESOURCE_EXHAUSTED", `The Examples of one call have too many ${what}`, {
      expected: `at most ${limit}`,
      actual: `${count}`,
    });
  }
}
