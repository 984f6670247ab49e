import { ProtocolError } from "../errors.ts";
import { repeated } from "../protobuf/list-field.ts";
import { map } from "../protobuf/map-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";
import { Any } from "./any.ts";
import { ModelSpec } from "./model-spec.ts";
import { SignatureDef } from "./tensorflow/signature-def.ts";

/** `tensorflow.serving.GetModelMetadataRequest`. */
export const GetModelMetadataRequest = message("tensorflow.serving.GetModelMetadataRequest", {
  modelSpec: field(1, ModelSpec),
  metadataField: repeated(2, "string"),
});
/** A value of the message {@link GetModelMetadataRequest}. */
export type GetModelMetadataRequest = MessageOf<typeof GetModelMetadataRequest>;

/** `tensorflow.serving.GetModelMetadataResponse`. */
export const GetModelMetadataResponse = message("tensorflow.serving.GetModelMetadataResponse", {
  modelSpec: field(1, ModelSpec),
  metadata: map(2, "string", Any),
});
/** A value of the message {@link GetModelMetadataResponse}. */
export type GetModelMetadataResponse = MessageOf<typeof GetModelMetadataResponse>;

/** `tensorflow.serving.SignatureDefMap`. */
export const SignatureDefMap = message("tensorflow.serving.SignatureDefMap", {
  signatureDef: map(1, "string", SignatureDef),
});
/** A value of the message {@link SignatureDefMap}. */
export type SignatureDefMap = MessageOf<typeof SignatureDefMap>;

/** The only metadata field that TensorFlow Serving has. */
export const SIGNATURE_DEF_FIELD = "signature_def";

const SIGNATURE_DEF_MAP_URL = "type.googleapis.com/tensorflow.serving.SignatureDefMap";

/** The answer of GetModelMetadata: a model's signatures. `modelSpec` has name and version only. */
export function signatureMetadata(
  modelSpec: Pick<ModelSpec, "name" | "version">,
  signatures: ReadonlyMap<string, SignatureDef>,
): GetModelMetadataResponse {
  const value = SignatureDefMap.encode({ signatureDef: signatures });
  return GetModelMetadataResponse.create({
    modelSpec: ModelSpec.create({ name: modelSpec.name, version: modelSpec.version }),
    metadata: new Map([[SIGNATURE_DEF_FIELD, { typeUrl: SIGNATURE_DEF_MAP_URL, value }]]),
  });
}

/** Signatures in an answer of GetModelMetadata. @throws ProtocolError `bad-answer` when it has none of the right type */
export function signaturesOf(response: GetModelMetadataResponse): ReadonlyMap<string, SignatureDef> {
  const metadata = response.metadata.get(SIGNATURE_DEF_FIELD);
  if (metadata === undefined || metadata.typeUrl !== SIGNATURE_DEF_MAP_URL) {
    throw new ProtocolError("bad-answer", "metadata answer has no signature_def of the expected type", {
      expected: SIGNATURE_DEF_MAP_URL,
      actual: metadata?.typeUrl ?? "nothing",
    });
  }
  return SignatureDefMap.decode(metadata.value).signatureDef;
}
