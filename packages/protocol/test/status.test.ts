import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProtocolError } from "../src/errors.ts";
import { grpcCodeForHttp, grpcCodeName, grpcCodes } from "../src/status/code.ts";
import { ServingError, servingErrorOf } from "../src/status/serving-error.ts";
import { truncateStatusMessage } from "../src/status/status-message.ts";

describe("status codes", () => {
  it("have the numbers of gRPC and the HTTP statuses of TensorFlow Serving", () => {
    assert.deepEqual(
      Object.values(grpcCodes).map(({ number }) => number),
      Array.from({ length: 17 }, (_, number) => number),
    );
    assert.deepEqual(
      Object.values(grpcCodes).map(({ http }) => http),
      [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401],
    );
  });

  it("are found by number; unknown numbers are UNKNOWN", () => {
    assert.equal(grpcCodeName(3), "INVALID_ARGUMENT");
    assert.equal(grpcCodeName(17), "UNKNOWN");
    assert.equal(grpcCodeName(-1), "UNKNOWN");
  });

  it("are guessed for an HTTP status", () => {
    assert.equal(grpcCodeForHttp(200), "OK");
    assert.equal(grpcCodeForHttp(400), "INVALID_ARGUMENT");
    assert.equal(grpcCodeForHttp(404), "NOT_FOUND");
    assert.equal(grpcCodeForHttp(418), "UNKNOWN");
  });
});

describe("ServingError", () => {
  it("knows both of its codes", () => {
    const error = new ServingError("NOT_FOUND", "Servable not found for request: Latest(m)");
    assert.equal(error.grpcCode, 5);
    assert.equal(error.httpStatus, 404);
    assert.equal(error.name, "ServingError");
  });

  it("is made of anything thrown, without a word about causes inside", () => {
    const own = new ServingError("ABORTED", "a");
    assert.equal(servingErrorOf(own), own);
    assert.equal(servingErrorOf(new ProtocolError("truncated", "cut")).code, "INVALID_ARGUMENT");
    const inner = servingErrorOf(new Error("password is hunter2"));
    assert.equal(inner.code, "INTERNAL");
    assert.equal(inner.message, "Internal error");
    assert.equal(servingErrorOf("thrown text").code, "INTERNAL");
  });
});

describe("status messages", () => {
  it("stay as they are up to 1024 bytes", () => {
    assert.equal(truncateStatusMessage("x".repeat(1024)), "x".repeat(1024));
  });

  it("are cut behind 1024 bytes, with a mark", () => {
    assert.equal(truncateStatusMessage("x".repeat(1025)), `${"x".repeat(1024)}...TRUNCATED`);
  });

  it("are not cut inside a character", () => {
    assert.equal(truncateStatusMessage("€".repeat(400)), `${"€".repeat(341)}...TRUNCATED`);
    assert.equal(truncateStatusMessage(`x${"😀".repeat(300)}`), `x${"😀".repeat(255)}...TRUNCATED`);
  });
});
