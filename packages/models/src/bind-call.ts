import { dataTypeErrorName, ServingError, type Tensor } from "@sealserve/protocol";

import type { EngineTensor } from "./engine/messages.ts";
import { toEngineTensor } from "./engine/tensors.ts";
import type { GraphPort } from "./runnable-graph.ts";

/**
 * The inputs of a call in the engine's form, by the names of the graph's inputs.
 * @throws ServingError `INVALID_ARGUMENT`, in TensorFlow Serving's words
 */
export function bindInputs(
  ports: ReadonlyMap<string, GraphPort>,
  inputs: ReadonlyMap<string, Tensor>,
): Map<string, EngineTensor> {
  const surplus = [...inputs.keys()].filter((alias) => !ports.has(alias));
  const missing = [...ports.keys()].filter((alias) => !inputs.has(alias));
  if (surplus.length > 0 || missing.length > 0) {
    const set = (names: Iterable<string>): string => `{${[...names].sort().join(",")}}`;
    throw new ServingError(
      "INVALID_ARGUMENT",
      `input size does not match signature: ${inputs.size}!=${ports.size} len(${set(inputs.keys())}) != ` +
        `len(${set(ports.keys())}). Sent extra: ${set(surplus)}. Missing but required: ${set(missing)}.`,
    );
  }
  const feeds = new Map<string, EngineTensor>();
  for (const [alias, port] of ports) {
    const tensor = inputs.get(alias);
    if (tensor !== undefined) {
      expectType(tensor, port);
      feeds.set(port.name, toEngineTensor(tensor));
    }
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
 * @throws ServingError `INVALID_ARGUMENT`, in TensorFlow Serving's words
 */
export function chooseOutputs(
  ports: ReadonlyMap<string, GraphPort>,
  names: readonly string[],
): ReadonlyMap<string, GraphPort> {
  if (names.length === 0) {
    return ports;
  }
  const chosen = new Map<string, GraphPort>();
  for (const name of names) {
    const port = ports.get(name);
    if (port === undefined) {
      const set = `{${[...ports.keys()].sort().join(",")}}`;
      throw new ServingError(
        "INVALID_ARGUMENT",
        `output tensor alias not found in signature: ${name} Outputs expected to be in the set ${set}.`,
      );
    }
    if (chosen.has(name)) {
      throw new ServingError("INVALID_ARGUMENT", `duplicate output tensor alias: ${name}`);
    }
    chosen.set(name, port);
  }
  return chosen;
}
