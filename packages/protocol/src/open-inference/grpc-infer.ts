import type { WireLimits } from "../protobuf/limits.ts";
import type { NumberArray } from "../protobuf/little-endian.ts";
import { invalidArgument } from "../status/serving-error.ts";
import type { DataType } from "../tensor/data-type.ts";
import { makeNumbers } from "../tensor/storage.ts";
import { elementCount, isNumberData, type Tensor, type TensorData } from "../tensor/tensor.ts";
import { contentsMember, dataTypeOf, outputDatatype } from "./datatype.ts";
import { type InferRequest, type InferResponse, SIGNATURE_PARAMETER } from "./infer-call.ts";
import {
  type InferInputTensor,
  InferOutputTensor,
  type InferParameter,
  InferTensorContents,
  ModelInferRequest,
  ModelInferResponse,
} from "./infer-messages.ts";
import { decodeRawTensor, encodeRawTensor, StringBudget } from "./raw-tensor.ts";

/** A ModelInfer call over gRPC. */
export interface GrpcInferRequest extends InferRequest {
  readonly modelName: string;
  readonly modelVersion: string;
  /** Whether the inputs came in raw form: the outputs go back in the same form. */
  readonly isRaw: boolean;
}

/**
 * An `inference.ModelInferRequest` from the wire.
 * @throws ServingError INVALID_ARGUMENT, ProtocolError
 */
export function decodeInferRequest(bytes: Uint8Array, limits: Partial<WireLimits> = {}): GrpcInferRequest {
  const request = ModelInferRequest.decode(bytes, limits);
  const raw = request.rawInputContents;
  const isRaw = raw.length > 0;
  if (isRaw && raw.length !== request.inputs.length) {
    throw invalidArgument(`The request has ${request.inputs.length} inputs, but ${raw.length} raw_input_contents`);
  }
  const strings = new StringBudget(limits.maxElements);
  const inputs = new Map<string, Tensor>();
  request.inputs.forEach((input, index) => {
    if (inputs.has(input.name)) {
      throw invalidArgument("The request names an input twice");
    }
    inputs.set(input.name, tensorOf(input, raw[index], strings));
  });
  return {
    modelName: request.modelName,
    modelVersion: request.modelVersion,
    id: request.id,
    signatureName: signatureName(request.parameters),
    inputs,
    outputs: request.outputs.map(({ name }) => name),
    isRaw,
  };
}

/**
 * An `inference.ModelInferResponse` for the wire, in raw form if asked for, or if an output comes in no other.
 * @throws ServingError UNIMPLEMENTED for an output that the protocol cannot carry
 */
export function encodeInferResponse(response: InferResponse, askedRaw: boolean): Uint8Array<ArrayBuffer> {
  const { modelName, modelVersion, id } = response;
  const tensors = [...response.outputs];
  if (askedRaw || tensors.some(([, { dtype }]) => contentsMember(dtype) === undefined)) {
    const outputs = tensors.map(([name, tensor]) => describeOutput(name, tensor));
    const rawOutputContents = tensors.map(([, tensor]) => encodeRawTensor(tensor));
    return ModelInferResponse.encode({ modelName, modelVersion, id, outputs, rawOutputContents });
  }
  const outputs = tensors.map(([name, tensor]) => ({ ...describeOutput(name, tensor), contents: contentsOf(tensor) }));
  return ModelInferResponse.encode({ modelName, modelVersion, id, outputs });
}

function signatureName(parameters: ReadonlyMap<string, InferParameter>): string {
  const parameter = parameters.get(SIGNATURE_PARAMETER);
  if (parameter !== undefined && parameter.stringParam === undefined) {
    throw invalidArgument(`The parameter ${SIGNATURE_PARAMETER} is not a string_param`);
  }
  return parameter?.stringParam ?? "";
}

function tensorOf(input: InferInputTensor, raw: Uint8Array | undefined, strings: StringBudget): Tensor {
  const dtype = dataTypeOf(input.datatype);
  const shape = Array.from(input.shape, Number);
  if (raw === undefined) {
    const data = dataOf(dtype, elementCount(shape), input.contents ?? InferTensorContents.create());
    return { dtype, shape, data };
  }
  if (input.contents !== undefined) {
    throw invalidArgument("An input has contents beside raw_input_contents");
  }
  return decodeRawTensor(dtype, shape, raw, strings);
}

function dataOf(dtype: DataType, count: number, contents: InferTensorContents): TensorData {
  const member = contentsMember(dtype);
  if (member === undefined) {
    throw invalidArgument("An input of datatype FP16 or BF16 can only come in raw_input_contents");
  }
  const values: TensorData = contents[member];
  if (values.length !== count) {
    throw invalidArgument(`An input has ${values.length} elements in its contents, but its shape asks for ${count}`);
  }
  return isNumberData(values) ? narrowed(values, dtype) : values;
}

/** The values in the array kind of the type: integers of 8 and 16 bits come as 32-bit ones. */
function narrowed(values: NumberArray, dtype: DataType): NumberArray {
  const target = makeNumbers(dtype, 0);
  if (values.constructor === target.constructor) {
    return values;
  }
  const narrow = makeNumbers(dtype, values.length);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    narrow[index] = value;
    if (narrow[index] !== value) {
      throw invalidArgument("An element of an input is outside the range of its datatype");
    }
  }
  return narrow;
}

function describeOutput(name: string, { dtype, shape }: Tensor): InferOutputTensor {
  const datatype = outputDatatype(name, dtype);
  return InferOutputTensor.create({ name, datatype, shape: BigInt64Array.from(shape, BigInt) });
}

/** The elements in the member of their type, where integers of 8 and 16 bits are 32-bit ones. */
function contentsOf({ dtype, data }: Tensor): InferTensorContents {
  const member = contentsMember(dtype);
  const wide =
    member === "intContents"
      ? Int32Array.from(data as Int32Array)
      : member === "uintContents"
        ? Uint32Array.from(data as Uint32Array)
        : data;
  return InferTensorContents.create(member === undefined ? {} : { [member]: wide });
}
