import { FillBudget, type MetaGraphDef, type SignatureDef } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { DirectoryFiles } from "../model-directory.ts";
import { type ModelDirectory, type ModelFiles, SAVED_MODEL_FILE } from "../model-files.ts";
import type { Signature } from "../signature.ts";
import { parseMetaGraph } from "./meta-graph.ts";
import { ownSignatureDefs } from "./own-signature-defs.ts";
import { describeSignatures } from "./signatures.ts";

/** What a SavedModel says of itself, whoever runs it. */
export interface ModelDeclaration {
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
}

/**
 * The graph of a SavedModel with all around it, for engines that read the model themselves.
 * @param tags those of the graph to take, `serve` by default
 * @throws ModelError `no-model` without a `saved_model.pb`; `bad-saved-model`, `unknown-tag`, `unreadable`, `too-large`
 */
export function readMetaGraph(source: ModelFiles | ModelDirectory, tags?: readonly string[]): MetaGraphDef {
  const files = "directory" in source ? new DirectoryFiles(source.directory) : source;
  const content = files.get(SAVED_MODEL_FILE);
  if (content === undefined) {
    throw new ModelError("no-model", `the version has no ${SAVED_MODEL_FILE}`, {
      expected: "a TensorFlow SavedModel",
      remedy: "only the engine onnxruntime serves ONNX models",
    });
  }
  return parseMetaGraph(content, tags);
}

/** What a meta graph declares. @throws ModelError `bad-saved-model` */
export function declarationOf(metaGraph: MetaGraphDef): ModelDeclaration {
  const signatureDefs = ownSignatureDefs(metaGraph.signatureDef);
  return { signatureDefs, signatures: describeSignatures(signatureDefs, new FillBudget()) };
}
