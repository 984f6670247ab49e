import type { RE2JS } from "re2js";

/** One class in brackets that is not negated, without names of classes: of single characters and ranges, some escaped. */
const PLAIN_CLASS = /^\[(?!\^)(?:[^\\[\]]|\\[^0-9A-Za-z])+\]$/;
const ASCII = 128;

const known = new WeakMap<RE2JS, Uint8Array | undefined>();

/**
 * Which bytes a pattern matches, a 1 for each, where it is a class of ASCII characters, such as punctuation: in UTF-8 these are
 * bytes of their own. Undefined for any other pattern.
 */
export function asciiClassOf(pattern: RE2JS): Uint8Array | undefined {
  if (!known.has(pattern)) {
    known.set(pattern, readClass(pattern));
  }
  return known.get(pattern);
}

function readClass(pattern: RE2JS): Uint8Array | undefined {
  const text = pattern.pattern();
  if (!PLAIN_CLASS.test(text) || Buffer.byteLength(text) !== text.length) {
    return undefined;
  }
  const members = new Uint8Array(256);
  for (let byte = 0; byte < ASCII; byte++) {
    members[byte] = pattern.matcher(Uint8Array.of(byte)).matches() ? 1 : 0;
  }
  return members;
}
