import { encoded } from "../protobuf/field.ts";
import { repeated } from "../protobuf/list-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof } from "../protobuf/single-field.ts";
import { Example } from "./tensorflow/example.ts";

const ExampleList = message("tensorflow.serving.ExampleList", { examples: repeated(1, encoded(Example)) });

const ExampleListWithContext = message("tensorflow.serving.ExampleListWithContext", {
  examples: repeated(1, encoded(Example)),
  context: field(2, encoded(Example)),
});

/**
 * `tensorflow.serving.Input`: what Classify, Regress and MultiInference work on. Examples stay encoded, because the model
 * takes them as byte strings.
 */
export const Input = message("tensorflow.serving.Input", {
  exampleList: oneof("kind", 1, ExampleList),
  exampleListWithContext: oneof("kind", 2, ExampleListWithContext),
});
/** A value of the message {@link Input}. */
export type Input = MessageOf<typeof Input>;
