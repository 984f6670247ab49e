import { ServingError } from "@sealserve/protocol";

import { ELEMENTS_GUARD, RECURRENT_GUARD } from "../onnx/guard-elements.ts";

/**
 * What a caller is told about a run that `onnxruntime` gave up. Its own messages name source files and can quote values of
 * the request, so only shapes and the operation's type are passed on.
 */
export function describeRunFailure(message: string): ServingError {
  if (/failed to allocate|bad.?alloc/i.test(message)) {
    return new ServingError("RESOURCE_EXHAUSTED", "Not enough memory to run the model on these inputs");
  }
  const shape = /(?:Got invalid dimensions|Invalid rank) for input: .*/s.exec(message);
  if (shape !== null) {
    const [text = ""] = shape[0].split("Please fix");
    return new ServingError("INVALID_ARGUMENT", text.replace(/\s+/g, " ").trim());
  }
  if (message.includes(RECURRENT_GUARD)) {
    const reason = "A recurrent operation of the model got no steps, an empty batch or no features";
    return new ServingError("INVALID_ARGUMENT", `${reason}, which it cannot be run on`);
  }
  if (message.includes(ELEMENTS_GUARD)) {
    const reason = "An operation of the model got a tensor without elements";
    return new ServingError("INVALID_ARGUMENT", `${reason}, which it cannot be run on`);
  }
  const [, operation] = /while running (\w+) node/.exec(message) ?? [];
  return operation === undefined
    ? new ServingError("INTERNAL", "The engine failed to run the model")
    : new ServingError("INVALID_ARGUMENT", `Operation ${operation} failed: the inputs do not fit the model`);
}
