import { equalBytes } from "@sealserve/core";
import { DEFAULT_SIGNATURE_KEY, type SignatureDef, SignatureDefMap } from "@sealserve/protocol";
import { type Checkpoint, openCheckpoint } from "./bundle/checkpoint.ts";
import { ModelError, type ModelErrorCode } from "./errors.ts";
import { type AddVariable, importSignature } from "./importer/import-signature.ts";
import { type ReadableFiles, SAVED_MODEL_FILE } from "./model-files.ts";
import type { PreparedModel } from "./prepared-model.ts";
import type { RunnableGraph } from "./runnable-graph.ts";
import { type GraphLibrary, indexGraph } from "./saved-model/graph-library.ts";
import { parseMetaGraph } from "./saved-model/meta-graph.ts";
import { describeSignatures } from "./saved-model/signatures.ts";
import { findCheckpointKeys } from "./saved-model/variables.ts";
import type { Signature } from "./signature.ts";

/** Reasons that concern one signature only. Any other means that the model is damaged or hostile. */
const signatureCodes: ReadonlySet<ModelErrorCode> = new Set([
  "unsupported-op",
  "unsupported-type",
  "unsupported-signature",
]);

/** Signatures of one model; published ones have some ten. Each may take a copy of the graph's constants. */
const MAX_SIGNATURES = 256;

/**
 * Reads a SavedModel and imports its signatures. A signature that uses something unsupported is set aside with the reason.
 * @param tags those of the graph to take, `serve` by default
 * @throws ModelError when the model is broken, or when none of its signatures can be imported
 */
export function prepareSavedModel(files: ReadableFiles, tags?: readonly string[]): PreparedModel {
  const metaGraph = parseMetaGraph(files.get(SAVED_MODEL_FILE) ?? new Uint8Array(), tags);
  const library = indexGraph(metaGraph);
  const signatureDefs = ownCopy(metaGraph.signatureDef);
  const signatures = describeSignatures(signatureDefs, library.fill);
  const checkpoint = openCheckpoint(files);
  const addVariable = variableAdder(library, metaGraph.saverDef?.restoreOpName, checkpoint);
  const { graphs, refusals } = importAll(library, signatures, addVariable);
  return {
    platform: "tensorflow",
    signatures,
    signatureDefs,
    graphs,
    refusals,
    weightFiles: checkpoint?.shardFiles ?? [],
  };
}

/** Default values are kept as bytes of the file they came from, and the file is wiped when the model is loaded. */
function ownCopy(signatureDef: ReadonlyMap<string, SignatureDef>): ReadonlyMap<string, SignatureDef> {
  return SignatureDefMap.decode(SignatureDefMap.encode({ signatureDef })).signatureDef;
}

function variableAdder(
  library: GraphLibrary,
  restoreOperation: string | undefined,
  checkpoint: Checkpoint | undefined,
): AddVariable {
  const keys = restoreOperation ? findCheckpointKeys(library, restoreOperation) : new Map<string, string>();
  return (identity, graph) => {
    const key = keys.get(identity);
    if (key === undefined) {
      return undefined;
    }
    if (checkpoint === undefined) {
      throw new ModelError(
        "missing-variable",
        `the model has no checkpoint, but its graph restores ${JSON.stringify(key)}`,
      );
    }
    return graph.stored(key, checkpoint.locate(key));
  };
}

function importAll(
  library: GraphLibrary,
  signatures: ReadonlyMap<string, Signature>,
  addVariable: AddVariable,
): Pick<PreparedModel, "graphs" | "refusals"> {
  const graphs = new Map<string, RunnableGraph>();
  const refusals = new Map<string, ModelError>();
  if (signatures.size > MAX_SIGNATURES) {
    throw new ModelError("too-large", "the model has too many signatures", {
      expected: `at most ${MAX_SIGNATURES}`,
      actual: `${signatures.size}`,
    });
  }
  for (const [key, signature] of signatures) {
    try {
      graphs.set(key, shareModel(importSignature(library, key, signature, addVariable), graphs.values()));
    } catch (error) {
      if (!(error instanceof ModelError) || !signatureCodes.has(error.code)) {
        throw error;
      }
      refusals.set(key, error);
    }
  }
  if (graphs.size === 0) {
    const [first] = refusals.values();
    throw (
      refusals.get(DEFAULT_SIGNATURE_KEY) ??
      first ??
      new ModelError("bad-saved-model", "the graph declares no signatures", {
        remedy: "save the model with signatures",
      })
    );
  }
  return { graphs, refusals };
}

/** Signatures that compute the same share one encoded model; the other copy is overwritten. */
function shareModel(graph: RunnableGraph, others: Iterable<RunnableGraph>): RunnableGraph {
  for (const { model } of others) {
    if (equalBytes(model, graph.model)) {
      graph.model.fill(0);
      return { ...graph, model };
    }
  }
  return graph;
}
