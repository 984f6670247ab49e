import type { Answer } from "./answer.ts";

/** Answers that are kept at once, and their size altogether, with their keys. */
const MAXIMUM_ANSWERS = 8192;
const MAXIMUM_LENGTH = 32 * 1024 * 1024;

interface Kept {
  readonly answer: Answer;
  /** When it was asked for, milliseconds. */
  readonly from: number;
}

/**
 * Answers to open requests, ready to be sent, for as long as the store is in the same state. Whoever makes one says in which
 * state he began to read: an answer from before a write is not kept after it.
 */
export class AnswerCache {
  readonly #answers = new Map<string, Kept>();
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

  /**
   * One from time to come was made by a clock that has been corrected since, and tells of ages by it: it does not count
   * (threat A5).
   * @param now milliseconds
   */
  find(url: string, now: number): Answer | undefined {
    const kept = this.#answers.get(url);
    const counts = kept !== undefined && kept.from <= now && now < (kept.answer.reusableUntil as number);
    return counts ? kept.answer : undefined;
  }

  /**
   * Keeps an answer that says how long it may be. When there is no room, the oldest go.
   * @param asked when, in milliseconds, and in which state of the store
   */
  keep(url: string, answer: Answer, { state, from }: { readonly state: number; readonly from: number }): void {
    if (answer.reusableUntil === undefined || state !== this.#state) {
      return;
    }
    this.#drop(url);
    this.#answers.set(url, { answer, from });
    this.#length += lengthOf(url, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAXIMUM_ANSWERS && this.#length <= MAXIMUM_LENGTH) {
        return;
      }
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    const kept = this.#answers.get(url);
    if (kept !== undefined) {
      this.#answers.delete(url);
      this.#length -= lengthOf(url, kept.answer);
    }
  }
}

function lengthOf(url: string, { headers, body }: Answer): number {
  return headers.reduce((sum, text) => sum + text.length, url.length + body.length);
}
