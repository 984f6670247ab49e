import type { LoadedModel, Signature } from "@sealserve/models";
import { invalidArgument, printTextFormat, SignatureDef, type Tensor } from "@sealserve/protocol";
import { runModel } from "./run.ts";
import type { SignatureOptions } from "./signature-options.ts";

/** The one input of signatures that take examples. */
export const EXAMPLES_INPUT = "inputs";

/** A signature of a model with its key. */
export interface NamedSignature {
  readonly key: string;
  readonly signature: Signature;
  readonly model: LoadedModel;
}

/** Classify or Regress: what a signature must be like for it, and what its outputs mean. */
export interface ExampleMethod<Result> {
  /** Such as `tensorflow/serving/classify`. */
  readonly name: string;
  /** What it does, as TensorFlow Serving's messages say it. */
  readonly noun: "classification" | "regression";
  /** The outputs to compute. @throws ServingError `INVALID_ARGUMENT` for a signature without them */
  chooseOutputs(named: NamedSignature): readonly string[];
  /**
   * The answer from the outputs of a run over `count` examples.
   * @throws ServingError `INVALID_ARGUMENT` for outputs of another type or shape
   */
  readResult(outputs: ReadonlyMap<string, Tensor>, count: number): Result;
}

/**
 * The outputs to compute for a method, after a look at the signature.
 *
 * @throws ServingError `INVALID_ARGUMENT` for a signature that does not fit
 */
export function planOutputs<Result>(
  method: ExampleMethod<Result>,
  named: NamedSignature,
  { checkMethodName = false }: SignatureOptions,
): readonly string[] {
  const { inputs, methodName } = named.signature;
  if (checkMethodName && methodName !== method.name) {
    throw invalidArgument(`Expected ${method.noun} signature method_name to be ${method.name}. Was: ${methodName}`);
  }
  if (inputs.size !== 1) {
    throw invalidArgument("Expected one input Tensor.");
  }
  return method.chooseOutputs(named);
}

/**
 * Runs a signature over examples.
 *
 * @param examples a vector of encoded `tensorflow.Example`s, whatever type the signature declares
 * @throws ServingError
 */
export async function runMethod<Result>(
  method: ExampleMethod<Result>,
  { key, model }: NamedSignature,
  examples: Tensor,
  outputs: readonly string[],
  signal: AbortSignal,
): Promise<Result> {
  const results = await runModel(model, key, new Map([[EXAMPLES_INPUT, examples]]), outputs, { signal });
  return method.readResult(results, examples.data.length);
}

/** A signature as TensorFlow Serving prints it in its messages. */
export function signatureText({ key, model }: NamedSignature): string {
  return printTextFormat(SignatureDef, model.signatureDefs.get(key) ?? SignatureDef.create());
}

/** A shape as TensorFlow prints it. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}
