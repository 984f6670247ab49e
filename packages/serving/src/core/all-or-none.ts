import { ServingError } from "@sealserve/protocol";

/**
 * Runs the parts of one call side by side. When one fails the others are given up, since nobody reads what they would give.
 *
 * @param signal of the whole call
 * @param start begins the parts, which heed the signal that it is given
 * @throws the first failure
 */
export async function allOrNone<Result>(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => readonly Promise<Result>[],
): Promise<Result[]> {
  const others = new AbortController();
  const both = signal === undefined ? others.signal : AbortSignal.any([signal, others.signal]);
  try {
    return await Promise.all(start(both));
  } catch (error) {
    others.abort(new ServingError("CANCELLED", "Another part of the request has failed"));
    throw error;
  }
}
