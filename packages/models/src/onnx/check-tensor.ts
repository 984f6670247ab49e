import { ModelError } from "../errors.ts";
import { elementType } from "./element-type.ts";
import { isExternal } from "./external-data.ts";
import type { SparseTensorProto, TensorProto } from "./schema.ts";
import { countElements } from "./tensor-size.ts";

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
  if (isExternal(tensor)) {
    throw new ModelError("external-data", `tensor ${quoted(tensor)} keeps its data in another file`, {
      expected: "initialisers of the graph itself alone to do so",
      remedy: "save the model with its weights in one file",
    });
  }
  const type = elementType(tensor.dataType);
  if (type === undefined) {
    throw new ModelError("unsupported-type", `tensor ${quoted(tensor)} has element type ${tensor.dataType}`);
  }
  const elements = countElements(tensor.dims, limitsOf(tensor));
  const usesRawData = tensor.rawData.length > 0 && type.bytes !== undefined;
  const actual = usesRawData ? tensor.rawData.length : tensor[type.list].length;
  const expected = Math.ceil(elements * (usesRawData ? (type.bytes ?? 0) : type.listEntries));
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
  countElements(sparse.dims, limitsOf(sparse.values));
}

function limitsOf(tensor: TensorProto) {
  const bytesEach = elementType(tensor.dataType)?.bytes ?? STRING_BYTES;
  return { bytesEach, maxBytes: MAX_TENSOR_BYTES, name: quoted(tensor) };
}

function quoted(tensor: TensorProto): string {
  return JSON.stringify(tensor.name);
}
