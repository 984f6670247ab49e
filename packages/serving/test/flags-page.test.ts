import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { flagsPage } from "../../../scripts/flags-page.ts";

test("the page about the flags says what the table says (npm run flags-page)", async () => {
  assert.equal(await readFile(new URL("../../../docs/server-flags.md", import.meta.url), "utf8"), flagsPage());
});
