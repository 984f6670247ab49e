/** Gathers messages for another thread and sends them together: a message by itself costs more than what is in it. */
export class Outbox<Message> {
  readonly #send: (messages: readonly Message[], buffers: readonly ArrayBuffer[]) => void;
  #messages: Message[] = [];
  #buffers: ArrayBuffer[] = [];

  constructor(send: (messages: readonly Message[], buffers: readonly ArrayBuffer[]) => void) {
    this.#send = send;
  }

  get empty(): boolean {
    return this.#messages.length === 0;
  }

  /** @param buffers to be moved with it */
  add(message: Message, buffers: readonly ArrayBuffer[] = []): void {
    this.#messages.push(message);
    this.#buffers.push(...buffers);
  }

  /** Sends what is there, in order. */
  flush(): void {
    if (!this.empty) {
      const [messages, buffers] = [this.#messages, this.#buffers];
      [this.#messages, this.#buffers] = [[], []];
      this.#send(messages, buffers);
    }
  }
}
