import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { int64Tensor, integersOf } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readLevels, splitsOfLengths, splitTensor, splitType } from "../ragged/split-levels.ts";
import { onEachString } from "./each-string.ts";
import { expectStrings, stringsOf } from "./strings.ts";
import { type Character, charactersOf, isCharacter, REPLACEMENT } from "./unicode.ts";

/** Control characters that may be replaced: all but tab, line feed and carriage return. */
const LAST_CONTROL = 0x1f;
const KEPT_CONTROLS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d]);

/** What is done with bytes that are no character. */
interface Errors {
  readonly how: "strict" | "replace" | "ignore";
  readonly replacement: number;
  readonly replacesControls: boolean;
}

function readErrors(operation: NodeOperation<KnownInput>): Errors {
  const how = operation.text("errors", "replace");
  if (how !== "strict" && how !== "replace" && how !== "ignore") {
    return operation.refuse(`it treats errors by ${JSON.stringify(how)}`);
  }
  return {
    how,
    replacement: operation.integer("replacement_char", REPLACEMENT),
    replacesControls: operation.flag("replace_control_characters", false),
  };
}

function expectUtf8(operation: NodeOperation<KnownInput>, attribute: string): void {
  const encoding = operation.text(attribute, "UTF-8");
  if (encoding !== "UTF-8") {
    operation.refuse(`its ${attribute} is ${encoding}`);
  }
}

/** UnicodeDecode and UnicodeDecodeWithOffsets: the characters of each string as numbers, in rows of different length. */
export function decodeCharacters(withOffsets: boolean): MakeKernel {
  return (operation) => {
    expectStrings(operation, [0]);
    expectUtf8(operation, "input_encoding");
    const [errors, type] = [readErrors(operation), splitType(operation.type("Tsplits", "int64"), operation)];
    return {
      outputs: [type, "int32", ...(withOffsets ? (["int64"] as const) : [])],
      run: ([input]) => {
        const budget = new OutputBudget();
        const rows = stringsOf(input).map((string) => takeCharacters(string, errors, budget));
        const all = rows.flat();
        const codes = Int32Array.from(all, ({ code }) => code ?? REPLACEMENT);
        const offsets = all.map(({ start }) => start);
        return [
          splitTensor(type, splitsOfLengths(rows.map(({ length }) => length))),
          { dtype: "int32", shape: [codes.length], data: codes },
          ...(withOffsets ? [int64Tensor([offsets.length], offsets)] : []),
        ];
      },
    };
  };
}

/** Memory that a character takes on its way. */
const CHARACTER_BYTES = 64;

/** The characters with those that are none replaced or left out. @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` */
function takeCharacters(string: Uint8Array, { how, replacement, replacesControls }: Errors, budget: OutputBudget) {
  const taken: Character[] = [];
  for (const character of charactersOf(string)) {
    const { code } = character;
    if (code === undefined && how === "strict") {
      throw invalidArgument("Invalid formatting on input string");
    }
    const isReplaced = code === undefined || (replacesControls && code <= LAST_CONTROL && !KEPT_CONTROLS.has(code));
    if (!isReplaced || how !== "ignore") {
      budget.takeBytes(CHARACTER_BYTES);
      taken.push(isReplaced ? { ...character, code: replacement } : character);
    }
  }
  return taken;
}

/** UnicodeEncode: strings of UTF-8 out of rows of numbers. */
export const encodeCharacters: MakeKernel = (operation) => {
  expectUtf8(operation, "output_encoding");
  splitType(operation.input(1).dtype, operation);
  const { how, replacement } = readErrors(operation);
  return {
    outputs: ["string"],
    run: ([values, splits]) => {
      const given = values as Tensor;
      const [rows = [0]] = readLevels([splits as Tensor], given);
      const codes = integersOf(given, "Characters").flatMap((code, place) => {
        if (!isCharacter(code) && how === "strict") {
          throw invalidArgument("Code point is out of range for Unicode, or a noncharacter.");
        }
        return [{ place, code: isCharacter(code) ? code : how === "ignore" ? undefined : replacement }];
      });
      const budget = new OutputBudget();
      budget.takeStrings(rows.length - 1);
      budget.takeBytes(codes.length * 4);
      const strings = rows.slice(1).map((end, row) => {
        const own = codes.slice(rows[row], end).flatMap(({ code }) => (code === undefined ? [] : [code]));
        return encode(own);
      });
      return [{ dtype: "string", shape: [strings.length], data: strings }];
    },
  };
};

function encode(codes: readonly number[]): Uint8Array {
  const parts: string[] = codes.map((code) => String.fromCodePoint(code));
  return encodeUtf8(parts.join(""));
}

/** UnicodeTranscode from UTF-8 to UTF-8, which puts something in the place of what is no character. */
export const transcode: MakeKernel = (operation) => {
  expectUtf8(operation, "input_encoding");
  expectUtf8(operation, "output_encoding");
  const errors = readErrors(operation);
  const clean = (string: Uint8Array, budget: OutputBudget): Uint8Array =>
    encode(takeCharacters(string, errors, budget).map(({ code }) => code ?? errors.replacement));
  return onEachString(operation, clean, mostBytes);
};

/** StringLower and StringUpper of texts of UTF-8, by Unicode's rules for no language. */
export function changeCaseOfTexts(to: "lower" | "upper"): MakeKernel {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const change = (string: Uint8Array): Uint8Array => {
    const text = decoder.decode(string);
    return encodeUtf8(to === "lower" ? text.toLowerCase() : text.toUpperCase());
  };
  return (operation) => onEachString(operation, change, mostBytes);
}

/** Some characters become three times as many bytes in the other case, and a byte that is replaced becomes four at most. */
function mostBytes(length: number): number {
  return 4 * length;
}
