import { type DataType, elementCount, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { featureTypes } from "./read-features.ts";

/** A feature that is parsed into a dense tensor. */
export interface DenseFeature {
  readonly key: string;
  readonly dtype: DataType;
  /** Of one Example's values. A first dimension of -1 takes any number of them, and examples are padded to the longest. */
  readonly shape: readonly number[];
  /** What an Example without the feature gets, or the padding; no elements when the feature is required. */
  readonly fallback: Tensor;
  /** Elements for each step of the first dimension where that is of any size, else of the whole shape. */
  readonly stride: number;
}

/** A feature with any number of values, parsed into a sparse or a ragged tensor. */
export interface ListFeature {
  readonly key: string;
  readonly dtype: DataType;
}

/** A feature parsed into a ragged tensor. */
export interface RaggedFeature extends ListFeature {
  readonly splitType: DataType;
}

/** What is parsed out of each Example. */
export interface ExampleSpec {
  readonly sparse: readonly ListFeature[];
  readonly dense: readonly DenseFeature[];
  readonly ragged: readonly RaggedFeature[];
}

type Parsing = NodeOperation<KnownInput>;

/** Whether Examples of different length are padded. */
export function isVariableLength({ shape }: DenseFeature): boolean {
  return shape[0] === -1;
}

/**
 * The dense features of an operation that parses Examples.
 * @param defaultsAt position of the first feature's default among the operation's inputs
 */
export function readDenseFeatures(operation: Parsing, keys: readonly string[], defaultsAt: number): DenseFeature[] {
  const [types, shapes] = [operation.types("Tdense"), operation.shapes("dense_shapes")];
  if (types.length !== keys.length || shapes.length !== keys.length) {
    operation.refuse("it has another number of keys than of types or shapes for dense features");
  }
  return keys.map((key, index) => {
    const [dtype, shape] = [types[index] as DataType, shapes[index]];
    expectFeatureType(operation, dtype);
    if (shape === undefined || shape.some((size, axis) => size < 0 && axis > 0) || (shape[0] ?? 0) < -1) {
      return operation.refuse(`the shape of feature ${JSON.stringify(key)} is not known`);
    }
    const stride = elementCount(shape[0] === -1 ? shape.slice(1) : shape);
    const feature = { key, dtype, shape, stride, fallback: operation.constant(defaultsAt + index) };
    expectFallback(operation, feature);
    return feature;
  });
}

/** Features with these keys and types. */
export function readListFeatures(operation: Parsing, keys: readonly string[], typesName: string): ListFeature[] {
  const types = operation.types(typesName);
  if (types.length !== keys.length) {
    operation.refuse(`it has another number of keys than of types in ${typesName}`);
  }
  return keys.map((key, index) => {
    const dtype = types[index] as DataType;
    expectFeatureType(operation, dtype);
    return { key, dtype };
  });
}

/** Refuses an operation that parses something else than strings, or one feature twice. */
export function expectParsable(operation: Parsing, { sparse, dense, ragged }: ExampleSpec): void {
  if (operation.input(0).dtype !== "string") {
    operation.refuse("its first input does not hold strings");
  }
  const keys = [...sparse, ...dense, ...ragged].map(({ key }) => key);
  if (new Set(keys).size !== keys.length) {
    operation.refuse("it parses one feature twice");
  }
}

function expectFeatureType(operation: Parsing, dtype: DataType): void {
  if (!featureTypes.has(dtype)) {
    operation.refuse(`Examples hold no values of type ${dtype}`);
  }
}

function expectFallback(operation: Parsing, feature: DenseFeature): void {
  const { key, dtype, shape, stride, fallback } = feature;
  const variable = isVariableLength(feature);
  const fits = variable ? fallback.data.length === 1 : fallback.data.length === 0 || equalShapes(fallback.shape, shape);
  if (fallback.dtype !== dtype || !fits || (variable && stride === 0)) {
    operation.refuse(`the default of feature ${JSON.stringify(key)} does not fit its type or shape`);
  }
}

function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
