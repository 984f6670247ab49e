import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const IMPORTED = /\b(?:from|import) ?\(? ?"([@.\w][^"]*)"/g;

test("the engine's thread, once built, is one file that loads nothing but Node's own modules and native ones", async () => {
  const bundle = await readFile(new URL("../dist/engine/worker.bundle.js", import.meta.url), "utf8");
  const imported = new Set([...bundle.matchAll(IMPORTED)].map(([, name = ""]) => name));
  assert.ok(imported.has("node:worker_threads") && imported.has("onnxruntime-node"));
  const others = [...imported].filter((name) => !name.startsWith("node:") && !/^(onnxruntime-node|koffi)$/.test(name));
  assert.deepEqual(others, []);
});
