import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openCollateralMemory } from "../src/collateral-memory.ts";

const folder = await mkdtemp(join(tmpdir(), "sealserve-memory-"));
after(() => rm(folder, { recursive: true, force: true }));

describe("a broker's memory of collateral", () => {
  it("is empty at the first start and comes back at the next", async () => {
    const path = join(folder, "first.json");
    const memory = await openCollateralMemory(path);
    assert.equal(memory.marks.size, 0);
    await Promise.all([memory.save(new Map([["a", 1n]])), memory.save(new Map([["a", 2n]]))]);
    assert.deepEqual((await openCollateralMemory(path)).marks, new Map([["a", 2n]]));
    assert.deepEqual(await readdir(folder), ["first.json"]);
  });

  it("is refused when it cannot be read, and left as it is", async () => {
    const path = join(folder, "damaged.json");
    await writeFile(path, "{");
    await assert.rejects(openCollateralMemory(path), { code: "collateral-memory-invalid" });
    assert.equal(await readFile(path, "utf8"), "{");
    await assert.rejects(openCollateralMemory(folder), { code: "collateral-memory-invalid" });
  });

  it("says so when it cannot be written, each time", async () => {
    const memory = await openCollateralMemory(join(folder, "missing", "memory.json"));
    for (let time = 0; time < 2; time++) {
      await assert.rejects(memory.save(new Map()), { code: "collateral-memory-unwritable" });
    }
  });
});
