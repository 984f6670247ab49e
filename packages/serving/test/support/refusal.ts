import assert from "node:assert/strict";
import { type GrpcCodeName, ServingError } from "@sealserve/protocol";

/** Matches a ServingError by code and message. */
export function refusal(code: GrpcCodeName, message: string | RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, code, error.message);
    if (typeof message === "string") {
      assert.equal(error.message, message);
    } else {
      assert.match(error.message, message);
    }
    return true;
  };
}
