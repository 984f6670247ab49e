import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Any } from "../src/messages/any.ts";
import {
  GetModelMetadataRequest,
  GetModelMetadataResponse,
  signatureMetadata,
  signaturesOf,
} from "../src/messages/model-metadata.ts";
import { ModelSpec } from "../src/messages/model-spec.ts";
import { GetModelStatusResponse, ModelVersionStatus, modelStates, StatusProto } from "../src/messages/model-status.ts";
import { SavedModel } from "../src/messages/tensorflow/saved-model.ts";
import { SignatureDef, TensorInfo } from "../src/messages/tensorflow/signature-def.ts";
import { TensorShapeProto } from "../src/messages/tensorflow/tensor-shape.ts";
import { encodeMetadataAnswer, encodeStatusAnswer } from "../src/rest/model-answers.ts";
import { dataTypeNumber } from "../src/tensor/data-type.ts";
import { encodeTensor } from "../src/tensor/encode.ts";
import { makeTensor, textOf } from "./fixtures.ts";

const info = TensorInfo.create({
  name: "x:0",
  dtype: dataTypeNumber("float32"),
  tensorShape: TensorShapeProto.create({ dim: [{ size: -1n, name: "" }] }),
});
const signature = SignatureDef.create({
  inputs: new Map([["x", info]]),
  outputs: new Map([["y", TensorInfo.create({ ...info, name: "y:0" })]]),
  methodName: "tensorflow/serving/predict",
});
const signatures = new Map([["serving_default", signature]]);

describe("GetModelMetadata", () => {
  it("carries signatures in an Any of the right type", () => {
    const response = signatureMetadata({ name: "m", version: 123n }, signatures);
    const decoded = GetModelMetadataResponse.decode(GetModelMetadataResponse.encode(response));
    assert.deepEqual(decoded.modelSpec, ModelSpec.create({ name: "m", version: 123n }));
    assert.equal(
      decoded.metadata.get("signature_def")?.typeUrl,
      "type.googleapis.com/tensorflow.serving.SignatureDefMap",
    );
    assert.deepEqual(signaturesOf(decoded), signatures);
  });

  it("request comes back", () => {
    const request = GetModelMetadataRequest.create({
      modelSpec: ModelSpec.create({ name: "m" }),
      metadataField: ["signature_def"],
    });
    assert.deepEqual(GetModelMetadataRequest.decode(GetModelMetadataRequest.encode(request)), request);
  });

  it("is refused by clients when the signatures are missing or of another type", () => {
    assert.throws(() => signaturesOf(GetModelMetadataResponse.create()), { code: "bad-answer" });
    const metadata = new Map([["signature_def", Any.create({ typeUrl: "type.googleapis.com/other" })]]);
    assert.throws(() => signaturesOf(GetModelMetadataResponse.create({ metadata })), { code: "bad-answer" });
  });

  it("over REST has the form of TensorFlow Serving", () => {
    const withDefault = SignatureDef.create({
      ...signature,
      defaults: new Map([["x", encodeTensor(makeTensor("float32", [1], [0.1]))]]),
    });
    const answer = encodeMetadataAnswer(signatureMetadata({ name: "m", version: 5n }, new Map([["s", withDefault]])));
    const printed = JSON.parse(textOf(answer)) as { metadata: { signature_def: { signature_def: { s: unknown } } } };
    const { s } = printed.metadata.signature_def.signature_def;
    assert.deepEqual((s as { defaults: { x: { float_val: number[]; dtype: string } } }).defaults.x.float_val, [0.1]);
    assert.deepEqual((s as { defaults: { x: { float_val: number[]; dtype: string } } }).defaults.x.dtype, "DT_FLOAT");
    assert.deepEqual(
      JSON.parse(textOf(encodeMetadataAnswer(signatureMetadata({ name: "m", version: 5n }, signatures)))),
      {
        model_spec: { name: "m", signature_name: "", version: "5" },
        metadata: {
          signature_def: {
            signature_def: {
              serving_default: {
                inputs: {
                  x: {
                    dtype: "DT_FLOAT",
                    tensor_shape: { dim: [{ size: "-1", name: "" }], unknown_rank: false },
                    name: "x:0",
                  },
                },
                outputs: {
                  y: {
                    dtype: "DT_FLOAT",
                    tensor_shape: { dim: [{ size: "-1", name: "" }], unknown_rank: false },
                    name: "y:0",
                  },
                },
                method_name: "tensorflow/serving/predict",
                defaults: {},
              },
            },
          },
        },
      },
    );
  });

  const models = new URL("../../../../shared/models/", import.meta.url);
  for (const [model, file] of [
    ["half_plus_two_2_versions", "saved_model_half_plus_two_2_versions_metadata.json"],
    ["half_plus_two_tf2_cpu", "saved_model_half_plus_two_tf2_2_versions_metadata.json"],
  ] as const) {
    const wanted = new URL(`_config/${file}`, models);
    it(`over REST for ${model} is what TensorFlow Serving answered`, {
      skip: !existsSync(wanted) && "no ../shared",
    }, () => {
      const savedModel = SavedModel.decode(readFileSync(new URL(`${model}/00000123/saved_model.pb`, models)));
      const [metaGraph] = savedModel.metaGraphs;
      assert.ok(metaGraph !== undefined);
      const answer = encodeMetadataAnswer(
        signatureMetadata({ name: "default", version: 123n }, metaGraph.signatureDef),
      );
      assert.deepEqual(withoutDefaults(textOf(answer)), withoutDefaults(readFileSync(wanted, "utf8")));
    });
  }
});

/** Whether `defaults` is printed depends on the version of TensorFlow Serving; the served name is the server's choice. */
function withoutDefaults(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) => (key === "defaults" || key === "model_spec" ? undefined : value));
}

describe("GetModelStatus", () => {
  const response = GetModelStatusResponse.create({
    modelVersionStatus: [
      ModelVersionStatus.create({ version: 124n, state: modelStates.AVAILABLE, status: StatusProto.create() }),
      ModelVersionStatus.create({
        version: 123n,
        state: modelStates.END,
        status: StatusProto.create({ errorCode: 5, errorMessage: "gone" }),
      }),
    ],
  });

  it("comes back", () => {
    assert.deepEqual(GetModelStatusResponse.decode(GetModelStatusResponse.encode(response)), response);
  });

  it("over REST has the form of TensorFlow Serving", () => {
    assert.deepEqual(JSON.parse(textOf(encodeStatusAnswer(response))), {
      model_version_status: [
        { version: "124", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
        { version: "123", state: "END", status: { error_code: "NOT_FOUND", error_message: "gone" } },
      ],
    });
  });
});
