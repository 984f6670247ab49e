/** A signal that fires once all of the given ones have. */
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
  let left = present.length;
  const fired = (event: Event): void => {
    left--;
    if (left === 0) {
      controller.abort((event.target as AbortSignal).reason);
    }
  };
  for (const signal of present) {
    signal.addEventListener("abort", fired, { once: true });
  }
  const release = (): void => {
    for (const signal of present) {
      signal.removeEventListener("abort", fired);
    }
  };
  return { signal: controller.signal, release };
}
