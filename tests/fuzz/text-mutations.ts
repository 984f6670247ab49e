// Changes to text that know what documents are made of: JSON values, and what strings in them hold in their turn.
import { decodeBase64, decodeHex, decodePem, encodeBase64, encodeHex, encodePem } from "@sealserve/core";
import {
  type Json,
  type JsonPath,
  pathsIn,
  textWith,
  valueAt,
  withoutPath,
} from "../../packages/attestation/test/json-edits.ts";
import { mutateBytes } from "./byte-mutations.ts";
import type { Random } from "./random.ts";

/** A text with what is known of it, so that it is taken apart once. */
export interface TextSeed {
  readonly text: string;
  readonly document: Json | undefined;
  readonly paths: readonly JsonPath[];
}

const VALUES = [
  "null",
  "true",
  "{}",
  "[]",
  '""',
  "0",
  "-1",
  "1.5",
  "1e400",
  "256",
  "65536",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  '"0x00"',
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{}}',
] as const;
const CHARACTERS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\0",
  " ",
  "\n",
  "-",
  "9",
  "e",
  "\ud800",
  "\u200b",
  "ä",
  "\ufeff",
] as const;

export function textSeed(text: string): TextSeed {
  try {
    const document = JSON.parse(text) as Json;
    return { text, document, paths: pathsIn(document) };
  } catch {
    return { text, document: undefined, paths: [] };
  }
}

/** The text with a change to its structure, a few of its characters, or both. */
export function mutateText(seed: TextSeed, random: Random): string {
  const changed = random.oneIn(6) ? seed.text : mutateStructure(seed, random);
  return random.oneIn(4) ? mutateCharacters(changed, random) : changed;
}

function mutateStructure({ text, document, paths }: TextSeed, random: Random): string {
  const path = paths[random.below(paths.length)];
  if (document === undefined || path === undefined) {
    return text.includes("-----BEGIN") ? mutatePem(text, random) : mutateCharacters(text, random);
  }
  if (random.oneIn(8)) {
    return JSON.stringify(withoutPath(document, path));
  }
  return textWith(document, path, otherSource(valueAt(document, path), path, random));
}

/** What to write in the place of a value, which need not be one value. */
function otherSource(value: Json, path: JsonPath, random: Random): string {
  const source = JSON.stringify(value);
  const ways: readonly [() => string, ...(() => string)[]] = [
    () => random.pick(VALUES),
    () => (typeof value === "string" ? JSON.stringify(mutateContent(value, random)) : random.pick(VALUES)),
    () => (typeof value === "string" ? JSON.stringify(mutateContent(value, random)) : source),
    () => `${source},${typeof path.at(-1) === "string" ? `${JSON.stringify(path.at(-1))}:${source}` : source}`,
    () => `[${Array.from({ length: 1 + random.below(300) }, () => source).join(",")}]`,
    () => `${"[".repeat(random.below(80))}${source}${"]".repeat(random.below(80))}`,
    () => `{"a":${source},"a":${source}}`,
  ];
  return random.pick(ways)();
}

/** A string of a document: bytes in hex or base64, certificates in PEM, another document, or words. */
function mutateContent(text: string, random: Random): string {
  if (text.includes("-----BEGIN")) {
    return mutatePem(text, random);
  }
  if (text.startsWith("{")) {
    return mutateText(textSeed(text), random);
  }
  const changed = attempt(() => encodeHex(mutateBytes(decodeHex(text), random)));
  if (changed !== undefined) {
    return changed;
  }
  return (text.length > 40 ? mutateBase64(text, random) : undefined) ?? mutateCharacters(text, random);
}

/** Base64 holds PEM in some documents, and bytes in others. */
function mutateBase64(text: string, random: Random): string | undefined {
  return attempt(() => {
    const bytes = decodeBase64(text);
    const inner = new TextDecoder("latin1").decode(bytes);
    return inner.includes("-----BEGIN") ? btoa(mutatePem(inner, random)) : encodeBase64(mutateBytes(bytes, random));
  });
}

function mutatePem(text: string, random: Random): string {
  const blocks = attempt(() => decodePem(text)) ?? [];
  const place = random.below(blocks.length);
  const changed = blocks.map(({ label, bytes }, index) =>
    encodePem(
      label,
      index === place
        ? mutateBytes(
            bytes,
            random,
            blocks.map((block) => block.bytes),
          )
        : bytes,
    ),
  );
  return blocks.length === 0 || random.oneIn(3) ? mutateCharacters(text, random) : changed.join("");
}

function mutateCharacters(text: string, random: Random): string {
  let changed = text;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const start = random.below(changed.length + 1);
    const end = start + random.pick([0, 1, 1, 8, 500]);
    const added = random.oneIn(3) ? "" : random.pick(CHARACTERS).repeat(1 + random.below(random.oneIn(8) ? 300 : 2));
    changed = changed.slice(0, start) + added + changed.slice(random.oneIn(10) ? changed.length : end);
  }
  return changed;
}

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
