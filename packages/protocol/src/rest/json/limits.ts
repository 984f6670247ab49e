/** What a JSON reader accepts before it refuses its input. */
export interface JsonLimits {
  /** Bytes of the document. */
  readonly maxBytes: number;
  /** Lists, objects, members and strings that are kept as objects in memory. Numbers are kept in flat arrays. */
  readonly maxNodes: number;
  /** Bytes of these flat arrays and, by estimate, of the objects. */
  readonly maxMemoryBytes: number;
}

/**
 * Default limits: 1 GiB, and 4 million nodes, because two bytes of JSON can make an object of a hundred bytes. Numbers take
 * about seven times the bytes of the shortest text that they can have, which only who knows the memory can bound.
 */
export const defaultJsonLimits: JsonLimits = {
  maxBytes: 2 ** 30,
  maxNodes: 2 ** 22,
  maxMemoryBytes: Number.POSITIVE_INFINITY,
};
