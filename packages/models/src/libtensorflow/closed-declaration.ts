import type { ModelDirectory, ModelFiles } from "../model-files.ts";
import { indexGraph } from "../saved-model/graph-library.ts";
import { declarationOf, type ModelDeclaration, readMetaGraph } from "../saved-model/read-declaration.ts";
import { refuseOutwardOperations } from "./outward-operations.ts";
import { reachesOf } from "./tensorflow-model.ts";

/**
 * The signatures of a SavedModel that TensorFlow runs in a program beside this one, and that does not reach out of the model (threat D10).
 *
 * @param tags those of the graph to take, `serve` by default
 * @throws ModelError `unsupported-op` naming the node that reads or writes files, calls other machines or runs Python; `bad-graph`, and
 *   those of {@link readMetaGraph}
 */
export function readClosedDeclaration(source: ModelFiles | ModelDirectory, tags?: readonly string[]): ModelDeclaration {
  const metaGraph = readMetaGraph(source, tags);
  const declaration = declarationOf(metaGraph);
  const graph = indexGraph(metaGraph);
  for (const reach of reachesOf(metaGraph, declaration.signatures)) {
    refuseOutwardOperations(graph, reach);
  }
  return declaration;
}
