import type { ConfigError, ConfigErrorCode } from "./errors.ts";
import type { PathStep } from "./source.ts";

/** Reads the members of one mapping. Members that were not asked for when the reading ends are refused. */
export interface Members<Value> {
  /** @throws ConfigError `missing-member` */
  required(name: string): Value;
  optional(name: string): Value | undefined;
}

/** A value that makes the error about itself. */
interface Accountable {
  error(code: ConfigErrorCode, problem: string, remedy: string, inside?: readonly PathStep[]): ConfigError;
}

/** Hands out the members of one mapping and remembers which were asked for. */
export class MappingReader<Value extends Accountable> implements Members<Value> {
  readonly #owner: Accountable;
  readonly #members: ReadonlyMap<string, Value>;
  readonly #asked = new Set<string>();

  constructor(owner: Accountable, entries: readonly (readonly [string, Value])[]) {
    this.#owner = owner;
    this.#members = new Map(entries);
  }

  required(name: string): Value {
    const value = this.optional(name);
    if (value === undefined) {
      const present = [...this.#members.keys()].join(", ") || "none";
      throw this.#owner.error("missing-member", "is missing", `add it (members found here: ${present})`, [name]);
    }
    return value;
  }

  optional(name: string): Value | undefined {
    this.#asked.add(name);
    return this.#members.get(name);
  }

  refuseUnread(): void {
    const unread = [...this.#members].find(([name]) => !this.#asked.has(name));
    if (unread !== undefined) {
      const known = [...this.#asked].join(", ") || "none";
      throw unread[1].error("unknown-member", "is not a known member", `remove it, or write one of: ${known}`);
    }
  }
}
