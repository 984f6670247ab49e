import type { Signature } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";

/**
 * The inputs of a Predict request, with the signature's default values for those that it leaves out. Their number and
 * names are checked; element types and shapes are left to the engine, as in TensorFlow Serving.
 *
 * @throws ServingError `INVALID_ARGUMENT` with TensorFlow Serving's messages
 */
export function completeInputs(signature: Signature, inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const expected = sortedKeys(signature.inputs);
  const { defaults } = signature;
  if (inputs.size > expected.length || (inputs.size < expected.length && defaults.size === 0)) {
    throw wrongNumber(sortedKeys(inputs), expected);
  }
  const completed = new Map<string, Tensor>();
  for (const alias of expected) {
    const tensor = inputs.get(alias) ?? defaults.get(alias);
    if (tensor === undefined) {
      throw missingInput(signature, inputs, alias);
    }
    completed.set(alias, tensor);
  }
  const used = expected.filter((alias) => inputs.has(alias));
  if (used.length < inputs.size) {
    const given = sortedKeys(inputs).join(",");
    throw invalid(`Inputs contains invalid name. Used request inputs: ${used.join(",")}, request input: ${given}`);
  }
  return completed;
}

function missingInput(signature: Signature, inputs: ReadonlyMap<string, Tensor>, alias: string): ServingError {
  const feed = signature.inputs.get(alias)?.tensorName ?? "";
  return invalid(
    `Signature input alias: ${alias}(feed name: ${feed}) not found in request and no default value provided. ` +
      `Inputs expected to be in the request {${sortedKeys(inputs).join(",")}}, ` +
      `or default input alias set: ${sortedKeys(signature.defaults).join(",")}`,
  );
}

/**
 * The outputs to compute: those of the filter, or all of the signature.
 *
 * @throws ServingError `INVALID_ARGUMENT` with TensorFlow Serving's messages
 */
export function chooseOutputs(signature: Signature, outputFilter: readonly string[]): readonly string[] {
  const known = sortedKeys(signature.outputs);
  const chosen = new Set<string>();
  for (const alias of outputFilter) {
    if (!signature.outputs.has(alias)) {
      const set = `{${known.join(",")}}`;
      throw invalid(`output tensor alias not found in signature: ${alias} Outputs expected to be in the set ${set}.`);
    }
    if (chosen.has(alias)) {
      throw invalid(`duplicate output tensor alias: ${alias}`);
    }
    chosen.add(alias);
  }
  return chosen.size === 0 ? known : [...chosen];
}

function wrongNumber(given: readonly string[], expected: readonly string[]): ServingError {
  const extra = given.filter((name) => !expected.includes(name));
  const missing = expected.filter((name) => !given.includes(name));
  return invalid(
    `input size does not match signature: ${given.length}!=${expected.length} ` +
      `len({${given.join(",")}}) != len({${expected.join(",")}}). ` +
      `Sent extra: {${extra.join(",")}}. Missing but required: {${missing.join(",")}}.`,
  );
}

function sortedKeys(map: ReadonlyMap<string, unknown>): string[] {
  return [...map.keys()].sort();
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
