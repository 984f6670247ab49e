import type { MakeKernel } from "../kernel.ts";
import { onEachString } from "./each-string.ts";
import { changeCaseOfTexts } from "./unicode-kernels.ts";

const LETTERS_APART = 0x20;

/** StringLower and StringUpper, which change ASCII letters and leave all other bytes as they are, unless strings are said to be texts. */
export function changeCase(to: "lower" | "upper"): MakeKernel {
  const first = (to === "lower" ? "A" : "a").charCodeAt(0);
  const last = (to === "lower" ? "Z" : "z").charCodeAt(0);
  return (operation) => {
    const encoding = operation.text("encoding", "");
    if (encoding !== "" && encoding !== "utf-8") {
      operation.refuse(`its encoding is ${JSON.stringify(encoding)}`);
    }
    if (encoding === "utf-8") {
      return changeCaseOfTexts(to)(operation);
    }
    return onEachString(operation, (string) => changeLetters(string, first, last));
  };
}

/** A call for each byte would take several times as long. */
function changeLetters(string: Uint8Array, first: number, last: number): Uint8Array {
  const changed = new Uint8Array(string.length);
  for (let index = 0; index < string.length; index++) {
    const byte = string[index] as number;
    changed[index] = byte >= first && byte <= last ? byte ^ LETTERS_APART : byte;
  }
  return changed;
}

/** StringStrip: without ASCII white space at both ends. */
export const stripSpace: MakeKernel = (operation) =>
  onEachString(operation, (string) => {
    const start = string.findIndex((byte) => !isSpace(byte));
    return start < 0 ? new Uint8Array() : string.slice(start, string.findLastIndex((byte) => !isSpace(byte)) + 1);
  });

/** Whether a byte is white space: space, tab, line feed, vertical tab, form feed, carriage return. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
