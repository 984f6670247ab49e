import type { Input } from "../messages/input.ts";
import { Example, type Feature } from "../messages/tensorflow/example.ts";
import { invalidArgument } from "../status/serving-error.ts";
import { featureFromJson } from "./feature-json.ts";
import { typeName } from "./json/describe.ts";
import { type JsonDocument, parseJsonObject } from "./json/document.ts";
import type { JsonLimits } from "./json/limits.ts";
import { JsonList, type JsonNode, JsonRecord, NumberBlock } from "./json/node.ts";
import type { NumberStorage } from "./json/number-storage.ts";
import { badDocument, readSignatureName, SIGNATURE_NAME_MEMBER } from "./signature-name.ts";

/** The content of the body of a classify or regress call. */
export interface ExamplesBody {
  /** Empty when the body names none. */
  readonly signatureName: string;
  readonly input: Input;
}

const wanted: ReadonlySet<string> = new Set([SIGNATURE_NAME_MEMBER, "context", "examples"]);

/**
 * The body of `POST /v1/models/NAME:classify` or `:regress`, by TensorFlow Serving's rules and with its messages.
 * @param storage where the numbers are put while the body is read
 * @throws ServingError INVALID_ARGUMENT
 */
export function parseExamplesBody(
  bytes: Uint8Array,
  limits: Partial<JsonLimits> = {},
  storage?: NumberStorage,
): ExamplesBody {
  const document = parseJsonObject(bytes, wanted, limits, storage);
  const signatureName = readSignatureName(document);
  const contextNode = document.members.get("context");
  const context = contextNode === undefined ? undefined : encodeExample(contextNode, document);
  const examples = requireExamples(document).map((node) => encodeExample(node, document));
  const input =
    context === undefined ? { exampleList: { examples } } : { exampleListWithContext: { examples, context } };
  return { signatureName, input };
}

function requireExamples(document: JsonDocument): readonly JsonNode[] {
  const examples = document.members.get("examples");
  if (examples === undefined) {
    throw badDocument(document, "When method is classify, key 'examples' is expected and was not found");
  }
  const isBlock = examples instanceof NumberBlock && examples.shape.length > 0;
  if (!isBlock && !(examples instanceof JsonList)) {
    throw badDocument(document, "Expecting 'examples' value to be an list/array");
  }
  if (examples instanceof JsonList) {
    return examples.items;
  }
  if (examples.size === 0 && examples.shape.length === 1) {
    throw badDocument(document, "'examples' value is an empty array");
  }
  // Numbers, or lists of them: the first one is refused.
  return [new NumberBlock(examples.shape.slice(1), examples.from)];
}

function encodeExample(node: JsonNode, document: JsonDocument): Uint8Array {
  if (!(node instanceof JsonRecord)) {
    throw invalidArgument(`Example must be JSON object but got JSON ${typeName(node)}`);
  }
  const feature = new Map<string, Feature>();
  for (const [name, value] of node.members) {
    feature.set(name, featureFromJson(name, value, document.numbers));
  }
  return Example.encode({ features: { feature } });
}
