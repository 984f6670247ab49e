import { ProtocolError } from "../errors.ts";
import type { WireReader } from "../protobuf/wire-reader.ts";
import { wireTypes } from "../protobuf/wire-type.ts";
import type { WireWriter } from "../protobuf/wire-writer.ts";
import type { FillBudget } from "../tensor/budget.ts";
import { tensorOf } from "../tensor/decode.ts";
import { encodeTensorTo, type TensorEncoding } from "../tensor/encode.ts";
import { EncodedTensor } from "../tensor/encoded-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Reads one entry of a `map<string, TensorProto>`, the reader's current field, into `tensors`.
 * @param fail makes the error to throw when the entry is well formed but its tensor is not
 */
export function readTensorEntry(
  reader: WireReader,
  tensors: Map<string, Tensor>,
  fill: FillBudget,
  fail: (alias: string, cause: ProtocolError) => Error,
): void {
  reader.countElements(1);
  const outerEnd = reader.enter();
  const { alias, encoded } = readEntry(reader);
  reader.leave(outerEnd);
  try {
    tensors.set(alias, tensorOf(encoded, reader, fill));
  } catch (error) {
    throw error instanceof ProtocolError ? fail(alias, error) : error;
  }
}

/** Writes a `map<string, TensorProto>` field. */
export function writeTensorMap(
  writer: WireWriter,
  fieldNumber: number,
  tensors: ReadonlyMap<string, Tensor>,
  encoding: TensorEncoding,
): void {
  for (const [alias, tensor] of tensors) {
    writer.tag(fieldNumber, wireTypes.lengthDelimited).delimited((entry) => {
      entry.tag(1, wireTypes.lengthDelimited).string(alias);
      entry.tag(2, wireTypes.lengthDelimited).delimited((inner) => encodeTensorTo(inner, tensor, encoding));
    });
  }
}

function readEntry(reader: WireReader): { alias: string; encoded: EncodedTensor } {
  let alias = "";
  const encoded = new EncodedTensor();
  while (reader.next()) {
    if (reader.wireType !== wireTypes.lengthDelimited || reader.fieldNumber > 2) {
      reader.skip();
    } else if (reader.fieldNumber === 1) {
      alias = reader.string();
    } else {
      const entryEnd = reader.enter();
      encoded.readFields(reader);
      reader.leave(entryEnd);
    }
  }
  return { alias, encoded };
}
