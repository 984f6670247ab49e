interface Shipment {
  /** Requests in it that have no answer yet. */
  unanswered: number;
}

/** Counts the messages to another thread that hold a request without an answer: so much lies ahead of what is sent next. */
export class Shipments {
  readonly #byRequest = new Map<number, Shipment>();
  #open = 0;

  /** How many messages hold a request without an answer. */
  get open(): number {
    return this.#open;
  }

  /** @param requests of one message that was sent */
  sent(requests: readonly number[]): void {
    const shipment = { unanswered: requests.length };
    for (const request of requests) {
      this.#byRequest.set(request, shipment);
    }
    this.#open += requests.length > 0 ? 1 : 0;
  }

  /** A request is answered, or nobody waits for its answer. One that was not sent, or was settled before, changes nothing. */
  settle(request: number): void {
    const shipment = this.#byRequest.get(request);
    if (shipment !== undefined) {
      this.#byRequest.delete(request);
      shipment.unanswered--;
      this.#open -= shipment.unanswered === 0 ? 1 : 0;
    }
  }
}
