import type { ListName } from "../protobuf/list-codec.ts";
import { NumberList } from "../protobuf/number-list.ts";
import type { WireReader } from "../protobuf/wire-reader.ts";
import { wireTypes } from "../protobuf/wire-type.ts";
import { numberListNames } from "./storage.ts";

const fields = { dtype: 1, shape: 2, content: 4, stringVal: 8, float8Val: 18 } as const;
const shapeFields = { dim: 2, unknownRank: 3 } as const;
const dimFields = { size: 1, name: 2 } as const;

/** Fields of one TensorProto as they stood on the wire. */
export class EncodedTensor {
  dtype = 0;
  /** Of the shape's dimensions. Numbers that are not exact are none that a tensor could have. */
  readonly sizes: number[] = [];
  unknownRank = false;
  content: Uint8Array | undefined;
  float8: Uint8Array | undefined;
  readonly strings: Uint8Array[] = [];
  /** Undefined as long as there are none. */
  lists: Map<number, NumberList<ListName>> | undefined;

  /** Reads the fields up to the end of the reader's current message. */
  readFields(reader: WireReader): void {
    while (reader.next()) {
      if (!this.#readField(reader)) {
        reader.skip();
      }
    }
  }

  /** Takes the current field; false when it is none of interest. */
  #readField(reader: WireReader): boolean {
    const name = numberListNames.get(reader.fieldNumber);
    if (name !== undefined) {
      return this.#list(reader.fieldNumber, name).read(reader);
    }
    if (reader.fieldNumber === fields.dtype && reader.wireType === wireTypes.varint) {
      this.dtype = reader.int32();
      return true;
    }
    return reader.wireType === wireTypes.lengthDelimited && this.#readDelimited(reader);
  }

  #readDelimited(reader: WireReader): boolean {
    switch (reader.fieldNumber) {
      case fields.shape: {
        const outerEnd = reader.enter();
        this.#readShape(reader);
        reader.leave(outerEnd);
        return true;
      }
      case fields.content:
        this.content = reader.bytes();
        return true;
      case fields.stringVal:
        reader.countElements(1);
        this.strings.push(reader.bytes());
        return true;
      case fields.float8Val:
        this.float8 = reader.bytes();
        return true;
      default:
        return false;
    }
  }

  /** Fields of a `TensorShapeProto`, read by hand: as a declared message it would be most of the work for a small tensor. */
  #readShape(reader: WireReader): void {
    while (reader.next()) {
      if (reader.fieldNumber === shapeFields.dim && reader.wireType === wireTypes.lengthDelimited) {
        reader.countElements(1);
        const outerEnd = reader.enter();
        this.sizes.push(readSize(reader));
        reader.leave(outerEnd);
      } else if (reader.fieldNumber === shapeFields.unknownRank && reader.wireType === wireTypes.varint) {
        this.unknownRank = reader.bool();
      } else {
        reader.skip();
      }
    }
  }

  #list(fieldNumber: number, name: ListName): NumberList<ListName> {
    this.lists ??= new Map();
    let list = this.lists.get(fieldNumber);
    if (list === undefined) {
      list = new NumberList<ListName>(name);
      this.lists.set(fieldNumber, list);
    }
    return list;
  }
}

/** The size in a `TensorShapeProto.Dim`; its name is looked at and dropped. */
function readSize(reader: WireReader): number {
  let size = 0;
  while (reader.next()) {
    if (reader.fieldNumber === dimFields.size && reader.wireType === wireTypes.varint) {
      size = Number(reader.int64());
    } else if (reader.fieldNumber === dimFields.name && reader.wireType === wireTypes.lengthDelimited) {
      reader.string();
    } else {
      reader.skip();
    }
  }
  return size;
}
