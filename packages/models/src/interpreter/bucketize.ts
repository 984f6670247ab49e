import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "./kernel.ts";
import { OutputBudget } from "./output-budget.ts";
import { search } from "./search-sorted.ts";

/** Features of one operation; published models have some ten. */
const MAX_FEATURES = 4096;

/**
 * BoostedTreesBucketize: for each value of several features the first of the feature's boundaries that is not below it, or the
 * last one (quantile_ops.cc). TensorFlow 2.21 has it no longer; graphs of TensorFlow Transform still use it.
 */
export const bucketizeFeatures: MakeKernel = (operation) => {
  const features = operation.integer("num_features", 0);
  const isOfFloats = operation.inputs.every(({ dtype }) => dtype === "float32");
  if (features < 1 || features > MAX_FEATURES || operation.inputs.length !== features * 2 || !isOfFloats) {
    operation.refuse(`it has ${features} features and ${operation.inputs.length} inputs`);
  }
  return {
    outputs: Array.from({ length: features }, () => "int32" as const),
    run: (inputs) =>
      inputs.slice(0, features).map((values, feature) => {
        const boundaries = floatsOf(inputs[features + feature], "Buckets");
        const data = floatsOf(values, "Features");
        new OutputBudget().take("int32", data.length);
        return {
          dtype: "int32",
          shape: [data.length],
          data: Int32Array.from(data, (value) => bucketOf(value, boundaries)),
        };
      }),
  };
};

/** Bucketize: how many of the boundaries, which never go down, are not above each value. */
export const bucketize: MakeKernel = (operation) => {
  const boundaries = operation.floats("boundaries");
  if (boundaries.some((boundary, place) => !(boundary >= (boundaries[place - 1] ?? Number.NEGATIVE_INFINITY)))) {
    operation.refuse("its boundaries go down");
  }
  return {
    outputs: ["int32"],
    run: ([tensor]) => {
      const { shape, data } = tensor as Tensor;
      new OutputBudget().take("int32", data.length);
      const values = isNumberData(data) ? Array.from<number | bigint, number>(data, Number) : [];
      const buckets = values.map((value) =>
        search(boundaries, 0, boundaries.length, (boundary) => !(value < boundary)),
      );
      return [{ dtype: "int32", shape, data: Int32Array.from(buckets) }];
    },
  };
};

/** Values may also stand in a matrix of one column. */
function floatsOf(tensor: Tensor | undefined, what: string): readonly number[] {
  const isVector =
    tensor?.shape.length === 1 || (what === "Features" && tensor?.shape[1] === 1 && tensor.shape.length === 2);
  if (tensor === undefined || !isVector || !isNumberData(tensor.data)) {
    throw invalidArgument(`${what} should be flat vectors.`);
  }
  return Array.from<number | bigint, number>(tensor.data, Number);
}

function bucketOf(value: number, boundaries: readonly number[]): number {
  const place = search(boundaries, 0, boundaries.length, (boundary) => boundary < value);
  return Math.max(Math.min(place, boundaries.length - 1), 0);
}
