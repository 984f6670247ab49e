import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as whole from "@sealserve/simulator";
import * as vendor from "@sealserve/simulator/vendor";

const IMPORT = /(?:^|\n)(?:import|export)\s(?:[^;'"]*?\sfrom\s)?["']([^"']+)["']/g;

/** Built files that `entry` loads, and the packages that those name. */
function reach(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const [, specifier = ""] of readFileSync(new URL(file), "utf8").matchAll(IMPORT)) {
      if (specifier.startsWith(".")) {
        files.add(new URL(specifier, file).href);
      } else {
        packages.add(specifier);
      }
    }
  }
  return { files, packages };
}

describe("the vendor entry", () => {
  const { files, packages } = reach(import.meta.resolve("@sealserve/simulator/vendor"));

  it("needs core alone, so that it runs in a browser", () => {
    assert.ok(files.size > 20);
    assert.deepEqual([...packages], ["@sealserve/core"]);
    for (const file of files) {
      assert.doesNotMatch(readFileSync(new URL(file), "utf8"), /\bprocess\.|\bBuffer\b|\brequire\(/, file);
    }
  });

  it("is a part of the main entry, which does need Node", () => {
    const all = new Map<string, unknown>(Object.entries(whole));
    for (const [name, value] of Object.entries(vendor)) {
      assert.equal(all.get(name), value, name);
    }
    assert.ok(
      [...reach(import.meta.resolve("@sealserve/simulator")).packages].some((name) => name.startsWith("node:")),
    );
  });
});
