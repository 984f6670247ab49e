import {
  type ExamplesBody,
  type JsonLimits,
  NumberStorage,
  type PredictBody,
  type PredictSignature,
  parseExamplesBody,
  parseInferBody,
  parsePredictBody,
  type RestInferRequest,
} from "@sealserve/protocol";

/** What a body is decoded with. */
export interface DecodeOptions {
  readonly limits?: Partial<JsonLimits> | undefined;
  /** Once it is aborted, the body is not waited for; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Address of the requester, among whom the decoder is shared. */
  readonly address?: string | undefined;
}

/** How to get the signature by the name in a body; it can throw. */
export type SignatureLookup = (signatureName: string) => PredictSignature;

/** Decodes the bodies of calls that run a model. It may take the memory of the body. */
export interface BodyDecoder {
  /** @throws ServingError with TensorFlow Serving's messages */
  predict(body: Uint8Array, signature: SignatureLookup, options: DecodeOptions): PredictBody | Promise<PredictBody>;
  /** The body of classify and regress. @throws ServingError with TensorFlow Serving's messages */
  examples(body: Uint8Array, options: DecodeOptions): ExamplesBody | Promise<ExamplesBody>;
  /**
   * The body of an infer call of the Open Inference Protocol.
   *
   * @param jsonLength bytes of JSON that it begins with; undefined when all of it is JSON
   * @throws ServingError, ProtocolError
   */
  infer(
    body: Uint8Array,
    jsonLength: number | undefined,
    options: DecodeOptions,
  ): RestInferRequest | Promise<RestInferRequest>;
}

/** Numbers of one body after the other. */
const storage = new NumberStorage();

/** Decodes every body at once, on the thread that asks. */
export const directDecoder: BodyDecoder = {
  predict: (body, signature, { limits }) => releasing(() => parsePredictBody(body, signature, limits, storage)),
  examples: (body, { limits }) => releasing(() => parseExamplesBody(body, limits, storage)),
  infer: (body, jsonLength, { limits }) => releasing(() => parseInferBody(body, jsonLength, limits, storage)),
};

/** Decodes a body to its end. */
function releasing<Body>(decode: () => Body): Body {
  try {
    return decode();
  } finally {
    storage.release();
  }
}
