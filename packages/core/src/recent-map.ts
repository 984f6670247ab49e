/** A map of bounded size: the entry that was set longest ago gives way. Setting it again makes it the newest. */
export class RecentMap<Value> {
  readonly #capacity: number;
  /** In the order of insertion, oldest first. */
  readonly #entries = new Map<string, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size > this.#capacity) {
      this.#entries.delete(oldest);
    }
  }
}
