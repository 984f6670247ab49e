import type { Signature } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";

/**
 * Checks number and names of a Predict request's inputs against the signature. Element types and shapes are left to the
 * engine, as in TensorFlow Serving.
 *
 * @throws ServingError `INVALID_ARGUMENT` with TensorFlow Serving's messages
 */
export function checkInputs(signature: Signature, inputs: ReadonlyMap<string, Tensor>): void {
  const expected = sortedKeys(signature.inputs);
  if (inputs.size !== expected.length) {
    throw wrongNumber(sortedKeys(inputs), expected);
  }
  for (const alias of expected) {
    if (!inputs.has(alias)) {
      const feed = signature.inputs.get(alias)?.tensorName ?? "";
      const present = sortedKeys(inputs).join(",");
      throw invalid(
        `Signature input alias: ${alias}(feed name: ${feed}) not found in request and no default value provided. ` +
          `Inputs expected to be in the request {${present}}, or default input alias set: `,
      );
    }
  }
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
