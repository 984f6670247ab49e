import { DEFAULT_SIGNATURE_KEY } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { DirectoryFiles } from "../model-directory.ts";
import {
  isOnnxFile,
  type ModelDirectory,
  type ModelFiles,
  type ReadableFiles,
  SAVED_MODEL_FILE,
} from "../model-files.ts";
import { encodeModel, OPERATOR_SETS } from "../onnx/write.ts";
import { readSavedModel } from "../prepare-saved-model.ts";
import type { PreparedModel } from "../prepared-model.ts";
import { placeWeights } from "./place-weights.ts";
import { wholeGraph } from "./whole-graph.ts";

/** How to convert a model. */
export interface ConvertOptions {
  /** Key of the signature; the default one where it is undefined. */
  readonly signature?: string | undefined;
  /** Tags of the graph, `serve` by default. */
  readonly tags?: readonly string[] | undefined;
  /** ONNX's operator set that the model is declared in, 18 to 21; 18 by default. */
  readonly operatorSet?: number | undefined;
  /** Name that the file of weights will have beside the model's. */
  readonly weightsFile: string;
  /** Whether weights are to stand there although the model would not be too large with them. */
  readonly weightsOutside?: boolean | undefined;
}

/** A signature of a SavedModel as an ONNX model, which goes by the signature's names. */
export interface ConvertedModel {
  readonly signature: string;
  readonly operatorSet: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Content of the model's file. */
  readonly model: Uint8Array;
  /** Content of the file of weights, one part behind the other; none when all weights are in the model. */
  readonly weights: readonly Uint8Array[];
}

/**
 * Writes a signature of a SavedModel as an ONNX model. Its inputs and outputs are declared of any shape, as requests are not held to
 * the signature's. Files in memory are taken over: weights in them may change their form.
 * @throws ModelError `not-convertible` for a model that is ONNX already, an operator set or a signature that is not there, and a
 *   signature that is not one ONNX graph; those of a broken model
 */
export function convertModel(source: ModelFiles | ModelDirectory, options: ConvertOptions): ConvertedModel {
  const { tags, operatorSet = 18, weightsFile, weightsOutside = false } = options;
  if (!OPERATOR_SETS.has(operatorSet)) {
    throw new ModelError("not-convertible", `operator set ${operatorSet} is not written`, {
      expected: [...OPERATOR_SETS.keys()].join(", "),
    });
  }
  const files = "directory" in source ? new DirectoryFiles(source.directory) : source;
  expectSavedModel(files);
  const { prepared } = readSavedModel(files, tags);
  const signature = expectSignature(prepared, options.signature ?? DEFAULT_SIGNATURE_KEY);
  const graph = wholeGraph(prepared, signature);
  const stored = prepared.arrangeWeights();
  const { initialisers, weights } = placeWeights(graph.initializer, stored, { weightsFile, outside: weightsOutside });
  return {
    signature,
    operatorSet,
    inputs: graph.input.map(({ name }) => name),
    outputs: graph.output.map(({ name }) => name),
    model: encodeModel({ ...graph, initializer: initialisers }, operatorSet),
    weights,
  };
}

function expectSavedModel(files: ReadableFiles): void {
  const paths = [...files.keys()];
  if (paths.includes(SAVED_MODEL_FILE)) {
    return;
  }
  if (paths.some(isOnnxFile)) {
    throw new ModelError("not-convertible", "the version directory holds an ONNX model already", {
      expected: SAVED_MODEL_FILE,
    });
  }
  throw new ModelError("no-model", "the version directory holds no SavedModel", {
    expected: SAVED_MODEL_FILE,
    remedy: "give the directory of one version, such as my_model/1",
  });
}

function expectSignature({ signatures }: PreparedModel, key: string): string {
  const callable = [...signatures].filter(([, { outputs }]) => outputs.size > 0).map(([name]) => name);
  if (!callable.includes(key)) {
    throw new ModelError("not-convertible", `the model has no signature ${JSON.stringify(key)} to convert`, {
      expected: callable.join(", "),
      remedy: "name one with --signature",
    });
  }
  return key;
}
