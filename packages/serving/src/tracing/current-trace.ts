import { AsyncLocalStorage } from "node:async_hooks";
import type { CallTrace } from "./call-trace.ts";

/** Costs nothing as long as no call is traced. */
const storage = new AsyncLocalStorage<CallTrace>();

/** The trace of the call that is being served, if it is traced. */
export function currentTrace(): CallTrace | undefined {
  return storage.getStore();
}

/** Does work as a part of the traced call. */
export function withTrace<T>(trace: CallTrace, work: () => T): T {
  return storage.run(trace, work);
}

/** Does work that is a span of its own where the call is traced. */
export function tracePart<T>(name: string, work: () => Promise<T>): Promise<T> {
  const trace = storage.getStore();
  if (trace === undefined) {
    return work();
  }
  const startedAt = performance.now();
  return work().finally(() => trace.add(name, startedAt, performance.now()));
}
