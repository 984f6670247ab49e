import { dataTypeFromNumber, type MetaGraphDef, type TensorInfo } from "@sealserve/protocol";

import type { Signature, SignatureTensor } from "../signature.ts";

/** Types of TensorFlow 1's variables are numbered this much higher than those of their values. */
const REFERENCE_OFFSET = 100;

/**
 * Signatures of a meta graph by key. A tensor without a type, as in TensorFlow 2's initialiser signature, is left out; one
 * that is sparse or composite has an empty tensor name.
 */
export function describeSignatures(metaGraph: MetaGraphDef): Map<string, Signature> {
  const signatures = new Map<string, Signature>();
  for (const [key, { methodName, inputs, outputs }] of metaGraph.signatureDef) {
    signatures.set(key, { methodName, inputs: describeTensors(inputs), outputs: describeTensors(outputs) });
  }
  return signatures;
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
