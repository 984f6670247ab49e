/** The SIGHUPs of a service. What it read at its start may be what was changed: one that comes before it runs is kept for then. */
export class Hangups {
  #reload: (() => void) | undefined;
  #missed = false;

  /** Takes one. */
  readonly hear = (): void => {
    if (this.#reload === undefined) {
      this.#missed = true;
    } else {
      this.#reload();
    }
  };

  /** The service runs, and can be told to read its files again. */
  heed(reload: () => void): void {
    this.#reload = reload;
    if (this.#missed) {
      reload();
    }
  }
}
