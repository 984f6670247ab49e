import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freeLarge } from "../src/bytes/free.ts";

describe("freeing a buffer", () => {
  it("leaves nothing of a large one, and twice is no error", () => {
    const bytes = new Uint8Array(1 << 16).fill(7);
    const view = new Float32Array(bytes.buffer, 16, 4);
    freeLarge(bytes.buffer);
    freeLarge(bytes.buffer);
    assert.deepEqual([bytes.length, view.length, bytes[0]], [0, 0, undefined]);
  });

  it("leaves a small one to the collector", () => {
    const bytes = Uint8Array.of(7);
    freeLarge(bytes.buffer);
    assert.deepEqual(bytes, Uint8Array.of(7));
  });
});
