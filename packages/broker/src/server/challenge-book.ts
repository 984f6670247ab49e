import { randomBytes } from "node:crypto";

const NONCE_LENGTH = 32;

/** What became of the challenge of a connection. */
export type TakenChallenge =
  | { readonly state: "valid"; readonly nonce: Uint8Array }
  | { readonly state: "none" }
  | { readonly state: "expired" };

/** How a {@link ChallengeBook} works. */
export interface ChallengeOptions {
  readonly lifeMs: number;
  readonly now: () => Date;
}

/**
 * Challenges, each bound to the connection it was given on. A connection has one at most, which counts once and for a
 * short time; so memory is bounded by the number of connections, and no other connection can use it.
 */
export class ChallengeBook {
  readonly #options: ChallengeOptions;
  readonly #open = new WeakMap<object, { nonce: Uint8Array; issuedAt: number }>();

  constructor(options: ChallengeOptions) {
    this.#options = options;
  }

  /** A fresh nonce of 32 bytes for the connection. An earlier one of the same connection no longer counts. */
  issue(connection: object): Uint8Array {
    const nonce = Uint8Array.from(randomBytes(NONCE_LENGTH));
    this.#open.set(connection, { nonce, issuedAt: this.#time() });
    return nonce;
  }

  /** Takes the challenge of the connection, which then has none any more. */
  take(connection: object): TakenChallenge {
    const challenge = this.#open.get(connection);
    if (challenge === undefined) {
      return { state: "none" };
    }
    this.#open.delete(connection);
    const age = this.#time() - challenge.issuedAt;
    // A clock that went back makes no challenge younger.
    return age >= 0 && age <= this.#options.lifeMs ? { state: "valid", nonce: challenge.nonce } : { state: "expired" };
  }

  #time(): number {
    return this.#options.now().getTime();
  }
}
