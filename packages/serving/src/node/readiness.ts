/** `starting`: does not serve yet, or not at present. `draining`: will not serve again. */
export type ReadinessState = "starting" | "ready" | "draining";

/** Whether a server takes requests, for those who are asked about its health. */
export interface Readiness {
  readonly state: ReadinessState;
  /** Calls `listener` after every change, until the function that comes back is called. */
  watch(listener: (state: ReadinessState) => void): () => void;
}

/** The readiness of a node, set by its start, its lease and its end. */
export class NodeReadiness implements Readiness {
  #state: ReadinessState = "starting";
  readonly #listeners = new Set<(state: ReadinessState) => void>();

  get state(): ReadinessState {
    return this.#state;
  }

  /** Enters a state. Nothing leads back from draining. */
  enter(state: ReadinessState): void {
    if (this.#state === state || this.#state === "draining") {
      return;
    }
    this.#state = state;
    for (const listener of this.#listeners) {
      listener(state);
    }
  }

  watch(listener: (state: ReadinessState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
