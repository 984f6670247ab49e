import { numbers, repeated } from "../protobuf/list-field.ts";
import { map } from "../protobuf/map-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field, oneof } from "../protobuf/single-field.ts";

/** `inference.InferParameter`: a value with a name of its own. */
export const InferParameter = message("inference.InferParameter", {
  boolParam: oneof("parameter_choice", 1, "bool"),
  int64Param: oneof("parameter_choice", 2, "int64"),
  stringParam: oneof("parameter_choice", 3, "string"),
  doubleParam: oneof("parameter_choice", 4, "double"),
  uint64Param: oneof("parameter_choice", 5, "uint64"),
});
/** A value of the message {@link InferParameter}. */
export type InferParameter = MessageOf<typeof InferParameter>;

/** `inference.InferTensorContents`: elements of a tensor in row-major order, in the one member that suits its datatype. */
export const InferTensorContents = message("inference.InferTensorContents", {
  boolContents: numbers(1, "bool"),
  intContents: numbers(2, "int32"),
  int64Contents: numbers(3, "int64"),
  uintContents: numbers(4, "uint32"),
  uint64Contents: numbers(5, "uint64"),
  fp32Contents: numbers(6, "float"),
  fp64Contents: numbers(7, "double"),
  bytesContents: repeated(8, "bytes"),
});
/** A value of the message {@link InferTensorContents}. */
export type InferTensorContents = MessageOf<typeof InferTensorContents>;

const tensorFields = {
  name: field(1, "string"),
  datatype: field(2, "string"),
  shape: numbers(3, "int64"),
  parameters: map(4, "string", InferParameter),
  contents: field(5, InferTensorContents),
};

/** `inference.ModelInferRequest.InferInputTensor`. */
export const InferInputTensor = message("inference.ModelInferRequest.InferInputTensor", tensorFields);
/** A value of the message {@link InferInputTensor}. */
export type InferInputTensor = MessageOf<typeof InferInputTensor>;

/** `inference.ModelInferRequest`. */
export const ModelInferRequest = message("inference.ModelInferRequest", {
  modelName: field(1, "string"),
  modelVersion: field(2, "string"),
  id: field(3, "string"),
  parameters: map(4, "string", InferParameter),
  inputs: repeated(5, InferInputTensor),
  outputs: repeated(
    6,
    message("inference.ModelInferRequest.InferRequestedOutputTensor", {
      name: field(1, "string"),
      parameters: map(2, "string", InferParameter),
    }),
  ),
  rawInputContents: repeated(7, "bytes"),
});
/** A value of the message {@link ModelInferRequest}. */
export type ModelInferRequest = MessageOf<typeof ModelInferRequest>;

/** `inference.ModelInferResponse.InferOutputTensor`. */
export const InferOutputTensor = message("inference.ModelInferResponse.InferOutputTensor", tensorFields);
/** A value of the message {@link InferOutputTensor}. */
export type InferOutputTensor = MessageOf<typeof InferOutputTensor>;

/** `inference.ModelInferResponse`. */
export const ModelInferResponse = message("inference.ModelInferResponse", {
  modelName: field(1, "string"),
  modelVersion: field(2, "string"),
  id: field(3, "string"),
  parameters: map(4, "string", InferParameter),
  outputs: repeated(5, InferOutputTensor),
  rawOutputContents: repeated(6, "bytes"),
});
/** A value of the message {@link ModelInferResponse}. */
export type ModelInferResponse = MessageOf<typeof ModelInferResponse>;
