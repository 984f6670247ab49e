/** A connection that tells whether it can still be used. */
export interface Usable {
  readonly usable: boolean;
}

/** The one current connection of a kind; a new one is opened, and proves itself anew, when the last is no longer usable. */
export class Renewable<Connection extends Usable> {
  readonly #open: () => Promise<Connection>;
  #current: Promise<Connection> | undefined;

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  /** The current connection, opened if need be. Callers at the same time share one attempt. */
  async use(): Promise<Connection> {
    const known = this.#current;
    const connection = await known?.catch(() => undefined);
    if (connection?.usable) {
      return connection;
    }
    if (this.#current === known || this.#current === undefined) {
      this.#current = this.#open();
    }
    return await this.#current;
  }

  /** The current connection, if there is a usable one. */
  async existing(): Promise<Connection | undefined> {
    return await this.#current?.catch(() => undefined);
  }
}
