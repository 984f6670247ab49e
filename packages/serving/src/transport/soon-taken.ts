import type { CallScope } from "./call-scope.ts";
import { timeLimitOf } from "./time-limit.ts";

/**
 * Watches over a small answer until its stream closes. Nearly all are taken at once, so that they share one timer for the first half of
 * the time, and only what is left then is watched by itself.
 *
 * @param stallTimeoutMs longest time in which nothing of it is taken, milliseconds
 * @param watch ends the stream when so many milliseconds more pass in which nothing is taken
 */
export function expectSoonTaken(scope: CallScope, stallTimeoutMs: number, watch: (leftMs: number) => void): void {
  const half = stallTimeoutMs / 2;
  const limit = timeLimitOf(half);
  const running = limit.start({ late: () => watch(half) });
  scope.whenStreamCloses(() => limit.stop(running));
}
