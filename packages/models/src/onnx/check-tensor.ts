import { ModelError } from "../errors.ts";
import { elementType } from "./element-type.ts";
import { EXTERNAL_DATA_LOCATION, type SparseTensorProto, type TensorProto } from "./schema.ts";

/** Bytes that one tensor may take: the largest protobuf message, so no honest tensor in a model file is larger. */
const MAX_TENSOR_BYTES = 2 ** 31;
/** Bytes charged for a string besides its content, so that a shape of many empty strings is not free. */
const STRING_BYTES = 1;

/**
 * Refuses a tensor that keeps its data outside of the model file, whose shape is absurd, or whose data does not fill its
 * shape exactly.
 * @throws ModelError `external-data`, `too-large`, `unsupported-type`, `bad-onnx`
 */
export function checkTensor(tensor: TensorProto): void {
  if (tensor.dataLocation === EXTERNAL_DATA_LOCATION || tensor.externalData.length > 0) {
    throw new ModelError("external-data", `tensor ${quoted(tensor)} keeps its data in another file`, {
      remedy: "save the model with its weights in one file",
    });
  }
  const type = elementType(tensor.dataType);
  if (type === undefined) {
    throw new ModelError("unsupported-type", `tensor ${quoted(tensor)} has element type ${tensor.dataType}`);
  }
  const elements = countElements(tensor.dims, type.bytes ?? STRING_BYTES, quoted(tensor));
  const usesRawData = tensor.rawData.length > 0 && type.bytes !== undefined;
  const actual = usesRawData ? tensor.rawData.length : tensor[type.list].length;
  const expected = elements * (usesRawData ? (type.bytes ?? 0) : type.listEntries);
  if (actual !== expected) {
    throw new ModelError("bad-onnx", `data of tensor ${quoted(tensor)} does not fit its shape`, {
      expected: `${expected} ${usesRawData ? "bytes" : "values"}`,
      actual: `${actual}`,
    });
  }
}

/** {@link checkTensor} for both parts of a sparse tensor, and the size of what it stands for. */
export function checkSparseTensor(sparse: SparseTensorProto): void {
  if (sparse.values === undefined || sparse.indices === undefined) {
    throw new ModelError("bad-onnx", "sparse tensor lacks its values or its indices");
  }
  checkTensor(sparse.values);
  checkTensor(sparse.indices);
  countElements(sparse.dims, elementType(sparse.values.dataType)?.bytes ?? STRING_BYTES, quoted(sparse.values));
}

/** Product of `dims`, refused when a dimension is negative or the tensor would exceed {@link MAX_TENSOR_BYTES}. */
function countElements(dims: BigInt64Array, bytesEach: number, name: string): number {
  if (dims.some((size) => size < 0n)) {
    throw new ModelError("bad-onnx", `tensor ${name} has a negative dimension`);
  }
  if (dims.includes(0n)) {
    return 0;
  }
  let elements = 1;
  for (const size of dims) {
    elements *= Number(size);
    if (elements * bytesEach > MAX_TENSOR_BYTES) {
      throw new ModelError("too-large", `shape of tensor ${name} asks for more than ${MAX_TENSOR_BYTES} bytes`);
    }
  }
  return elements;
}

function quoted(tensor: TensorProto): string {
  return JSON.stringify(tensor.name);
}
