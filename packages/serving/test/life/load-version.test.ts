import assert from "node:assert/strict";
import { test } from "node:test";
import { type LoadParts, loadVersion } from "../../src/life/load-version.ts";
import { modelDouble } from "../support/model-double.ts";

const id = { name: "m", version: 1n };
const files = new Map<string, Uint8Array>();
const never = new AbortController().signal;

test("the engine's model is decorated, and warmed up as it will serve", async () => {
  const [model, decorated] = [modelDouble(), modelDouble()];
  const warmed: unknown[] = [];
  const parts: LoadParts = {
    loadFiles: async () => model,
    decorate: (inner, of) => {
      assert.deepEqual([inner, of], [model, id]);
      return decorated;
    },
    warmUp: async (servable) => void warmed.push(servable),
  };
  assert.equal(await loadVersion(parts, id, files, never), decorated);
  assert.deepEqual(warmed, [{ ...id, model: decorated }]);
  assert.equal(await loadVersion({ loadFiles: async () => model }, id, files, never), model);
});

test("what fails on the way closes what was loaded", async () => {
  const stop = new AbortController();
  const failing: Partial<LoadParts>[] = [
    { decorate: () => Promise.reject(new Error("part failed")) },
    { warmUp: () => Promise.reject(new Error("part failed")) },
    { warmUp: async () => stop.abort(new Error("part failed")) },
  ];
  for (const part of failing) {
    const model = modelDouble();
    await assert.rejects(loadVersion({ loadFiles: async () => model, ...part }, id, files, stop.signal), /part failed/);
    assert.ok(model.closed);
  }
  const late = modelDouble();
  let more = 0;
  const parts: LoadParts = { loadFiles: async () => late, decorate: () => late, warmUp: async () => void more++ };
  const decorate: LoadParts["decorate"] = (model) => {
    more++;
    return model;
  };
  await assert.rejects(loadVersion({ ...parts, decorate }, id, files, stop.signal), /part failed/);
  assert.deepEqual([late.closed, more], [true, 0], "a version that is not wanted any more is closed, and nothing else");
});
