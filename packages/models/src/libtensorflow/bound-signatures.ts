import { type DataType, storageOf } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import { findFedTensors } from "../importer/fed-tensor.ts";
import type { CallPorts } from "../runnable-signature.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { tensorKey } from "../saved-model/tensor-reference.ts";
import type { Signature } from "../signature.ts";
import type { NativeOutput, NativeSession } from "./native-session.ts";

/** A signature whose tensors have been found in the session's graph. */
export interface BoundSignature {
  /** Inputs in order of their names: fed from a sorted map, as TensorFlow is, the last of two names for one tensor counts. */
  readonly ports: CallPorts;
  readonly inputs: ReadonlyMap<string, NativeOutput>;
  readonly outputs: ReadonlyMap<string, NativeOutput>;
}

/** The signatures of a session that can be called, and why others cannot. */
export interface BoundSignatures {
  readonly bound: ReadonlyMap<string, BoundSignature>;
  readonly refusals: ReadonlyMap<string, ModelError>;
}

/** Finds the tensors of all signatures: what is wrong with one is no matter for the others. */
export function bindSignatures(
  session: NativeSession,
  library: GraphLibrary,
  signatures: ReadonlyMap<string, Signature>,
): BoundSignatures {
  const bound = new Map<string, BoundSignature>();
  const refusals = new Map<string, ModelError>();
  for (const [key, signature] of signatures) {
    try {
      bound.set(key, bind(session, library, signature));
    } catch (error) {
      if (!(error instanceof ModelError)) {
        throw error;
      }
      const what = `signature ${JSON.stringify(key)} cannot be called: ${error.message}`;
      refusals.set(key, new ModelError("unsupported-signature", what, { cause: error }));
    }
  }
  return { bound, refusals };
}

function bind(session: NativeSession, library: GraphLibrary, signature: Signature): BoundSignature {
  expectDense(signature);
  const fed = findFedTensors(library, signature);
  const find = ([name, { tensorName }]: PortEntry): [string, NativeOutput] => [name, session.find(tensorName)];
  const sorted = [...signature.inputs].sort(([a], [b]) => (a < b ? -1 : 1));
  const inputs = sorted.map(([name, { dtype, tensorName }]) => {
    const position = fed.findIndex(({ tensor }) => tensor === tensorKey(tensorName));
    return [name, { dtype: fed[position]?.dtype ?? dtype, position }] as const;
  });
  return {
    ports: { inputs: new Map(inputs), outputs: [...signature.outputs.keys()] },
    inputs: new Map(Array.from(signature.inputs, find)),
    outputs: new Map(Array.from(signature.outputs, find)),
  };
}

type PortEntry = readonly [string, { readonly dtype: DataType; readonly tensorName: string }];

function expectDense({ inputs, outputs }: Signature): void {
  if (outputs.size === 0) {
    throw new ModelError("unsupported-signature", "it has no outputs");
  }
  for (const [name, { dtype, tensorName }] of [...inputs, ...outputs]) {
    if (tensorName === "") {
      throw new ModelError("unsupported-signature", `${JSON.stringify(name)} is not one dense tensor`);
    }
    refuseMalformed("unsupported-type", JSON.stringify(name), () => storageOf(dtype));
  }
}
