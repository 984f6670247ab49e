// A short run over every reader. `npm run fuzz` does the same for as long as somebody likes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defuse, fuzz, type Report } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

const SEED = 20_260_301;
const INPUTS = 1000;
const MILLISECONDS = 300;

function expectClean({ findings, target }: Report): void {
  const [first] = findings;
  const hint = `npm run fuzz -- --target ${target} --seed ${SEED}`;
  assert.equal(first, undefined, first && `${first.what} ${first.fault} (${hint})`);
}

for (const target of TARGETS) {
  describe(`${target.name}, fed with anything`, () => {
    it("takes neither long nor much memory for what is made to be expensive", async () => {
      expectClean(await defuse(target));
    });

    it("returns or refuses", () => {
      const report = fuzz(target, { seed: SEED, inputs: INPUTS, milliseconds: MILLISECONDS });
      expectClean(report);
      assert.ok(report.inputs > 0 && report.read > 0, `${report.read} of ${report.inputs} inputs were read`);
    });
  });
}
