import { encodeUtf8 } from "@sealserve/core";
import {
  checkTensor,
  type DataType,
  DEFAULT_SIGNATURE_KEY,
  dataTypeFromNumber,
  elementCount,
  parsePredictBody,
  type SignatureDef,
  storageOf,
  type Tensor,
  type TensorInfo,
} from "@sealserve/protocol";
import { CliError } from "../errors.ts";

/** Inputs of a request, and the signature they are for. */
export interface PreparedInputs {
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/**
 * Inputs from the JSON body of TensorFlow Serving's predict call (`instances` or `inputs`).
 * @throws CliError `usage` for a signature that the model does not have; ServingError for a body that does not fit it
 */
export function inputsFromBody(
  body: string,
  signatures: ReadonlyMap<string, SignatureDef>,
  wanted: string | undefined,
): PreparedInputs {
  const parsed = parsePredictBody(encodeUtf8(body), (named) => ({
    inputs: inputTypes(find(signatures, wanted ?? named)),
  }));
  return { signatureName: wanted ?? (parsed.signatureName || DEFAULT_SIGNATURE_KEY), inputs: parsed.inputs };
}

/**
 * Made-up inputs of the right types and shapes: 1, 2, 3 … for numbers, 1 for dimensions left open. For the default
 * signature, or the first one that has outputs where the model has no default.
 * @param batch size of the first dimension where that is left open
 */
export function sampleInputs(
  signatures: ReadonlyMap<string, SignatureDef>,
  wanted: string | undefined,
  batch = 1,
): PreparedInputs {
  const signatureName = wanted ?? firstUsable(signatures);
  const signature = find(signatures, signatureName);
  const inputs = new Map([...signature.inputs].map(([name, info]) => [name, sampleTensor(name, info, batch)]));
  return { signatureName, inputs };
}

function firstUsable(signatures: ReadonlyMap<string, SignatureDef>): string {
  const usable = [...signatures]
    .filter(([name, { outputs }]) => outputs.size > 0 && !name.startsWith("__"))
    .map(([name]) => name);
  return signatures.has(DEFAULT_SIGNATURE_KEY) ? DEFAULT_SIGNATURE_KEY : (usable.sort()[0] ?? DEFAULT_SIGNATURE_KEY);
}

function find(signatures: ReadonlyMap<string, SignatureDef>, name: string): SignatureDef {
  const signature = signatures.get(name === "" ? DEFAULT_SIGNATURE_KEY : name);
  if (signature === undefined) {
    throw new CliError("usage", `the model has no signature ${JSON.stringify(name || DEFAULT_SIGNATURE_KEY)}`, {
      expected: [...signatures.keys()].join(", "),
      remedy: "name one with --signature",
    });
  }
  return signature;
}

function inputTypes(signature: SignatureDef): ReadonlyMap<string, DataType> {
  return new Map([...signature.inputs].map(([name, info]) => [name, typeOf(name, info)]));
}

function typeOf(name: string, info: TensorInfo): DataType {
  const dtype = dataTypeFromNumber(info.dtype);
  if (dtype === undefined) {
    throw new CliError("usage", `input ${name} has a data type that cannot be sent`, { actual: String(info.dtype) });
  }
  return dtype;
}

function sampleTensor(name: string, info: TensorInfo, batch: number): Tensor {
  const dtype = typeOf(name, info);
  const shape = info.tensorShape?.unknownRank
    ? []
    : (info.tensorShape?.dim ?? []).map(({ size }, axis) => (size < 0n ? (axis === 0 ? batch : 1) : Number(size)));
  const count = elementCount(shape);
  const { array: Numbers, width } = storageOf(dtype);
  const data =
    Numbers === undefined
      ? Array.from({ length: count }, (_, index) => encodeUtf8(String(index + 1)))
      : new Numbers(count * width);
  if (ArrayBuffer.isView(data)) {
    for (let index = 0; index < data.length; index++) {
      data[index] = typeof data[index] === "bigint" ? BigInt(index + 1) : sampleNumber(dtype, index);
    }
  }
  const tensor = { dtype, shape, data };
  checkTensor(tensor);
  return tensor;
}

/** A boolean is 0 or 1; half-precision types hold bit patterns, for which zero is the safe number. */
function sampleNumber(dtype: DataType, index: number): number {
  if (dtype === "bool") {
    return 1;
  }
  return dtype === "float16" || dtype === "bfloat16" ? 0 : index + 1;
}
