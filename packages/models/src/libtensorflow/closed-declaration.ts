import type { MetaGraphDef } from "@sealserve/protocol";

import type { ModelDirectory, ModelFiles } from "../model-files.ts";
import { type GraphLibrary, indexGraph } from "../saved-model/graph-library.ts";
import { assetTensors, initialisationOperation } from "../saved-model/initialisation.ts";
import { declarationOf, type ModelDeclaration, readMetaGraph } from "../saved-model/read-declaration.ts";
import type { Signature } from "../signature.ts";
import { type Reach, refuseOutwardOperations } from "./outward-operations.ts";

/**
 * The signatures of a SavedModel that TensorFlow runs in a program beside this one, and that does not reach out of the model (threat D10).
 *
 * @param tags those of the graph to take, `serve` by default
 * @throws ModelError `unsupported-op` naming the node that reads or writes files, calls other machines or runs Python; `bad-graph`, and
 *   `unsafe-path` for an asset that is outside of its folder, and those of {@link readMetaGraph}
 */
export function readClosedDeclaration(source: ModelFiles | ModelDirectory, tags?: readonly string[]): ModelDeclaration {
  return readClosedModel(source, tags).declaration;
}

/** The same, with the graph. @throws ModelError as {@link readClosedDeclaration} */
export function readClosedModel(
  source: ModelFiles | ModelDirectory,
  tags?: readonly string[],
): { readonly declaration: ModelDeclaration; readonly graph: GraphLibrary } {
  const metaGraph = readMetaGraph(source, tags);
  const declaration = declarationOf(metaGraph);
  const graph = indexGraph(metaGraph);
  refuseOutwardOperations(graph, reachesOf(metaGraph, declaration.signatures));
  return { declaration, graph };
}

/** All that the loader and calls may run. @throws ModelError `unsafe-path`, `bad-saved-model` for assets that are none */
function reachesOf(metaGraph: MetaGraphDef, signatures: ReadonlyMap<string, Signature>): Reach[] {
  const assets = assetTensors(metaGraph);
  const initialisation = initialisationOperation(metaGraph);
  const restore = metaGraph.saverDef?.restoreOpName;
  const named = (names: readonly (string | undefined)[]): string[] => names.flatMap((name) => (name ? [name] : []));
  return [
    { fetched: named([initialisation]), fed: [], assets },
    { fetched: named([restore]), fed: [], checkpoint: metaGraph.saverDef?.filenameTensorName || undefined, assets },
    ...Array.from(signatures.values(), ({ inputs, outputs }) => ({
      fetched: named(Array.from(outputs.values(), ({ tensorName }) => tensorName)),
      fed: named(Array.from(inputs.values(), ({ tensorName }) => tensorName)),
    })),
  ];
}
