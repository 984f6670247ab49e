/** What stands for a character that is none. */
export const REPLACEMENT = 0xfffd;

/** A character of a string of UTF-8, where it begins and of how many bytes it is. */
export interface Character {
  /** Undefined for bytes that are no character. */
  readonly code: number | undefined;
  readonly start: number;
  readonly length: number;
}

/** Range of the second byte behind some first ones, so that there are no surrogates and no form longer than needed (Unicode, table 3-7). */
const SECOND_BYTES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);

/** The characters of a string of UTF-8. The longest beginning of one that does not go on is one that is none, as is any other byte. */
export function* charactersOf(string: Uint8Array): Generator<Character, void> {
  for (let start = 0; start < string.length; ) {
    const character = characterAt(string, start);
    yield character;
    start += character.length;
  }
}

function characterAt(string: Uint8Array, start: number): Character {
  const first = string[start] ?? 0;
  const following = bytesBehind(first);
  let code = first & (following === 0 ? 0x7f : 0x3f >> following);
  for (let place = 1; place <= following; place++) {
    const [lowest, highest] = (place === 1 ? SECOND_BYTES.get(first) : undefined) ?? [0x80, 0xbf];
    const byte = string[start + place] ?? 0;
    if (byte < lowest || byte > highest) {
      return { code: undefined, start, length: place };
    }
    code = (code << 6) | (byte & 0x3f);
  }
  return { code: first >= 0x80 && following === 0 ? undefined : code, start, length: following + 1 };
}

/** How many bytes follow a first one; none behind one that cannot be the first of several. */
function bytesBehind(first: number): number {
  const bounds = [0xc2, 0xe0, 0xf0];
  return first > 0xf4 ? 0 : bounds.filter((bound) => first >= bound).length;
}

/** Whether a number is that of a character: no surrogate, and none beyond the last one. */
export function isCharacter(code: number): boolean {
  return Number.isInteger(code) && code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}
