/** Operations that are left out for one reason. */
export interface LeftOut {
  /** What their names have in common. */
  readonly ops: RegExp;
  /** Some of them, for people. */
  readonly examples: readonly string[];
  readonly reason: string;
}

/** What is left out on purpose, or will not be there soon. */
export const LEFT_OUT: readonly LeftOut[] = [
  {
    ops: /^(Assign\w*|(Resource)?(Sparse)?Apply\w+|ResourceScatter\w+|Scatter(Add|Sub|Mul|Div|Min|Max|Update)|CountUpTo)$/,
    examples: ["Assign", "AssignAdd", "AssignAddVariableOp", "ResourceApplyGradientDescent", "ResourceScatterAdd"],
    reason: "it changes a variable, so that one request would change the answers to others",
  },
  {
    ops: /^LookupTable(Insert|Remove|Import)\w*$/,
    examples: ["LookupTableInsertV2", "LookupTableRemoveV2"],
    reason: "it changes a table, so that one request would change the answers to others",
  },
  {
    ops: /^Stack(Push|Pop|Close)?(V2)?$|^TensorArrayGrad/,
    examples: ["StackPushV2", "StackPopV2", "TensorArrayGradV3"],
    reason: "it is of gradients through a loop of TensorFlow 1, which are not worked out",
  },
  {
    ops: /^(PyFunc\w*|EagerPyFunc)$/,
    examples: ["PyFunc", "EagerPyFunc"],
    reason: "it runs Python code that the model does not hold",
  },
  {
    ops: /^(ReadFile|WriteFile|MatchingFiles|\w*ReaderV2|Save\w*|Restore\w*|\w*Dataset\w*|\w*Iterator\w*)$/,
    examples: ["ReadFile", "WriteFile", "RestoreV2", "TFRecordDataset"],
    reason: "it reads or writes files, which a request must not make a model do",
  },
  {
    ops: /^Decode(AndCropJpeg|Gif|Bmp|WebP)$/,
    examples: ["DecodeAndCropJpeg", "DecodeGif", "DecodeBmp"],
    reason: "of images only whole ones in PNG and JPEG are decoded",
  },
  {
    ops: /^SimpleML\w+$/,
    examples: ["SimpleMLCreateModelResource", "SimpleMLInferenceOpWithHandle"],
    reason: "it is no operation of TensorFlow's, but of TensorFlow Decision Forests",
  },
];

/** Why an operation is left out, to complete a message; undefined for one that is only not there yet. */
export function reasonAgainst(op: string): string | undefined {
  return LEFT_OUT.find(({ ops }) => ops.test(op))?.reason;
}
