import { shortAscii } from "../../protobuf/short-ascii.ts";

const decoder = new TextDecoder();

/** Name of an object's member as text. Ill-formed UTF-8 is replaced: such a name matches no input. */
export function decodeName(bytes: Uint8Array): string {
  return shortAscii(bytes, 0, bytes.length) ?? decoder.decode(bytes);
}
