import {
  dataTypeFromNumber,
  decodeTensor,
  type FillBudget,
  type SignatureDef,
  type Tensor,
  type TensorInfo,
} from "@sealserve/protocol";

import { refuseMalformed } from "../errors.ts";
import type { Signature, SignatureTensor } from "../signature.ts";

/** Types of TensorFlow 1's variables are numbered this much higher than those of their values. */
const REFERENCE_OFFSET = 100;

/**
 * Signatures by key. A tensor without a type, as in TensorFlow 2's initialiser signature, is left out; one that is sparse
 * or composite has an empty tensor name. Default values that are strings are views into the definitions.
 * @param fill what the model's constants may still fill up
 * @throws ModelError `bad-saved-model` for a default value that cannot be read
 */
export function describeSignatures(
  definitions: ReadonlyMap<string, SignatureDef>,
  fill: FillBudget,
): Map<string, Signature> {
  const signatures = new Map<string, Signature>();
  for (const [key, { methodName, inputs, outputs, defaults }] of definitions) {
    signatures.set(key, {
      methodName,
      inputs: describeTensors(inputs),
      outputs: describeTensors(outputs),
      defaults: refuseMalformed("bad-saved-model", `default value in signature ${JSON.stringify(key)}`, () =>
        decodeTensors(defaults, fill),
      ),
    });
  }
  return signatures;
}

function decodeTensors(encoded: ReadonlyMap<string, Uint8Array>, fill: FillBudget): Map<string, Tensor> {
  return new Map([...encoded].map(([alias, bytes]) => [alias, decodeTensor(bytes, { fill })]));
}

function describeTensors(tensors: ReadonlyMap<string, TensorInfo>): Map<string, SignatureTensor> {
  const described = new Map<string, SignatureTensor>();
  for (const [alias, { name, dtype: number, tensorShape }] of tensors) {
    const dtype = dataTypeFromNumber(number > REFERENCE_OFFSET ? number - REFERENCE_OFFSET : number);
    if (dtype !== undefined) {
      const known = tensorShape !== undefined && !tensorShape.unknownRank;
      const shape = known ? tensorShape.dim.map(({ size }) => Number(size)) : undefined;
      described.set(alias, { dtype, shape, tensorName: name ?? "" });
    }
  }
  return described;
}
