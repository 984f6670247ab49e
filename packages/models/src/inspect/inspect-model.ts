import { DirectoryFiles } from "../model-directory.ts";
import {
  isOnnxFile,
  type ModelDirectory,
  type ModelFiles,
  type ReadableFiles,
  SAVED_MODEL_FILE,
} from "../model-files.ts";
import { prepareModel } from "../prepare-model.ts";
import { readSavedModel } from "../prepare-saved-model.ts";
import type { PreparedModel } from "../prepared-model.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import type { Signature, SignatureTensor } from "../signature.ts";
import { countOperations } from "./count-operations.ts";
import type { ModelReport, OperationCount, SignatureReport, StepOutline, TensorReport } from "./model-report.ts";
import { outlineGraph, outlineSteps } from "./outline-steps.ts";

/**
 * Tells what is in a model and how it would be run, without an engine. The files are read only.
 * @param tags those of the graph to take from a SavedModel, `serve` by default
 * @throws ModelError for a broken model; one of which nothing can be run is reported
 */
export function inspectModel(source: ModelFiles | ModelDirectory, tags?: readonly string[]): ModelReport {
  const files = "directory" in source ? new DirectoryFiles(source.directory) : source;
  const { prepared, library } = read(files, tags);
  const reported = [...prepared.signatures].filter(([, { outputs }]) => outputs.size > 0);
  const signatures = reported.map(([key, signature]): [string, SignatureReport] => [
    key,
    {
      method: signature.methodName,
      inputs: reportTensors(signature.inputs),
      outputs: reportTensors(signature.outputs),
      refusal: prepared.refusals.get(key)?.message,
      operations: library === undefined ? [] : operationsOf(library, signature),
      steps: stepsOf(prepared, key),
    },
  ]);
  return { platform: prepared.platform, signatures: Object.fromEntries(signatures) };
}

function read(
  files: ReadableFiles,
  tags: readonly string[] | undefined,
): { readonly prepared: PreparedModel; readonly library?: GraphLibrary } {
  const isOnlySavedModel = [...files.keys()].includes(SAVED_MODEL_FILE) && ![...files.keys()].some(isOnnxFile);
  return isOnlySavedModel ? readSavedModel(files, tags) : { prepared: prepareModel(files, tags) };
}

/** A signature with tensors that are not dense has no names to take its graph out by. */
function operationsOf(library: GraphLibrary, signature: Signature): OperationCount[] {
  const tensors = [...signature.inputs.values(), ...signature.outputs.values()];
  return tensors.some(({ tensorName }) => tensorName === "") ? [] : countOperations(library, signature);
}

function stepsOf({ graphs, plans }: PreparedModel, key: string): StepOutline[] {
  const graph = graphs.get(key);
  return graph === undefined ? outlineSteps(plans.get(key)?.steps ?? []) : [outlineGraph(graph)];
}

function reportTensors(tensors: ReadonlyMap<string, SignatureTensor>): Record<string, TensorReport> {
  return Object.fromEntries([...tensors].map(([alias, { dtype, shape }]) => [alias, { dtype, shape }]));
}
