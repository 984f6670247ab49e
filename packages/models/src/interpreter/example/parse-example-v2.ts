import type { MakeKernel } from "../kernel.ts";
import { readDenseFeatures, readListFeatures } from "./feature-spec.ts";
import { exampleParser } from "./parser.ts";

const SPARSE_KEYS_INPUT = 2;
const DENSE_KEYS_INPUT = 3;
const RAGGED_KEYS_INPUT = 4;
const DEFAULTS_AT = 5;

/** ParseExampleV2: keys come as lists, and features can be ragged. */
export const parseExampleV2: MakeKernel = (operation) => {
  const raggedKeys = operation.constantTexts(RAGGED_KEYS_INPUT);
  const splitTypes = operation.types("ragged_split_types");
  const ragged = readListFeatures(operation, raggedKeys, "ragged_value_types").map((feature, index) => {
    const splitType = splitTypes[index];
    return splitType === "int32" || splitType === "int64"
      ? { ...feature, splitType }
      : operation.refuse(`the row splits of feature ${JSON.stringify(feature.key)} have no type that is known`);
  });
  const spec = {
    sparse: readListFeatures(operation, operation.constantTexts(SPARSE_KEYS_INPUT), "sparse_types"),
    dense: readDenseFeatures(operation, operation.constantTexts(DENSE_KEYS_INPUT), DEFAULTS_AT),
    ragged,
  };
  return exampleParser(operation, spec, "scalar or vector");
};
