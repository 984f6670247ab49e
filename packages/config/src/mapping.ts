import type { ConfigMapping, ConfigValue } from "./value.ts";

/** Hands out the members of one mapping and remembers which were asked for. */
export class MappingReader implements ConfigMapping {
  readonly #owner: ConfigValue;
  readonly #members: ReadonlyMap<string, ConfigValue>;
  readonly #asked = new Set<string>();

  constructor(owner: ConfigValue, entries: readonly (readonly [string, ConfigValue])[]) {
    this.#owner = owner;
    this.#members = new Map(entries);
  }

  required(name: string): ConfigValue {
    const value = this.optional(name);
    if (value === undefined) {
      const present = [...this.#members.keys()].join(", ") || "none";
      throw this.#owner.error("missing-member", "is missing", `add it (members found here: ${present})`, [name]);
    }
    return value;
  }

  optional(name: string): ConfigValue | undefined {
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
