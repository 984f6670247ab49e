import { ServingError } from "@sealserve/protocol";

/** A signal with the means to end its timer. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Must be called when the work is over. */
  readonly clear: () => void;
}

/**
 * A signal that fires after a time or together with another one.
 *
 * @param timeoutMs no limit when undefined
 * @param reason made when the time is over
 */
export function startDeadline(timeoutMs: number | undefined, reason: () => Error, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => controller.abort(reason()), timeoutMs);
  const signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
  return { signal, clear: () => clearTimeout(timer) };
}

/** The status of a call that took longer than its caller allowed. */
export function deadlineExceeded(): ServingError {
  return new ServingError("DEADLINE_EXCEEDED", "Deadline Exceeded");
}
