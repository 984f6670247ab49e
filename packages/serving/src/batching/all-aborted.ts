/** A signal that fires once all of the given ones have, those that had before included. */
export interface JointSignal {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** @returns undefined when one of them is missing: then it never fires */
export function whenAllAborted(signals: readonly (AbortSignal | undefined)[]): JointSignal | undefined {
  const present = signals.filter((signal) => signal !== undefined);
  if (present.length < signals.length) {
    return undefined;
  }
  const controller = new AbortController();
  const check = (): void => {
    if (present.every(({ aborted }) => aborted)) {
      controller.abort(present.at(-1)?.reason);
    }
  };
  for (const signal of present) {
    signal.addEventListener("abort", check, { once: true });
  }
  const release = (): void => {
    for (const signal of present) {
      signal.removeEventListener("abort", check);
    }
  };
  check();
  return { signal: controller.signal, release };
}
