import { invalidArgument, type ServingError } from "../../status/serving-error.ts";

/** Why a text is not JSON, in the words of RapidJSON, which TensorFlow Serving passes on to its callers. */
export const syntaxProblems = {
  empty: "The document is empty.",
  badValue: "Invalid value.",
  noName: "Missing a name for object member.",
  noColon: "Missing a colon after a name of object member.",
  objectNotContinued: "Missing a comma or '}' after an object member.",
  listNotContinued: "Missing a comma or ']' after an array element.",
  badHex: "Incorrect hex digit after \\u escape in string.",
  badSurrogates: "The surrogate pair in string is invalid.",
  badEscape: "Invalid escape character in string.",
  noClosingQuote: "Missing a closing quotation mark in string.",
  badCharacter: "Invalid encoding in string.",
  numberTooBig: "Number too big to be stored in double.",
  noFraction: "Miss fraction part in number.",
  noExponent: "Miss exponent in number.",
} as const;

/** The error of TensorFlow Serving for a text that is not JSON. */
export function syntaxError(problem: keyof typeof syntaxProblems, offset: number): ServingError {
  return invalidArgument(`JSON Parse error: ${syntaxProblems[problem]} at offset: ${offset}`);
}
