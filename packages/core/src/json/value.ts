/** A JSON document as {@link parseStrictJson} returns it. Objects have no prototype. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

/** Bounds of a JSON document. */
export interface JsonLimits {
  /** Greatest length of the text, in UTF-16 code units. Default 1 Mi. */
  readonly maxLength?: number;
  /** Greatest nesting of arrays and objects. Default 64. */
  readonly maxDepth?: number;
  /** Greatest number of values, however they are nested: an empty object has two characters and costs 200 bytes. Default 65,536. */
  readonly maxValues?: number;
}
