import type { VerifiedPck } from "./pck-identity.ts";

/** How many proven chains one set of collateral remembers: machines of one FMSPC, about 8 KiB each. */
const CAPACITY = 1024;

/**
 * Remembers proven PCK chains by their exact text; the one not used for the longest time gives way. Only chains that were
 * proven get in, so strangers cannot fill it with anything but genuine platforms.
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
