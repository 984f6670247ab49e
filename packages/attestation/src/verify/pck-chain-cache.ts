import type { VerifiedPck } from "./pck-identity.ts";

/** How many proven chains one set of collateral remembers: about 4 KiB each, never more than a quote can hold. */
const CAPACITY = 1024;

/**
 * Remembers proven PCK chains by their exact text, which saves decoding it again; the one not used for the longest time
 * gives way. Only proven chains get in. One chain written in several ways (other white space, another order) takes
 * several places, so somebody with a genuine chain can push others out: these are then proven anew, nothing worse.
 */
export class PckChainCache {
  readonly #chains = new Map<string, VerifiedPck>();

  /** The proof made for this text before, or the result of `prove`, which is remembered unless it throws. */
  async find(pem: string, prove: () => Promise<VerifiedPck>): Promise<VerifiedPck> {
    const pck = this.#chains.get(pem) ?? (await prove());
    this.#chains.delete(pem);
    this.#chains.set(pem, pck);
    this.#shrink();
    return pck;
  }

  #shrink(): void {
    const [oldest] = this.#chains.keys();
    if (oldest !== undefined && this.#chains.size > CAPACITY) {
      this.#chains.delete(oldest);
    }
  }
}
