import type { MakeKernel } from "../kernel.ts";
import { readDenseFeatures, readListFeatures } from "./feature-spec.ts";
import { exampleParser } from "./parser.ts";

const DEFAULTS_AT = 1;

/** ParseSingleExample: keys are attributes, and there is one Example. */
export const parseSingleExample: MakeKernel = (operation) => {
  const spec = {
    sparse: readListFeatures(operation, operation.texts("sparse_keys"), "sparse_types"),
    dense: readDenseFeatures(operation, operation.texts("dense_keys"), DEFAULTS_AT),
    ragged: [],
  };
  return exampleParser(operation, spec, "scalar");
};
