import type { EngineRequest } from "./messages.ts";

/** A run whose inputs are so many times as large may take so many times as long. */
const ALIKE = 4;

/** What is known of a request before it is served, of how long it will take. */
export interface RunLoad {
  readonly signature: string;
  /** Of all inputs. */
  readonly bytes: number;
}

/** Undefined for what is no run. */
export function loadOf(request: EngineRequest): RunLoad | undefined {
  if (request.kind !== "run") {
    return undefined;
  }
  let bytes = 0;
  for (const { data } of request.inputs.values()) {
    bytes += "ends" in data ? data.bytes.byteLength : data.byteLength;
  }
  return { signature: request.signature, bytes };
}

/** Whether a request is like the one before it, so that it will take about as long. */
export function isAlike(next: RunLoad | undefined, last: RunLoad | undefined): boolean {
  return next !== undefined && next.signature === last?.signature && next.bytes <= ALIKE * last.bytes;
}
