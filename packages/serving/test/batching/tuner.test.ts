import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchTuner } from "../../src/batching/batch-tuner.ts";
import { CostLine } from "../../src/batching/cost-line.ts";

/** Time goes on from test to test. */
let now = 0;

/** Tells a tuner of runs one after the other, of a model that costs so much. */
function learn(
  tuner: BatchTuner,
  { fixedMs, rowMs, idleMs = 0 }: { fixedMs: number; rowMs: number; idleMs?: number },
): void {
  for (let index = 0; index < 400; index++) {
    const rows = Math.min([1, 3, 8, 20][index % 4] ?? 1, tuner.maxBatchRows);
    const startedAt = now + idleMs;
    now = startedAt + fixedMs + rows * rowMs;
    tuner.ran({ requests: rows, rows, size: rows, startedAt, endedAt: now });
  }
}

describe("the cost of runs", () => {
  it("is a line through what was observed, and follows changes", () => {
    const line = new CostLine();
    const observe = (fixedMs: number, rowMs: number): void => {
      for (let index = 0; index < 400; index++) {
        const rows = 1 + (index % 10);
        line.add(rows, fixedMs + rows * rowMs);
      }
    };
    for (const [fixedMs, rowMs] of [
      [2, 0.5],
      [0, 3],
      [5, 0],
    ] as const) {
      observe(fixedMs, rowMs);
      assert.ok(Math.abs((line.cost?.fixedMs ?? 0) - fixedMs) < 0.01, `${line.cost?.fixedMs}`);
      assert.ok(Math.abs((line.cost?.rowMs ?? 0) - rowMs) < 0.01, `${line.cost?.rowMs}`);
    }
  });

  it("is not guessed from runs of one size, and never negative", () => {
    const line = new CostLine();
    for (let index = 0; index < 100; index++) {
      line.add(8, 3);
    }
    assert.deepEqual([line.cost], [undefined]);
    for (let index = 0; index < 100; index++) {
      line.add(1 + (index % 9), 9 - (index % 9));
    }
    assert.equal(line.cost?.rowMs, 0);
    assert.ok((line.cost?.fixedMs ?? 0) > 0);
  });
});

describe("tuned rules", () => {
  it("do not take the age of the process for a gap between requests", () => {
    const tuner = new BatchTuner(1000);
    for (let index = 0, time = 1e7; index < 20; index++, time += 2) {
      const rows = 1 + (index % 4);
      tuner.ran({ requests: rows, rows, size: rows, startedAt: time, endedAt: time + 1.5 + rows * 0.1 });
    }
    assert.ok(tuner.timeoutMs > 1, `${tuner.timeoutMs}`);
  });

  it("take so many rows that a tenth of a run is fixed cost", () => {
    const tuner = new BatchTuner(1000);
    learn(tuner, { fixedMs: 1, rowMs: 0.1 });
    assert.ok(Math.abs(tuner.maxBatchRows - 90) <= 2, `${tuner.maxBatchRows}`);
  });

  it("take no more rows than run in half of the latency budget", () => {
    const tuner = new BatchTuner(40);
    learn(tuner, { fixedMs: 10, rowMs: 1 });
    assert.ok(Math.abs(tuner.maxBatchRows - 10) <= 1, `${tuner.maxBatchRows}`);
    const tight = new BatchTuner(10);
    learn(tight, { fixedMs: 10, rowMs: 1 });
    assert.equal(tight.maxBatchRows, 1);
  });

  it("take hardly any where putting together saves nothing, but enough to go on learning", () => {
    const tuner = new BatchTuner(1000);
    learn(tuner, { fixedMs: 0, rowMs: 10 });
    assert.equal(tuner.maxBatchRows, 2);
    assert.equal(tuner.timeoutMs, 0);
    learn(tuner, { fixedMs: 20, rowMs: 0.1 });
    assert.ok(tuner.maxBatchRows > 900, `${tuner.maxBatchRows}`);
  });

  it("have a limit even where rows cost nothing", () => {
    const tuner = new BatchTuner(1000);
    learn(tuner, { fixedMs: 1, rowMs: 0 });
    assert.equal(tuner.maxBatchRows, 1024);
  });

  it("wait as long as a shared run saves, when requests come often", () => {
    const tuner = new BatchTuner(1000);
    learn(tuner, { fixedMs: 4, rowMs: 0.1 });
    assert.ok(Math.abs(tuner.timeoutMs - 4) < 0.1, `${tuner.timeoutMs}`);
    const budgeted = new BatchTuner(10);
    learn(budgeted, { fixedMs: 4, rowMs: 0.01 });
    assert.equal(budgeted.timeoutMs, 2.5, "a quarter of the budget");
  });

  it("do not wait when requests come seldom, or for what is less than a timer's grain", () => {
    const idle = new BatchTuner(1000);
    learn(idle, { fixedMs: 4, rowMs: 0.1, idleMs: 500 });
    assert.equal(idle.timeoutMs, 0);
    const quick = new BatchTuner(1000);
    learn(quick, { fixedMs: 0.1, rowMs: 0.01 });
    assert.equal(quick.timeoutMs, 0);
  });
});
