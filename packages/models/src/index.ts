export { buffersOf, type PackedTensor, packOwned, unpackTensor } from "./engine/packed-tensor.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { writeExampleModels } from "./examples/write-example-models.ts";
export { type LoadOptions, loadModel } from "./load-model.ts";
export type { LoadedModel, RunOptions } from "./loaded-model.ts";
export type { ModelDirectory, ModelFiles } from "./model-files.ts";
export { isPlannable } from "./plan/plan-graph.ts";
export { CLASSIFY_METHOD, PREDICT_METHOD, REGRESS_METHOD, type Signature, type SignatureTensor } from "./signature.ts";
