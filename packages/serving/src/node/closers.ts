/** Something that is open. */
export interface Closable {
  close(): Promise<void>;
}

/** What a node has opened, to be closed in reverse order and once. */
export class Closers {
  readonly #limitMs: number;
  #open: Closable[] = [];

  /** @param limitMs longest wait for one thing to close, such as an engine that still runs */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Remembers `opened` and gives it back. */
  add<T extends Closable>(opened: T): T {
    this.#open.push(opened);
    return opened;
  }

  /** Closes everything, even when some of it fails or takes too long. @throws the first failure */
  async closeAll(): Promise<void> {
    const open = this.#open.toReversed();
    this.#open = [];
    const failures: unknown[] = [];
    for (const closable of open) {
      await this.#close(closable).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  async #close(closable: Closable): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, this.#limitMs);
    await Promise.race([closable.close(), limit.promise]).finally(() => clearTimeout(timer));
  }
}
