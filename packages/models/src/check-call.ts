import { checkTensor, dataTypeErrorName, ServingError, type Tensor } from "@sealserve/protocol";

import type { CallPorts } from "./runnable-signature.ts";

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
    chosen.set(name, tensor);
  }
  return chosen;
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
