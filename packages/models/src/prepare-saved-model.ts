import { type Checkpoint, openCheckpoint } from "./bundle/checkpoint.ts";
import { ModelError } from "./errors.ts";
import { FURTHER_FORMS_FILE, WeightPlaces } from "./importer/weights/weight-places.ts";
import { type ReadableFiles, SAVED_MODEL_FILE } from "./model-files.ts";
import type { LocateVariable } from "./plan/plan-signature.ts";
import { expectSome, planSignatures } from "./plan/plan-signatures.ts";
import type { PreparedModel } from "./prepared-model.ts";
import { type GraphLibrary, indexGraph } from "./saved-model/graph-library.ts";
import { parseMetaGraph } from "./saved-model/meta-graph.ts";
import { ownSignatureDefs } from "./saved-model/own-signature-defs.ts";
import { describeSignatures } from "./saved-model/signatures.ts";
import { fillTables } from "./saved-model/tables.ts";
import { findRestoredTensors, type RestoredTensor } from "./saved-model/variables.ts";

/**
 * Reads a SavedModel and plans its signatures. A signature that uses something unsupported is set aside with the reason.
 * @param tags those of the graph to take, `serve` by default
 * @throws ModelError when the model is broken, or when none of its signatures can be run
 */
export function prepareSavedModel(files: ReadableFiles, tags?: readonly string[]): PreparedModel {
  const { prepared } = readSavedModel(files, tags);
  expectSome(prepared);
  return prepared;
}

/** {@link prepareSavedModel} even for a model of which no signature can be run, and its graph. @throws ModelError */
export function readSavedModel(
  files: ReadableFiles,
  tags?: readonly string[],
): { readonly prepared: PreparedModel; readonly library: GraphLibrary } {
  const metaGraph = parseMetaGraph(files.get(SAVED_MODEL_FILE) ?? new Uint8Array(), tags);
  const library = indexGraph(metaGraph);
  const signatureDefs = ownSignatureDefs(metaGraph.signatureDef);
  const signatures = describeSignatures(signatureDefs, library.fill);
  const checkpoint = openCheckpoint(files);
  const tables = fillTables(library, metaGraph, files, checkpoint);
  const weightPlaces = new WeightPlaces();
  const resources = {
    locateVariable: variableLocator(library, metaGraph.saverDef?.restoreOpName, checkpoint),
    findTable: (identity: string) => tables.get(identity),
    weightPlaces,
  };
  const prepared: PreparedModel = {
    platform: "tensorflow",
    signatures,
    signatureDefs,
    ...planSignatures(library, signatures, resources),
    arrangeWeights: () => arrangeWeights(weightPlaces, checkpoint?.shardFiles ?? [], files),
  };
  return { prepared, library };
}

function arrangeWeights(
  places: WeightPlaces,
  shardFiles: readonly string[],
  files: ReadableFiles,
): Map<string, Uint8Array> {
  const further = places.arrange();
  const shards = shardFiles.map((path): [string, Uint8Array] => [path, files.get(path) ?? new Uint8Array()]);
  return new Map([...shards, ...(further.length > 0 ? [[FURTHER_FORMS_FILE, further] as const] : [])]);
}

function variableLocator(
  library: GraphLibrary,
  restoreOperation: string | undefined,
  checkpoint: Checkpoint | undefined,
): LocateVariable {
  const restored = restoreOperation
    ? findRestoredTensors(library, restoreOperation)
    : new Map<string, RestoredTensor>();
  return (identity) => {
    const tensor = restored.get(identity);
    if (tensor === undefined) {
      return undefined;
    }
    const { key, slice } = tensor;
    if (checkpoint === undefined) {
      throw new ModelError(
        "missing-variable",
        `the model has no checkpoint, but its graph restores ${JSON.stringify(key)}`,
      );
    }
    return { key, stored: checkpoint.locate(key, slice) };
  };
}
