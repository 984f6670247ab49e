export { type ConvertedModel, type ConvertOptions, convertModel } from "./convert/convert-model.ts";
export { stuckThreads } from "./engine/engine-thread.ts";
export { buffersOf, type PackedTensor, packOwned, packTensors, unpackTensors } from "./engine/packed-tensor.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { writeExampleModels } from "./examples/write-example-models.ts";
export { inspectModel } from "./inspect/inspect-model.ts";
export { listOperations, type OperationLists } from "./inspect/list-operations.ts";
export type {
  ModelReport,
  OperationCount,
  RunBy,
  SignatureReport,
  StepOutline,
  TensorReport,
} from "./inspect/model-report.ts";
export { readClosedDeclaration } from "./libtensorflow/closed-declaration.ts";
export { loadTensorFlowModel, type TensorFlowOptions, tensorFlowVersion } from "./libtensorflow/tensorflow-model.ts";
export { type LoadOptions, loadModel, type ModelSource } from "./load-model.ts";
export type { LoadedModel, RunOptions } from "./loaded-model.ts";
export type { ModelDirectory, ModelFiles } from "./model-files.ts";
export { isPlannable } from "./plan/plan-graph.ts";
export { LEFT_OUT, type LeftOut } from "./plan/reasons-against.ts";
export type { ModelDeclaration } from "./saved-model/read-declaration.ts";
export { CLASSIFY_METHOD, PREDICT_METHOD, REGRESS_METHOD, type Signature, type SignatureTensor } from "./signature.ts";
