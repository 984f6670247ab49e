import { dataTypeErrorName, ServingError, type Tensor } from "@sealserve/protocol";

import type { EngineTensor } from "./engine/messages.ts";
import { toEngineTensor } from "./engine/tensors.ts";
import type { GraphPort } from "./runnable-graph.ts";

/**
 * The inputs of a call in the engine's form, by the names of the graph's inputs.
 * @param inputs others than those of the signature are left out
 * @throws ServingError `INVALID_ARGUMENT`, for a wrong type in TensorFlow's words
 */
export function bindInputs(
  ports: ReadonlyMap<string, GraphPort>,
  inputs: ReadonlyMap<string, Tensor>,
): Map<string, EngineTensor> {
  const feeds = new Map<string, EngineTensor>();
  for (const [alias, port] of ports) {
    const tensor = inputs.get(alias);
    if (tensor === undefined) {
      throw new ServingError("INVALID_ARGUMENT", `The call lacks input ${alias}`);
    }
    expectType(tensor, port);
    feeds.set(port.name, toEngineTensor(tensor));
  }
  return feeds;
}

function expectType({ dtype }: Tensor, port: GraphPort): void {
  if (dtype !== port.dtype) {
    const [expected, actual] = [dataTypeErrorName(port.dtype), dataTypeErrorName(dtype)];
    throw new ServingError(
      "INVALID_ARGUMENT",
      `Expects arg[${port.position}] to be ${expected} but ${actual} is provided`,
    );
  }
}

/**
 * The outputs that a call asks for: all of them when it names none.
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function chooseOutputs(
  ports: ReadonlyMap<string, GraphPort>,
  names: readonly string[],
): ReadonlyMap<string, GraphPort> {
  if (names.length === 0) {
    return ports;
  }
  return new Map(names.map((name) => [name, findPort(ports, name)]));
}

function findPort(ports: ReadonlyMap<string, GraphPort>, name: string): GraphPort {
  const port = ports.get(name);
  if (port === undefined) {
    throw new ServingError("INVALID_ARGUMENT", `The model has no output ${name}`);
  }
  return port;
}
