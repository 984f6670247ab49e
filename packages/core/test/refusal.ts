import assert from "node:assert/strict";
import { CoreError, type CoreErrorCode } from "../src/errors.ts";

/** Asserts that `action` throws a CoreError with this code. */
export function assertRefused(code: CoreErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => error instanceof CoreError && error.code === code);
}

/** Asserts that the promise is rejected with a CoreError of this code. */
export function assertRejected(code: CoreErrorCode, promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof CoreError && error.code === code);
}
