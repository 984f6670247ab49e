import { checkTensor, dataTypeErrorName, ServingError, type Tensor } from "@sealserve/protocol";

import type { CallPorts } from "./runnable-signature.ts";

/**
 * How large the other dimensions of an input without elements may be. Such an input costs its sender nothing, and its sum
 * along the dimension of 0 would be gigabytes of zeros.
 */
const MAX_EMPTY_EXTENT = 2 ** 24;
/**
 * How large a single one of them may be. A loop over it, which the engine runs to its end, takes as many turns: of millions, minutes
 * and gigabytes.
 */
const MAX_EMPTY_SIZE = 100_000;

/**
 * The inputs of a call that belong to the signature, in its order.
 * @param inputs others than those of the signature are left out
 * @throws ServingError `INVALID_ARGUMENT`, for a wrong type in TensorFlow's words
 * @throws ProtocolError when the data of a tensor do not fit its shape
 */
export function chooseInputs(
  ports: CallPorts["inputs"],
  inputs: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const chosen = new Map<string, Tensor>();
  for (const [name, port] of ports) {
    const tensor = inputs.get(name);
    if (tensor === undefined) {
      throw new ServingError("INVALID_ARGUMENT", `The call lacks input ${name}`);
    }
    if (tensor.dtype !== port.dtype) {
      const [expected, actual] = [dataTypeErrorName(port.dtype), dataTypeErrorName(tensor.dtype)];
      const message = `Expects arg[${port.position}] to be ${expected} but ${actual} is provided`;
      throw new ServingError("INVALID_ARGUMENT", message);
    }
    checkTensor(tensor);
    expectSmallExtent(name, tensor);
    chosen.set(name, tensor);
  }
  return chosen;
}

function expectSmallExtent(name: string, { shape }: Tensor): void {
  const extent = shape.reduce((product, size) => product * Math.max(size, 1), 1);
  if (shape.includes(0) && extent > MAX_EMPTY_EXTENT) {
    const message = `Input ${name} has no elements, and other dimensions of more than ${MAX_EMPTY_EXTENT} in all`;
    throw new ServingError("INVALID_ARGUMENT", message);
  }
  const largest = Math.max(...shape, 0);
  if (shape.includes(0) && largest > MAX_EMPTY_SIZE) {
    const message = `Input ${name} has no elements, and a dimension of ${largest}, more than ${MAX_EMPTY_SIZE}`;
    throw new ServingError("INVALID_ARGUMENT", message);
  }
}

/**
 * The outputs that a call asks for, each once: all of the signature when it names none.
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function chooseOutputs(all: CallPorts["outputs"], names: readonly string[]): readonly string[] {
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new ServingError("INVALID_ARGUMENT", `The model has no output ${unknown}`);
  }
  return names.length === 0 ? all : [...new Set(names)];
}

/** What a call of a signature that the model does not have is told, in TensorFlow's words. */
export function unknownSignature(name: string): ServingError {
  return new ServingError("FAILED_PRECONDITION", `Serving signature key "${name}" not found.`);
}
