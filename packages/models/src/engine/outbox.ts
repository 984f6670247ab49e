interface Entry<Message> {
  readonly message: Message;
  readonly buffers: readonly ArrayBuffer[];
}

/** What an outbox sends by. */
export interface OutboxPort<Message> {
  /** Posts messages together, with the buffers that move with them. May throw. */
  send(messages: readonly Message[], buffers: readonly ArrayBuffer[]): void;
  /** Told of each message that cannot be posted, such as one whose buffer has been moved already. */
  refuse(message: Message, cause: unknown): void;
}

/** Gathers messages for another thread and sends them together: a message by itself costs more than what is in it. */
export class Outbox<Message> {
  readonly #port: OutboxPort<Message>;
  #entries: Entry<Message>[] = [];

  constructor(port: OutboxPort<Message>) {
    this.#port = port;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  /** @param buffers to be moved with it */
  add(message: Message, buffers: readonly ArrayBuffer[] = []): void {
    this.#entries.push({ message, buffers });
  }

  /** Sends what is there, in order. A message that cannot be posted is refused alone, and the others go. */
  flush(): void {
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length > 0 && this.#send(entries) !== undefined) {
      for (const entry of entries) {
        const failure = this.#send([entry]);
        if (failure !== undefined) {
          this.#port.refuse(entry.message, failure.cause);
        }
      }
    }
  }

  /** Nothing has been posted or moved when this gives back a failure. */
  #send(entries: readonly Entry<Message>[]): { readonly cause: unknown } | undefined {
    try {
      this.#port.send(
        entries.map(({ message }) => message),
        entries.flatMap(({ buffers }) => buffers),
      );
      return undefined;
    } catch (cause) {
      return { cause };
    }
  }
}
