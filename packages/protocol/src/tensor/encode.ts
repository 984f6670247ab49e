import type { ListName, ListTypes } from "../protobuf/list-codec.ts";
import { littleEndianBytes, type NumberArray } from "../protobuf/little-endian.ts";
import { writeNumberList } from "../protobuf/number-list.ts";
import { wireTypes } from "../protobuf/wire-type.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { dataTypeNumber } from "./data-type.ts";
import { storageOf, type ValueList } from "./storage.ts";
import { encodeStringContent } from "./string-content.ts";
import { checkTensor, isNumberData, type Tensor } from "./tensor.ts";

/** How {@link encodeTensor} writes values. */
export interface TensorEncoding {
  /**
   * true: the raw bytes in `tensor_content`; false, the default: the typed value fields, as TensorFlow Serving answers
   * unless it is started with `--enable_serialization_as_tensor_content`.
   */
  readonly asContent?: boolean;
}

const fields = { dtype: 1, shape: 2, content: 4 } as const;
const shapeFields = { dim: 2 } as const;
const dimFields = { size: 1 } as const;

/**
 * A tensor as `tensorflow.TensorProto`.
 * @throws ProtocolError `bad-tensor`, `bad-shape`, `unsupported-dtype`
 */
export function encodeTensor(tensor: Tensor, encoding: TensorEncoding = {}): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  encodeTensorTo(writer, tensor, encoding);
  return writer.finish();
}

/** Writes the fields of a tensor; its data are kept by reference until the writer finishes. */
export function encodeTensorTo(writer: WireWriter, tensor: Tensor, encoding: TensorEncoding = {}): void {
  checkTensor(tensor);
  writer.tag(fields.dtype, wireTypes.varint).uint32(dataTypeNumber(tensor.dtype));
  writer.tag(fields.shape, wireTypes.lengthDelimited).delimited((inner) => writeShape(inner, tensor.shape));
  const data = tensor.data;
  if (!isNumberData(data)) {
    writeStrings(writer, data, encoding);
  } else if (encoding.asContent === true) {
    writeContent(writer, littleEndianBytes(data));
  } else {
    writeNumbers(writer, storageOf(tensor.dtype).list, data);
  }
}

/** A `TensorShapeProto`, by hand as it is read. */
function writeShape(writer: WireWriter, shape: readonly number[]): void {
  for (const size of shape) {
    writer.tag(shapeFields.dim, wireTypes.lengthDelimited).delimited((inner) => {
      if (size !== 0) {
        inner.tag(dimFields.size, wireTypes.varint).int64(BigInt(size));
      }
    });
  }
}

function writeStrings(writer: WireWriter, strings: readonly Uint8Array[], encoding: TensorEncoding): void {
  if (encoding.asContent === true) {
    writeContent(writer, encodeStringContent(strings));
    return;
  }
  for (const text of strings) {
    writer.tag(8, wireTypes.lengthDelimited).bytes(text);
  }
}

function writeContent(writer: WireWriter, content: Uint8Array): void {
  if (content.length > 0) {
    writer.tag(fields.content, wireTypes.lengthDelimited).bytes(content);
  }
}

function writeNumbers(writer: WireWriter, list: ValueList, data: NumberArray): void {
  if (list.kind !== "numbers") {
    if (data.length > 0) {
      writer.tag(list.fieldNumber, wireTypes.lengthDelimited).bytes(littleEndianBytes(data));
    }
    return;
  }
  writeNumberList<ListName>(writer, list.fieldNumber, list.name, asListType(list.name, data));
}

/** Integers of 8 and 16 bits are sent as 32-bit ones; everything else is sent as it is kept. */
function asListType(name: ListName, data: NumberArray): ListTypes[ListName] {
  return name === "int32" && !(data instanceof Int32Array)
    ? Int32Array.from(data as Int8Array)
    : (data as ListTypes[ListName]);
}
