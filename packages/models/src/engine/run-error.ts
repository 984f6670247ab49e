import { ServingError } from "@sealserve/protocol";

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
  const [, operation] = /while running (\w+) node/.exec(message) ?? [];
  return operation === undefined
    ? new ServingError("INTERNAL", "The engine failed to run the model")
    : new ServingError("INVALID_ARGUMENT", `Operation ${operation} failed: the inputs do not fit the model`);
}
