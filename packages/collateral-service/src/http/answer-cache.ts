import type { Answer } from "./answer.ts";

/** Answers that are kept at once, and their size altogether, with their keys. */
const MAXIMUM_ANSWERS = 8192;
const MAXIMUM_LENGTH = 32 * 1024 * 1024;

/**
 * Answers to open requests, ready to be sent, for as long as the store is in the same state. Whoever makes one says in which
 * state he began to read: an answer from before a write is not kept after it.
 */
export class AnswerCache {
  readonly #answers = new Map<string, Answer>();
  #length = 0;
  #state = 0;

  /** The state of the store as far as is known here; to be asked before reading. */
  get state(): number {
    return this.#state;
  }

  /** The store has changed. */
  clear(): void {
    this.#state++;
    this.#answers.clear();
    this.#length = 0;
  }

  /** @param now milliseconds */
  find(url: string, now: number): Answer | undefined {
    const answer = this.#answers.get(url);
    return answer !== undefined && now < (answer.reusableUntil as number) ? answer : undefined;
  }

  /** Keeps an answer that says how long it may be. When there is no room, the oldest go. */
  keep(url: string, answer: Answer, state: number): void {
    if (answer.reusableUntil === undefined || state !== this.#state) {
      return;
    }
    this.#drop(url);
    this.#answers.set(url, answer);
    this.#length += lengthOf(url, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAXIMUM_ANSWERS && this.#length <= MAXIMUM_LENGTH) {
        return;
      }
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    const answer = this.#answers.get(url);
    if (answer !== undefined) {
      this.#answers.delete(url);
      this.#length -= lengthOf(url, answer);
    }
  }
}

function lengthOf(url: string, { headers, body }: Answer): number {
  return headers.reduce((sum, text) => sum + text.length, url.length + body.length);
}
