import { concatBytes } from "@sealserve/core";
import { type Input, invalidArgument, type Tensor } from "@sealserve/protocol";

/** Most bytes that a context may take by standing in front of every example. */
const MAX_CONTEXT_BYTES = 64 << 20;

/**
 * The examples of a request as one vector of encoded `tensorflow.Example`s. A context goes in front of each, which by
 * protobuf's rules merges the two: a feature of the example wins.
 *
 * @throws ServingError `INVALID_ARGUMENT` when there are none, or a long context for too many
 */
export function serializedExamples(input: Input | undefined): Tensor {
  const list = input?.exampleListWithContext ?? input?.exampleList;
  if (list === undefined || list.examples.length === 0) {
    throw invalidArgument("Input is empty.");
  }
  const context = input?.exampleListWithContext?.context ?? new Uint8Array();
  const data = context.length === 0 ? list.examples : withContext(context, list.examples);
  return { dtype: "string", shape: [data.length], data };
}

/** A request of a few megabytes could ask for terabytes here: hence the bound. */
function withContext(context: Uint8Array, examples: readonly Uint8Array[]): Uint8Array[] {
  const bytes = context.length * examples.length;
  if (bytes > MAX_CONTEXT_BYTES) {
    throw invalidArgument(`The context takes ${bytes} bytes for all examples, more than ${MAX_CONTEXT_BYTES}`);
  }
  return examples.map((example) => concatBytes(context, example));
}
