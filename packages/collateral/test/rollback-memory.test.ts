import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeMarks, noMemory, parseMarks, type RollbackMemory } from "../src/rollback-memory.ts";
import { DAY_MS, HOUR_MS, quote, Scene } from "./scene.ts";

/** A memory in which a test can look, and which a restarted verifier gets. */
function memoryOf(text = encodeMarks(new Map())): RollbackMemory & { readonly text: () => string } {
  let kept = text;
  return {
    marks: parseMarks(text),
    save: async (marks) => {
      kept = encodeMarks(marks);
    },
    text: () => kept,
  };
}

describe("a memory of collateral", () => {
  it("keeps a restarted verifier from going back to an earlier issue, number or list", async () => {
    const first = new Scene();
    first.collateral = { tcbEvaluationDataNumber: 18 };
    first.time += 2 * DAY_MS;
    const memory = memoryOf();
    await first.cache({ memory }).verifiedFor(quote);
    for (const [older, days] of [
      [{ tcbEvaluationDataNumber: 17 }, 2],
      [{ tcbEvaluationDataNumber: 18 }, 1],
    ] as const) {
      const restarted = new Scene();
      restarted.time += days * DAY_MS;
      restarted.collateral = older;
      await assert.rejects(restarted.cache({ memory: memoryOf(memory.text()) }).verifiedFor(quote), {
        code: "rolled-back",
      });
      await restarted.cache({ memory: noMemory }).verifiedFor(quote);
    }
  });

  it("lets go on what is as new or newer", async () => {
    const scene = new Scene();
    const memory = memoryOf();
    await scene.cache({ memory }).verifiedFor(quote);
    await scene.cache({ memory: memoryOf(memory.text()) }).verifiedFor(quote);
    scene.time += DAY_MS;
    await scene.cache({ memory: memoryOf(memory.text()) }).verifiedFor(quote);
  });

  it("that cannot keep what it learns keeps the collateral from being used, each time", async () => {
    let isFull = true;
    const memory: RollbackMemory = {
      marks: new Map(),
      save: () => (isFull ? Promise.reject(new Error("disk full")) : Promise.resolve()),
    };
    const scene = new Scene();
    const cache = scene.cache({ memory });
    for (let time = 0; time < 3; time++) {
      await assert.rejects(cache.verifiedFor(quote), /disk full/);
      scene.time += HOUR_MS;
    }
    isFull = false;
    await cache.verifiedFor(quote);
  });

  it("keeps numbers as long as a CRL can have", () => {
    const marks = new Map([["number of a list", 2n ** 160n - 1n]]);
    assert.deepEqual(parseMarks(encodeMarks(marks)), marks);
  });

  it("is read only in its own form", () => {
    const marks = new Map([
      ["TCB info (sgx)", 18n],
      ["number of a list", -1n],
      ["revocation", 1_770_000_000_000n],
    ]);
    assert.deepEqual(parseMarks(encodeMarks(marks)), marks);
    for (const text of ["", "{}", "[]", '{"format":2,"marks":{}}', '{"format":1}', '{"format":1,"marks":{"a":1}}']) {
      assert.throws(() => parseMarks(text), { code: "memory-damaged" }, text);
    }
    assert.throws(() => parseMarks('{"format":1,"marks":{"a":"1","a":"0"}}'), { code: "memory-damaged" });
  });
});
