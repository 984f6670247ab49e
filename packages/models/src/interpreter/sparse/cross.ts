import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { int64Tensor } from "../integers.ts";
import type { Clock, Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { fingerprint64 } from "../strings/fingerprint64.ts";
import { concatenate } from "../strings/strings.ts";
import { readCoordinates } from "./coordinates.ts";

/** Features of one operation; published models cross two or three. */
const MAX_FEATURES = 1000;
/** Crossed values between two looks at the clock. */
const VALUES_BETWEEN_CHECKS = 2 ** 12;
/** Between the parts of a text, where the operation does not say otherwise. */
const SEPARATOR = encodeUtf8("_X_");
const HASH_MULTIPLIER = 0xc6a4a7935bd1e995n;
const LARGEST_INT64 = 2n ** 63n - 1n;

type Value = Uint8Array | number | bigint;
/** Values of a feature in each row of the batch. */
type Feature = readonly (readonly Value[])[];
/** One value for each combination. */
type Cross = (values: readonly Value[], clock?: Clock) => Uint8Array | bigint;

/**
 * SparseCross: all combinations of the features' values in each row of the batch, as texts or hashes (sparse_cross_op.cc). Those of
 * the last feature change first.
 */
export const crossSparse: MakeKernel = (operation) => {
  const features = expectFeatures(operation);
  const buckets = operation.longInteger("num_buckets", 0n);
  const key = BigInt.asUintN(64, operation.longInteger("hash_key", 0n));
  if (buckets < 0n) {
    operation.refuse(`it has ${buckets} buckets`);
  }
  return operation.flag("hashed_output", false)
    ? crossing(features, "int64", () => hashed(key, buckets === 0n ? LARGEST_INT64 : buckets))
    : crossing(features, "string", (_separator, budget) => joined(SEPARATOR, budget));
};

/** SparseCrossV2: the same as texts, with the separator as its last input. */
export const crossSparseTexts: MakeKernel = (operation) =>
  crossing(expectFeatures(operation), "string", (separator, budget) => joined(separator, budget));

/** How many features are sparse, and how many inputs are dense. */
function expectFeatures(operation: NodeOperation<KnownInput>): { readonly sparse: number; readonly dense: number } {
  const [sparse, dense] = [operation.integer("N", 0), operation.types("dense_types").length];
  const isOfValues = [...operation.types("sparse_types"), ...operation.types("dense_types")].every(
    (dtype) => dtype === "string" || dtype === "int64",
  );
  if (sparse < 0 || sparse + dense < 1 || sparse + dense > MAX_FEATURES || !isOfValues) {
    operation.refuse(`it crosses ${sparse} sparse and ${dense} dense inputs`);
  }
  if (operation.inputs.length < 3 * sparse + dense) {
    operation.refuse("it lacks inputs");
  }
  return { sparse, dense };
}

function crossing(
  { sparse, dense }: { readonly sparse: number; readonly dense: number },
  dtype: "int64" | "string",
  makeCross: (separator: Uint8Array, budget: OutputBudget) => Cross,
): Kernel {
  return {
    outputs: ["int64", dtype, "int64"],
    run: (inputs, clock) => {
      const features = [
        ...Array.from({ length: sparse }, (_, place) =>
          sparseFeature(inputs[place], inputs[sparse + place] as Tensor, inputs[2 * sparse + place]),
        ),
        ...inputs.slice(3 * sparse, 3 * sparse + dense).map(denseFeature),
      ];
      const budget = new OutputBudget();
      const separator = inputs[3 * sparse + dense]?.data[0];
      return crossAll(features, dtype, makeCross(separator instanceof Uint8Array ? separator : SEPARATOR, budget), {
        budget,
        clock,
      });
    },
  };
}

/** @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` */
function crossAll(
  features: readonly Feature[],
  dtype: "int64" | "string",
  cross: Cross,
  { budget, clock }: { readonly budget: OutputBudget; readonly clock: Clock | undefined },
): Tensor[] {
  const rows = features[0]?.length ?? 0;
  if (features.some((feature) => feature.length !== rows)) {
    throw invalidArgument(`Expected batch size ${rows} of all features`);
  }
  const counts = Array.from({ length: rows }, (_, row) =>
    features.reduce((count, feature) => count * (feature[row]?.length ?? 0), 1),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  budget.take("int64", 3 * total);
  budget.takeStrings(dtype === "string" ? total : 0);
  const values: (Uint8Array | bigint)[] = [];
  const places: number[] = [];
  for (const [row, count] of counts.entries()) {
    for (let place = 0; place < count; place++) {
      if (values.length % VALUES_BETWEEN_CHECKS === 0) {
        clock?.expectTime();
      }
      values.push(cross(combinationAt(features, row, place), clock));
      places.push(row, place);
    }
  }
  const widest = counts.reduce((most, count) => Math.max(most, count), 0);
  return [
    int64Tensor([total, 2], places),
    dtype === "string"
      ? { dtype, shape: [total], data: values as Uint8Array[] }
      : { dtype, shape: [total], data: BigInt64Array.from(values as bigint[]) },
    int64Tensor([2], [rows, widest]),
  ];
}

function combinationAt(features: readonly Feature[], row: number, place: number): Value[] {
  let rest = place;
  const reversed = features.toReversed().map((feature) => {
    const given = feature[row] ?? [];
    const value = given[rest % given.length] as Value;
    rest = Math.floor(rest / given.length);
    return value;
  });
  return reversed.toReversed();
}

function sparseFeature(indices: Tensor | undefined, values: Tensor, denseShape: Tensor | undefined): Feature {
  const { count, numbers, shape } = readCoordinates(indices, denseShape);
  if (shape.length !== 2 || values.data.length !== count) {
    throw invalidArgument("Features to cross must be matrices with a value for each index");
  }
  const batch = shape[0] as number;
  new OutputBudget().takeStrings(batch);
  const feature = Array.from({ length: batch }, (): Value[] => []);
  const all = valuesOf(values);
  for (let place = 0; place < count; place++) {
    feature[numbers[2 * place] as number]?.push(all[place] as Value);
  }
  return feature;
}

function denseFeature(tensor: Tensor): Feature {
  const [rows = 0, width = 0] = tensor.shape;
  if (tensor.shape.length !== 2) {
    throw invalidArgument(`Dense inputs should be a matrix but received shape [${tensor.shape.join(",")}]`);
  }
  new OutputBudget().takeStrings(rows);
  const all = valuesOf(tensor);
  return Array.from({ length: rows }, (_, row) => all.slice(row * width, (row + 1) * width));
}

function valuesOf({ data }: Tensor): readonly Value[] {
  return isNumberData(data) ? Array.from<number | bigint>(data) : data;
}

function joined(separator: Uint8Array, budget: OutputBudget): Cross {
  return (values) =>
    concatenate(
      values.map((value) => (value instanceof Uint8Array ? value : encodeUtf8(`${value}`))),
      separator,
      budget,
    );
}

function hashed(key: bigint, buckets: bigint): Cross {
  return (values, clock) =>
    values.reduce<bigint>((hash, value) => {
      const coming = value instanceof Uint8Array ? fingerprint64(value, clock) : BigInt.asUintN(64, BigInt(value));
      return joinFingerprints(hash, coming);
    }, key) % buckets;
}

/** One fingerprint of two (platform/fingerprint.h). */
function joinFingerprints(first: bigint, second: bigint): bigint {
  const mixed = wrap(fold(wrap(second * HASH_MULTIPLIER)) * HASH_MULTIPLIER);
  const both = wrap((first ^ HASH_MULTIPLIER ^ mixed) * HASH_MULTIPLIER);
  return fold(wrap(fold(both) * HASH_MULTIPLIER));
}

function fold(value: bigint): bigint {
  return value ^ (value >> 47n);
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
