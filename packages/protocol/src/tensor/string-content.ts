import { concatBytes } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";
import { WireReader } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

/** Strings of a `tensor_content`: a varint length for each, then the bytes of all. Views, no copies. */
export function decodeStringContent(content: Uint8Array, count: number): Uint8Array[] {
  if (count > content.length) {
    throw new ProtocolError("bad-tensor", "string content is shorter than its shape");
  }
  const reader = new WireReader(content);
  const lengths = Array.from({ length: count }, () => reader.uint32());
  let offset = content.length - reader.remaining;
  const strings = lengths.map((length) => {
    const text = content.subarray(offset, offset + length);
    offset += length;
    return text;
  });
  if (offset !== content.length) {
    throw new ProtocolError("bad-tensor", "lengths in a string content do not add up to its size");
  }
  return strings;
}

/** The reverse of {@link decodeStringContent}. */
export function encodeStringContent(strings: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const lengths = new WireWriter();
  for (const text of strings) {
    lengths.uint32(text.length);
  }
  return concatBytes(lengths.finish(), ...strings);
}
