/** What a reader accepts before it refuses its input. */
export interface WireLimits {
  /** Bytes of the whole message. */
  readonly maxBytes: number;
  /** Messages, or groups, inside each other. */
  readonly maxDepth: number;
  /** List elements and map entries of the whole message: each becomes an object here. Typed arrays do not count. */
  readonly maxElements: number;
}

/**
 * Default limits: the largest size and the depth that the protobuf runtimes accept, and 4 million elements, because two
 * bytes on the wire are enough for an object of a hundred bytes in memory.
 */
export const defaultWireLimits: WireLimits = { maxBytes: 2 ** 31 - 1, maxDepth: 100, maxElements: 2 ** 22 };
