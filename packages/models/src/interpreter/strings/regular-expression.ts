import { isUtf8 } from "node:buffer";
import { invalidArgument, ServingError } from "@sealserve/protocol";
import { RE2JS } from "re2js";

import { asciiClassOf } from "./character-class.ts";

/** Bytes of a pattern; the machine that it becomes is larger by far. */
const MAX_PATTERN_BYTES = 2 ** 12;
/** Instructions that matching may take; they take a fraction of a microsecond each. */
const MAX_WORK = 2 ** 27;
const BACKSLASH = 0x5c;
const [DIGIT_0, DIGIT_9] = [0x30, 0x39];

/** A compiled pattern. */
export type Pattern = RE2JS;

/** A part of a rewrite: bytes as they are, or the number of a group of the pattern. */
export type RewritePart = Uint8Array | number;

/**
 * A pattern in RE2's syntax, matched in time that grows with the text only, never with what the pattern could try.
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function compilePattern(pattern: Uint8Array): Pattern {
  const text = Buffer.from(pattern.buffer, pattern.byteOffset, pattern.length);
  if (text.length > MAX_PATTERN_BYTES || !isUtf8(text)) {
    throw invalidArgument(`Invalid pattern: it must be UTF-8 of at most ${MAX_PATTERN_BYTES} bytes`);
  }
  try {
    return RE2JS.compile(text.toString());
  } catch {
    throw invalidArgument("Invalid pattern: it is no regular expression in RE2's syntax");
  }
}

/**
 * Bounds what matching a pattern against strings costs at most: each byte may touch each instruction of the pattern.
 * @throws ServingError `RESOURCE_EXHAUSTED`
 */
export function expectWork(pattern: Pattern, strings: readonly Uint8Array[]): void {
  const bytes = strings.reduce((total, { length }) => total + length, strings.length);
  const work = bytes * pattern.programSize();
  if (work > MAX_WORK) {
    throw new ServingError(
      "RESOURCE_EXHAUSTED",
      "Matching the model's pattern against these strings would take too long",
      {
        expected: `at most ${MAX_WORK} instructions`,
        actual: `${work}`,
      },
    );
  }
}

/** Whether a pattern matches a whole string. @throws ServingError `INVALID_ARGUMENT` for a string that is not UTF-8 */
export function matchesAll(pattern: Pattern, string: Uint8Array): boolean {
  return pattern.matcher(expectUtf8(string)).matches();
}

/**
 * Reads what matches are replaced with: `\0` to `\9` stand for the match and its groups, `\\` for a backslash.
 * @throws ServingError `INVALID_ARGUMENT`
 */
export function parseRewrite(rewrite: Uint8Array, pattern: Pattern): RewritePart[] {
  const parts: RewritePart[] = [];
  for (let index = 0; index < rewrite.length; ) {
    const backslash = rewrite.indexOf(BACKSLASH, index);
    if (backslash !== index) {
      const end = backslash < 0 ? rewrite.length : backslash;
      parts.push(rewrite.slice(index, end));
      index = end;
      continue;
    }
    const escaped = rewrite[index + 1] ?? 0;
    const group = escaped - DIGIT_0;
    if (escaped !== BACKSLASH && (escaped < DIGIT_0 || escaped > DIGIT_9 || group > pattern.groupCount())) {
      throw invalidArgument("Invalid rewrite: a backslash must be followed by a group of the pattern or a backslash");
    }
    parts.push(escaped === BACKSLASH ? Uint8Array.of(BACKSLASH) : group);
    index += 2;
  }
  return parts;
}

/**
 * The string with the matches of a pattern replaced, one behind the other (re2.cc, GlobalReplace): an empty match right
 * behind a match does not count.
 * @param all or only the first one
 * @param beforeMatch called before each match is looked for: a search may read all that is left of the string, so that the
 *   time for all of them can grow with its square
 * @returns parts of the new string, of which the first and the last one may be all of it
 * @throws ServingError `INVALID_ARGUMENT` for a string that is not UTF-8
 */
export function replaceMatches(
  string: Uint8Array,
  pattern: Pattern,
  rewrite: readonly RewritePart[],
  all: boolean,
  beforeMatch: () => void = () => undefined,
): Uint8Array[] {
  const matcher = pattern.matcher(expectUtf8(string));
  const parts: Uint8Array[] = [];
  let copied = 0;
  const members = asciiClassOf(pattern);
  const matches =
    members === undefined ? findMatches(string, matcher, beforeMatch) : findMembers(string, members, beforeMatch);
  const groupOf = (group: number, whole: Range): Range =>
    group === 0 ? whole : [matcher.start(group), matcher.end(group)];
  for (const [start, end] of matches) {
    parts.push(string.subarray(copied, start));
    for (const part of rewrite) {
      parts.push(typeof part === "number" ? string.subarray(...groupOf(part, [start, end])) : part);
    }
    copied = end;
    if (!all) {
      break;
    }
  }
  return [...parts, string.subarray(copied)];
}

/** A half-open range of a string's bytes. */
type Range = readonly [start: number, end: number];

/** The matches of a class of bytes. */
function* findMembers(string: Uint8Array, members: Uint8Array, beforeMatch: () => void): Generator<Range, void> {
  for (let index = 0; index < string.length; index++) {
    if (members[string[index] as number] === 1) {
      beforeMatch();
      yield [index, index + 1];
    }
  }
}

function* findMatches(
  string: Uint8Array,
  matcher: ReturnType<Pattern["matcher"]>,
  beforeMatch: () => void,
): Generator<Range, void> {
  let behind = -1;
  for (let from = 0; from <= string.length; ) {
    beforeMatch();
    if (!matcher.find(from)) {
      return;
    }
    const [start, end] = [matcher.start(), matcher.end()];
    if (start === end && start === behind) {
      from = nextCharacter(string, start);
      behind = -1;
    } else {
      [behind, from] = [end, end];
      yield [start, end];
    }
  }
}

/** Position behind the character of UTF-8 at a position. */
function nextCharacter(string: Uint8Array, position: number): number {
  let next = position + 1;
  while (((string[next] ?? 0) & 0xc0) === 0x80) {
    next++;
  }
  return next;
}

function expectUtf8(string: Uint8Array): Uint8Array {
  if (!isUtf8(string)) {
    throw invalidArgument("a string that a pattern is matched against is not UTF-8");
  }
  return string;
}
