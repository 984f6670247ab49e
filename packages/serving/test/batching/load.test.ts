import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ServingError, type Tensor } from "@sealserve/protocol";
import fc from "fast-check";
import { BatchScheduler } from "../../src/batching/batch-scheduler.ts";
import { BatchedModel } from "../../src/batching/batched-model.ts";
import { rowModel } from "../support/row-model.ts";
import { observed, rules } from "./support.ts";

/** One request of a load: its own values, and whether its caller goes away. */
interface Request {
  readonly rows: number;
  readonly width: number;
  readonly outputs: readonly string[];
  readonly leaves: boolean;
  /** Whether its inputs are given away. */
  readonly gives: boolean;
}

const request = fc.record<Request>({
  rows: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 3 }),
  outputs: fc.constantFrom(["y"], ["n"], ["n", "y"]),
  leaves: fc.boolean(),
  gives: fc.boolean(),
});
const settings = fc.record({
  maxBatchRows: fc.constantFrom(1, 4, 16),
  threads: fc.integer({ min: 1, max: 3 }),
  allowed: fc.boolean(),
  padVariableLength: fc.boolean(),
  splitLarge: fc.boolean(),
});

test("under any load, every answer is made of its own request's values and no other's (E3)", async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(request, { minLength: 1, maxLength: 30 }), async (setting, requests) => {
      const { maxBatchRows, threads, allowed, padVariableLength, splitLarge } = setting;
      const model = rowModel([-1, -1]);
      const run = model.run.bind(model);
      model.run = async (...args) => {
        await turn();
        return await run(...args);
      };
      const batched = new BatchedModel(model, {
        scheduler: new BatchScheduler(threads),
        of: () => ({
          rules: rules({
            maxRequestRows: splitLarge ? 16 : maxBatchRows,
            maxBatchRows,
            allowedSizes: allowed ? [3, maxBatchRows] : [],
            padVariableLength,
            splitLarge,
            separateShapes: !padVariableLength,
            maxEnqueuedBatches: 1000,
          }),
          observer: observed(),
        }),
      });
      await Promise.all(
        requests.map(async (one, index) => {
          if (index % 3 === 0) {
            await turn();
          }
          await expectOwnAnswer(batched, one, index);
        }),
      );
      assert.ok(model.load.most <= threads, "never more batches at a time than threads");
    }),
    { numRuns: 60 },
  );
});

/** Values are the request's number and the place in it, so that any other value betrays its origin. */
async function expectOwnAnswer(batched: BatchedModel, one: Request, number: number): Promise<void> {
  const { rows, width, outputs, leaves, gives } = one;
  const own = Float32Array.from({ length: rows * width }, (_, index) => 1000 * (number + 1) + index);
  const x: Tensor = { dtype: "float32", shape: [rows, width], data: own.slice() };
  const caller = new AbortController();
  const options = { signal: caller.signal, moveInputs: gives };
  const answer = batched.run("halve", new Map([["x", x]]), outputs, options);
  if (leaves) {
    caller.abort(new ServingError("CANCELLED", "gone"));
  }
  try {
    expectOwn(await answer, one, own);
  } catch (error) {
    assert.ok(error instanceof ServingError, String(error));
    assert.match(error.message, leaves ? /^(gone|Task size|The parts)/ : /^(Task size|The parts)/);
  }
}

/** Padding adds, at the end of rows, values that are the request's own as well. */
function expectOwn(result: ReadonlyMap<string, Tensor>, { rows, width, outputs }: Request, own: Float32Array): void {
  assert.deepEqual([...result.keys()].sort(), outputs.toSorted());
  const answers = Array.from(own, (value) => value / 2 + 2);
  for (const { shape, data } of result.values()) {
    const [given = 0, length = 0] = shape;
    assert.equal(given, rows);
    for (const [index, value] of Array.from(data as Float32Array).entries()) {
      const [row, column] = [Math.floor(index / length), index % length];
      const expected = column < width ? [answers[row * width + column]] : answers;
      assert.ok(expected.includes(value), `${value} in the answer to ${answers.join()}`);
    }
  }
}
