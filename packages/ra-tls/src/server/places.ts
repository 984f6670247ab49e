/** Caps on the open connections of a server. */
export interface ConnectionCaps {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** Counts what is under way, altogether and by address, up to the caps. */
export class Places {
  readonly #caps: ConnectionCaps;
  readonly #takenByAddress = new Map<string, number>();
  #taken = 0;

  constructor(caps: ConnectionCaps) {
    this.#caps = caps;
  }

  /** @returns what gives the place back, to be called once; `undefined` when a cap is reached */
  take(address: string): (() => void) | undefined {
    const taken = this.#takenByAddress.get(address) ?? 0;
    if (this.#taken >= this.#caps.maxConnections || taken >= this.#caps.maxConnectionsPerAddress) {
      return undefined;
    }
    this.#taken++;
    this.#takenByAddress.set(address, taken + 1);
    return () => this.#giveBack(address);
  }

  #giveBack(address: string): void {
    this.#taken--;
    const left = (this.#takenByAddress.get(address) ?? 1) - 1;
    if (left === 0) {
      this.#takenByAddress.delete(address);
    } else {
      this.#takenByAddress.set(address, left);
    }
  }
}
