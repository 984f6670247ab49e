import {
  dataTypeFromNumber,
  dataTypeNumber,
  elementCount,
  isNumberData,
  makeNumbers,
  ServingError,
  storageOf,
  type Tensor,
} from "@sealserve/protocol";

import type { CApi, Pointer } from "./c-api.ts";
import { encodedStrings } from "./encoded-strings.ts";
import { inlineStrings } from "./inline-strings.ts";
import type { StringLayout } from "./string-layout.ts";

/** The layouts of strings by the library's word for them. */
const STRING_LAYOUTS: Readonly<Record<CApi["strings"], StringLayout>> = {
  encoded: encodedStrings,
  inline: inlineStrings,
};

/**
 * Copies a tensor into the library's memory.
 *
 * @param tensor checked
 * @returns a `TF_Tensor`, for the caller to delete
 * @throws ServingError `RESOURCE_EXHAUSTED` when there is no memory for it
 */
export function createNativeTensor(api: CApi, { dtype, shape, data }: Tensor): Pointer {
  const content = isNumberData(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : STRING_LAYOUTS[api.strings].pack(data);
  const dimensions = BigInt64Array.from(shape, BigInt);
  const tensor = api.TF_AllocateTensor(
    dataTypeNumber(dtype),
    new Uint8Array(dimensions.buffer),
    shape.length,
    content.length,
  );
  if (tensor === null) {
    throw new ServingError("RESOURCE_EXHAUSTED", "There is no memory for an input");
  }
  if (content.length > 0) {
    api.copy(api.TF_TensorData(tensor), content, content.length);
  }
  return tensor;
}

/**
 * Copies a tensor out of the library's memory.
 *
 * @throws ServingError `UNIMPLEMENTED` for a type without values to send
 */
export function readNativeTensor(api: CApi, tensor: Pointer): Tensor {
  const number = api.TF_TensorType(tensor);
  const dtype = dataTypeFromNumber(number);
  if (dtype === undefined || dtype === "resource" || dtype === "variant") {
    throw new ServingError("UNIMPLEMENTED", `The model gives an output of type ${dtype ?? number}`);
  }
  const shape = Array.from({ length: api.TF_NumDims(tensor) }, (_, axis) => Number(api.TF_Dim(tensor, axis)));
  const count = elementCount(shape);
  const byteSize = Number(api.TF_TensorByteSize(tensor));
  if (dtype === "string") {
    return { dtype, shape, data: count === 0 ? [] : readStrings(api, tensor, count, byteSize) };
  }
  const data = makeNumbers(dtype, count * storageOf(dtype).width);
  if (data.byteLength !== byteSize) {
    throw new ServingError("INTERNAL", `TensorFlow gives ${byteSize} bytes for ${data.byteLength} of an output`);
  }
  if (byteSize > 0) {
    api.copy(new Uint8Array(data.buffer), api.TF_TensorData(tensor), byteSize);
  }
  return { dtype, shape, data };
}

function readStrings(api: CApi, tensor: Pointer, count: number, byteSize: number): Uint8Array[] {
  const address = api.TF_TensorData(tensor) ?? 0n;
  const read = (from: Pointer, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    if (length > 0) {
      api.copy(bytes, from, length);
    }
    return bytes;
  };
  return STRING_LAYOUTS[api.strings].unpack({ address, bytes: read(address, byteSize), read }, count);
}
