import { RecentMap } from "@sealserve/core";

/**
 * Remembers proofs by the exact text or bytes that were proven, which saves doing it again; the one not used for the longest
 * time gives way. Only what is proven gets in. One chain written in several ways (other white space, another order) takes
 * several places, so somebody with a genuine chain can push others out: these are then proven anew, nothing worse.
 */
export class ProofCache<Proof> {
  readonly #proofs: RecentMap<Proof>;

  constructor(capacity: number) {
    this.#proofs = new RecentMap(capacity);
  }

  /** The proof made for this key before, or the result of `prove`, which is remembered unless it throws. */
  async find(key: string, prove: () => Promise<Proof>): Promise<Proof> {
    const proof = this.#proofs.get(key) ?? (await prove());
    this.#proofs.set(key, proof);
    return proof;
  }
}
