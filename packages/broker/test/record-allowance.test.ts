import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { RecordAllowance } from "../src/log/record-allowance.ts";

describe("records of unproven attempts", () => {
  it("are so many in an interval and no more, and as many in the next", () => {
    let now = 1000;
    const clock = mock.method(performance, "now", () => now);
    try {
      const allowance = new RecordAllowance({ maximum: 2, intervalMs: 60_000 });
      const taken = (count: number): number =>
        Array.from({ length: count }, () => allowance.take()).filter(Boolean).length;
      assert.equal(taken(100), 2);
      now += 59_999;
      assert.equal(taken(100), 0);
      now += 1;
      assert.equal(taken(1), 1);
      now += 30_000;
      assert.equal(taken(100), 1);
      now += 3_600_000;
      assert.equal(taken(100), 2);
    } finally {
      clock.mock.restore();
    }
  });

  it("are none where none are allowed", () => {
    assert.equal(new RecordAllowance({ maximum: 0, intervalMs: 1 }).take(), false);
  });
});
