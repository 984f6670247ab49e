/** Tells those who wait that something has changed. */
export class ChangeSignal {
  readonly #listeners = new Set<() => void>();

  notify(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }

  /**
   * Waits until `check` gives a value; it is asked now and after every change.
   * @throws what the check throws, which the one who tells of the change does not see, and the signal's reason
   */
  async until<T>(check: () => T | undefined, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const giveUp = (): void => reject(signal?.reason as Error);
    const listener = (): void => {
      try {
        const value = check();
        if (value !== undefined) {
          resolve(value);
        }
      } catch (error) {
        reject(error);
      }
    };
    this.#listeners.add(listener);
    signal?.addEventListener("abort", giveUp, { once: true });
    listener();
    return await promise.finally(() => {
      this.#listeners.delete(listener);
      signal?.removeEventListener("abort", giveUp);
    });
  }
}
