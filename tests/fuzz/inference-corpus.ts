// Requests of the Open Inference Protocol, in JSON with binary data behind it and as protobuf messages.
import { concatBytes, encodeUtf8 } from "@sealserve/core";
import { InferTensorContents, ModelInferRequest } from "@sealserve/protocol";

const json = encodeUtf8(
  JSON.stringify({
    id: "42",
    parameters: { signature_name: "serving_default", binary_data_output: true },
    inputs: [
      { name: "x", shape: [2, 2], datatype: "FP32", data: [1, 2.5, -3e-7, 4] },
      { name: "s", shape: [2], datatype: "BYTES", data: ["a", "\u00e9"] },
      { name: "b", shape: [2], datatype: "BYTES", parameters: { binary_data_size: 9 } },
    ],
    outputs: [{ name: "y", parameters: { binary_data: false } }],
  }),
);

/** Length of the JSON of the first body. */
export const INFER_JSON_LENGTH = json.length;

export const inferBodies: readonly Uint8Array[] = [
  concatBytes(json, Uint8Array.of(1, 0, 0, 0, 0x61, 0, 0, 0, 0)),
  encodeUtf8('{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT64","data":[[1,2,3]]}]}'),
];

const shape = BigInt64Array.of(2n);

export const inferRequests: readonly Uint8Array[] = [
  ModelInferRequest.encode({
    modelName: "m",
    id: "42",
    parameters: new Map([["signature_name", { stringParam: "serving_default" }]]),
    inputs: [
      {
        name: "x",
        datatype: "INT8",
        shape,
        parameters: new Map(),
        contents: InferTensorContents.create({ intContents: Int32Array.of(-1, 127) }),
      },
    ],
    outputs: [{ name: "y", parameters: new Map() }],
  }),
  ModelInferRequest.encode({
    inputs: [{ name: "b", datatype: "BYTES", shape, parameters: new Map() }],
    rawInputContents: [Uint8Array.of(1, 0, 0, 0, 0x61, 0, 0, 0, 0)],
  }),
];

export const indexBodies: readonly Uint8Array[] = [encodeUtf8('{"ready":true}'), new Uint8Array()];
export const inferencePaths = ["/v2/models/a%20b/versions/3/infer?x=1", "/v2/health/ready", "/v2/models/m/stats"];
