import type { NodeDef, OpDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";

type OutputArg = OpDef["outputArg"][number];

/** Output arguments of operations with several, for files that do not declare their operations. */
const severalOutputs: ReadonlyMap<string, readonly string[]> = new Map([
  ["FusedBatchNormV3", ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"]],
  ["BroadcastGradientArgs", ["r0", "r1"]],
  ["CTCGreedyDecoder", ["decoded_indices", "decoded_values", "decoded_shape", "log_probability"]],
  ["CombinedNonMaxSuppression", ["nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"]],
  ["DenseToDenseSetOperation", ["result_indices", "result_values", "result_shape"]],
  ["Merge", ["output", "value_index"]],
  ["NonMaxSuppressionV4", ["selected_indices", "valid_outputs"]],
  ["NonMaxSuppressionV5", ["selected_indices", "selected_scores", "valid_outputs"]],
  ["RefMerge", ["output", "value_index"]],
  ["RefSwitch", ["output_false", "output_true"]],
  ["RaggedRange", ["rt_nested_splits", "rt_dense_values"]],
  ["RaggedTensorToSparse", ["sparse_indices", "sparse_values", "sparse_dense_shape"]],
  ["SparseConcat", ["output_indices", "output_values", "output_shape"]],
  ["SparseCross", ["output_indices", "output_values", "output_shape"]],
  ["SparseCrossV2", ["output_indices", "output_values", "output_shape"]],
  ["SparseFillEmptyRows", ["output_indices", "output_values", "empty_row_indicator", "reverse_index_map"]],
  ["SparseReorder", ["output_indices", "output_values"]],
  ["SparseReshape", ["output_indices", "output_shape"]],
  ["SparseSlice", ["output_indices", "output_values", "output_shape"]],
  ["Switch", ["output_false", "output_true"]],
  ["TensorArrayConcatV3", ["value", "lengths"]],
  ["TensorArrayV3", ["handle", "flow"]],
  ["TensorListConcat", ["tensor", "lengths"]],
  ["TensorListPopBack", ["output_handle", "tensor"]],
  ["Unique", ["y", "idx"]],
  ["UnicodeDecode", ["row_splits", "char_values"]],
  ["UnicodeDecodeWithOffsets", ["row_splits", "char_values", "char_to_byte_starts"]],
  ["UniqueWithCounts", ["y", "idx", "count"]],
  ["StringNGrams", ["ngrams", "ngrams_splits"]],
  ["StringSplit", ["indices", "values", "shape"]],
  ["StringSplitV2", ["indices", "values", "shape"]],
  ["TopKV2", ["values", "indices"]],
]);

/**
 * Index over all outputs of `node` of entry `index` of its output argument `argument`. Arguments with a number or a list
 * of types take several outputs, so the operation's declaration is needed (op_def.proto). Some converters leave the
 * declarations out of the file; an operation is then taken to have one output argument unless it is listed here.
 * @throws ModelError `bad-graph`
 */
export function outputIndex(node: NodeDef, declaration: OpDef | undefined, argument: string, index: number): number {
  if (declaration === undefined) {
    const position = severalOutputs.get(node.op)?.indexOf(argument) ?? 0;
    return position < 0 ? undeclared(node, argument) : position + index;
  }
  let start = 0;
  for (const output of declaration.outputArg) {
    if (output.name === argument) {
      return start + index;
    }
    start += outputCount(node, output);
  }
  return undeclared(node, argument);
}

function undeclared(node: NodeDef, argument: string): never {
  throw new ModelError(
    "bad-graph",
    `operation ${node.op} of node ${JSON.stringify(node.name)} does not declare its output ${JSON.stringify(argument)}`,
  );
}

function outputCount(node: NodeDef, output: OutputArg): number {
  if (output.numberAttr !== "") {
    return Number(node.attr.get(output.numberAttr)?.i ?? 0n);
  }
  if (output.typeListAttr !== "") {
    return node.attr.get(output.typeListAttr)?.list?.type.length ?? 0;
  }
  return 1;
}
