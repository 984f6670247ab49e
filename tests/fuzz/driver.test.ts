// What the fuzzer would find, and that it makes the same inputs again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CoreError } from "@sealserve/core";
import { mutateBytes } from "./byte-mutations.ts";
import { defuse, fuzz, type Report } from "./fuzz.ts";
import { timeLimitMs } from "./measure.ts";
import { Random, randomAt } from "./random.ts";
import type { Target } from "./target.ts";
import { mutateText, textSeed } from "./text-mutations.ts";

/** A reader of the numbers 0 to 9. */
function targetOf(read: (input: string) => unknown): Target {
  const attemptOf = (input: string) => ({ what: input, input, run: () => read(input) });
  return {
    name: "test",
    attempt: (random) => attemptOf(`${random.below(10)}`),
    bombs: async () => [attemptOf("0")],
  };
}

function run(read: (input: string) => unknown, first = 0, inputs = 20): Report {
  return fuzz(targetOf(read), { seed: 7, first, inputs, milliseconds: 10_000 });
}

function faults({ findings }: Report): string[] {
  return findings.map(({ fault }) => fault.split("\n")[0] ?? "");
}

/** On the processor, whatever else goes on. */
function busyFor(milliseconds: number): void {
  const start = process.threadCpuUsage();
  while (process.threadCpuUsage(start).user < 1000 * milliseconds) {
    // Nothing else takes time for certain.
  }
}

describe("the fuzzer", () => {
  it("lets an input be read, or refused with an error of ours", () => {
    const report = run((input) => {
      if (input !== "3") {
        throw new CoreError("bad-json", "not a three");
      }
    });
    assert.deepEqual(report.findings, []);
    assert.deepEqual([report.inputs, report.read > 0, report.read < 20], [20, true, true]);
  });

  it("finds any other error", async () => {
    const fail = (): never => {
      throw new RangeError("out of bounds");
    };
    assert.equal(faults(run(fail)).length, 20);
    assert.match(faults(await defuse(targetOf(fail)))[0] ?? "", /^RangeError: out of bounds/);
  });

  it("finds what takes longer than the limit each time, not what did so once", async () => {
    const tooLong = 2 * timeLimitMs();
    let calls = 0;
    const onceSlow = (): void => {
      calls++;
      busyFor(calls === 1 ? tooLong : 0);
    };
    assert.deepEqual(faults(run(onceSlow, 0, 1)), []);
    assert.equal(calls, 2);
    assert.match(faults(run(() => busyFor(tooLong), 0, 1))[0] ?? "", /^took \d+ ms$/);
    assert.match(faults(await defuse(targetOf(() => busyFor(tooLong))))[0] ?? "", /^took \d+ ms$/);
  });

  it("finds what takes more than 64 MiB", async () => {
    const greedy = (): Uint8Array => new Uint8Array(80 * 1024 * 1024);
    assert.match(faults(run(greedy, 0, 1))[0] ?? "", /^took \d+ MiB and was read$/);
    assert.match(faults(await defuse(targetOf(greedy)))[0] ?? "", /^took \d+ MiB and was read$/);
    const frugal = (): Uint8Array => new Uint8Array(8 * 1024 * 1024);
    assert.deepEqual(faults(run(frugal, 0, 1)), []);
  });

  it("makes the same inputs for the same seed, and any of them alone", () => {
    const inputs: string[] = [];
    const note = (input: string): void => void inputs.push(input);
    run(note);
    run(note);
    assert.deepEqual(inputs.slice(0, 20), inputs.slice(20));
    run(note, 13, 1);
    assert.equal(inputs[40], inputs[13]);
    assert.ok(new Set(inputs).size > 5);
  });
});

describe("changes", () => {
  it("are the same for the same choices, and never touch what they start from", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
    const document = textSeed(JSON.stringify({ id: "TDX", list: [{ svn: 1 }], signature: "00ff".repeat(30) }));
    const made = new Set<string>();
    for (let index = 0; index < 300; index++) {
      const [changed, again] = [randomAt(1, index), randomAt(1, index)].map((random) => mutateBytes(bytes, random));
      assert.deepEqual(changed, again);
      const text = mutateText(document, randomAt(2, index));
      assert.equal(text, mutateText(document, randomAt(2, index)));
      made.add(`${changed?.join(" ")} ${text}`);
    }
    assert.ok(made.size > 290);
    assert.deepEqual(
      bytes,
      Uint8Array.from({ length: 300 }, (_, index) => index),
    );
  });

  it("cope with nothing to change", () => {
    const random = new Random(3);
    for (let index = 0; index < 300; index++) {
      mutateBytes(new Uint8Array(), random);
      mutateText(textSeed(""), random);
    }
  });
});
