import { encodeUtf8 } from "@sealserve/core";
import {
  type GetModelMetadataResponse,
  SIGNATURE_DEF_FIELD,
  SignatureDefMap,
  signaturesOf,
} from "../messages/model-metadata.ts";
import { ModelSpec } from "../messages/model-spec.ts";
import { GetModelStatusResponse } from "../messages/model-status.ts";
import { messageToJson, type PlainJson } from "../protobuf/json.ts";

/** The answer to `GET /v1/models/NAME`. */
export function encodeStatusAnswer(response: GetModelStatusResponse): Uint8Array<ArrayBuffer> {
  return encodeJson(messageToJson(GetModelStatusResponse, response));
}

/**
 * The answer to `GET /v1/models/NAME/metadata`.
 * @throws ProtocolError `bad-answer` when the response has no signatures
 */
export function encodeMetadataAnswer(response: GetModelMetadataResponse): Uint8Array<ArrayBuffer> {
  const signatures = SignatureDefMap.create({ signatureDef: signaturesOf(response) });
  return encodeJson({
    model_spec: messageToJson(ModelSpec, response.modelSpec ?? ModelSpec.create()),
    metadata: { [SIGNATURE_DEF_FIELD]: messageToJson(SignatureDefMap, signatures) },
  });
}

function encodeJson(value: PlainJson): Uint8Array<ArrayBuffer> {
  return encodeUtf8(`${JSON.stringify(value, null, 1)}\n`);
}
