import { TensorShapeProto } from "../messages/tensorflow/tensor-shape.ts";
import type { ListName } from "../protobuf/list-codec.ts";
import { NumberList } from "../protobuf/number-list.ts";
import type { WireReader } from "../protobuf/wire-reader.ts";
import { wireTypes } from "../protobuf/wire-type.ts";
import { numberListNames } from "./storage.ts";

const fields = { dtype: 1, shape: 2, content: 4, stringVal: 8, float8Val: 18 } as const;

/** Fields of one TensorProto as they stood on the wire. */
export class EncodedTensor {
  dtype = 0;
  shape: TensorShapeProto | undefined;
  content: Uint8Array | undefined;
  float8: Uint8Array | undefined;
  readonly strings: Uint8Array[] = [];
  readonly lists = new Map<number, NumberList<ListName>>();

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
        this.shape = TensorShapeProto.decodeFrom(reader, this.shape);
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

  #list(fieldNumber: number, name: ListName): NumberList<ListName> {
    let list = this.lists.get(fieldNumber);
    if (list === undefined) {
      list = new NumberList<ListName>(name);
      this.lists.set(fieldNumber, list);
    }
    return list;
  }
}
