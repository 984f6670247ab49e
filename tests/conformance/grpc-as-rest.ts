/** Calls of TensorFlow Serving's gRPC API as calls of its REST API, where both have them. */
import type { HttpsRequest } from "../support/https-request.ts";
import type { PlainMessage } from "../support/stock-client.ts";
import { type FloatTensor, nestedFromTensor } from "./nested-numbers.ts";

interface ModelSpec {
  readonly name?: string;
  readonly versionLabel?: string;
  readonly signatureName?: string;
}

interface ExamplesInput {
  readonly exampleList?: {
    readonly examples: readonly { features: { feature: Record<string, { floatList: { value: number[] } }> } }[];
  };
}

/** A call of Predict over floats, Classify or Regress; undefined for one that REST does not have. */
export function restCallOf(rpc: string, message: PlainMessage): HttpsRequest | undefined {
  const {
    modelSpec = {},
    inputs = {},
    input = {},
    outputFilter,
  } = message as {
    modelSpec?: ModelSpec;
    inputs?: Record<string, FloatTensor & { tensorContent?: string }>;
    input?: ExamplesInput;
    outputFilter?: string[];
  };
  if (modelSpec.name === undefined || outputFilter !== undefined) {
    return undefined;
  }
  const label = modelSpec.versionLabel === undefined ? "" : `/labels/${modelSpec.versionLabel}`;
  const path = `/v1/models/${modelSpec.name}${label}:${rpc.toLowerCase()}`;
  const name = modelSpec.signatureName ? `"signature_name": "${modelSpec.signatureName}", ` : "";
  const content = rpc === "Predict" ? `"inputs": ${JSON.stringify(columns(inputs))}` : `"examples": ${examples(input)}`;
  return { method: "POST", path, body: `{${name}${content}}` };
}

function columns(inputs: Readonly<Record<string, FloatTensor & { tensorContent?: string }>>): PlainMessage {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { tensorContent, ...tensor }]) => {
      const content = Buffer.from(tensorContent ?? "", "base64");
      const floatVal =
        tensor.floatVal ?? Array.from({ length: content.length / 4 }, (_, at) => content.readFloatLE(4 * at));
      return [name, nestedFromTensor({ ...tensor, floatVal })];
    }),
  );
}

/** Examples as JSON, floats with a point: without one they would be integers. */
function examples({ exampleList }: ExamplesInput): string {
  const list = (exampleList?.examples ?? []).map(({ features }) =>
    Object.fromEntries(Object.entries(features.feature).map(([name, { floatList }]) => [name, floatList.value])),
  );
  return JSON.stringify(list).replace(/(\d+)(?=[,\]])(?<!\.\d+)/g, "$1.0");
}
