import { type DataType, isNumberData, type Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { elementTypeNumber } from "./element-type.ts";
import {
  EXTERNAL_DATA_LOCATION,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  TypeProto,
  ValueInfoProto,
} from "./schema.ts";

/** Operator set that this package writes: the first whose reductions all take their axes as an input. */
const OPERATOR_SET = 18n;
/**
 * Operator sets that a written model may be declared in, and the oldest file version that goes with each. From the first on, the
 * operations that are written here only take more types and attributes (ONNX, Changelog.md).
 */
export const OPERATOR_SETS: ReadonlyMap<number, bigint> = new Map([
  [Number(OPERATOR_SET), 8n],
  [19, 9n],
  [20, 9n],
  [21, 10n],
]);

/** Where the bytes of an initialiser stand in a file that is given to the engine beside the model. */
export interface ExternalBytes {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Encodes a model of one graph in the standard operator set.
 * @param operatorSet one of {@link OPERATOR_SETS}
 */
export function encodeModel(
  graph: Partial<GraphProto>,
  operatorSet: number = Number(OPERATOR_SET),
): Uint8Array<ArrayBuffer> {
  return ModelProto.encode({
    irVersion: OPERATOR_SETS.get(operatorSet) ?? 0n,
    producerName: "sealserve",
    graph: GraphProto.create({ name: "model", ...graph }),
    opsetImport: [{ domain: "", version: BigInt(operatorSet) }],
  });
}

/** A node of the standard operator set. An empty input name leaves an optional input out. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: NodeProto["attribute"] = [],
): NodeProto {
  return NodeProto.create({ opType, name: output.join(" "), input, output, attribute });
}

/** Name and element type of a graph's input or output, of any shape unless one is given (-1 for any size). */
export function makeValueInfo(name: string, dtype: DataType, shape?: readonly number[]): ValueInfoProto {
  const dim = shape?.map((size) => (size < 0 ? {} : { dimValue: BigInt(size) }));
  const tensorType = { elemType: typeNumber(dtype), shape: dim === undefined ? undefined : { dim } };
  return ValueInfoProto.create({ name, type: TypeProto.create({ tensorType }) });
}

/** An initialiser with its values in the model. */
export function makeInitialiser(name: string, { dtype, shape, data }: Tensor): TensorProto {
  const header = { name, dims: BigInt64Array.from(shape, BigInt), dataType: typeNumber(dtype) };
  return TensorProto.create(
    isNumberData(data)
      ? { ...header, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
      : { ...header, stringData: data },
  );
}

/** An initialiser whose values stand in a file. For the engine only: a model that is read must not have any. */
export function makeExternalInitialiser(
  name: string,
  dtype: DataType,
  shape: readonly number[],
  { file, offset, length }: ExternalBytes,
): TensorProto {
  return TensorProto.create({
    name,
    dims: BigInt64Array.from(shape, BigInt),
    dataType: typeNumber(dtype),
    dataLocation: EXTERNAL_DATA_LOCATION,
    externalData: [
      { key: "location", value: file },
      { key: "offset", value: `${offset}` },
      { key: "length", value: `${length}` },
    ],
  });
}

function typeNumber(dtype: DataType): number {
  const number = elementTypeNumber(dtype);
  if (number === undefined) {
    throw new ModelError("unsupported-type", `the engine has no type for ${dtype}`);
  }
  return number;
}
