import { decodeUtf8, encodeUtf8 } from "@sealserve/core";
import { checkTensor, type DataType, isNumberData, ServingError, type Tensor } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";

type NumberData = Extract<Tensor["data"], ArrayBufferView>;

/** A tensor as `onnxruntime` takes and gives it; the type names are those of its tensors. */
export interface EngineTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Elements in row-major order: numbers, or texts. */
  readonly data: ArrayBufferView | readonly string[];
}

/**
 * The tensor in the engine's form, over the same buffer. Data types have the same names there.
 * @throws ServingError `INVALID_ARGUMENT` for strings that are not UTF-8: the engine's strings are texts
 */
export function toEngineTensor({ dtype, shape, data }: Tensor): EngineTensor {
  return { type: dtype, dims: shape, data: isNumberData(data) ? data : data.map(decodeText) };
}

/**
 * The tensor that the engine gave for an output of type `dtype`.
 * @throws ModelError `engine-failed` when it is of another type, or its data do not fit its shape
 */
export function fromEngineTensor({ type, dims, data }: EngineTensor, dtype: DataType): Tensor {
  if (type !== dtype) {
    throw new ModelError("engine-failed", "the engine gave an output of another type than the model declares", {
      expected: dtype,
      actual: type,
    });
  }
  const tensor = { dtype, shape: dims, data: "buffer" in data ? (data as NumberData) : data.map(encodeUtf8) };
  refuseMalformed("engine-failed", "output of the engine", () => checkTensor(tensor));
  return tensor;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new ServingError("INVALID_ARGUMENT", "a string input is not UTF-8, which this model's strings are");
  }
}
