import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
// The built file: it looks for its own package from where it lies.
import { assembleProgramImage } from "../dist/image/assemble.js";

test("an image holds what the node executes and nothing of the simulator", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-image-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const image = await assembleProgramImage(join(folder, "program"));
  for (const name of ["sealserve", "@sealserve/serving", "@sealserve/core", "onnxruntime-node"]) {
    assert.ok(image.packages.includes(name), name);
  }
  const files = await readdir(join(folder, "program"), { recursive: true });
  assert.ok(files.some((file) => file.endsWith("serving/dist/index.js")));
  assert.deepEqual(
    files.filter((file) => /simulator\/|\.ts$|\.map$|\.tsbuildinfo$|(^|\/)test\//.test(file)),
    [],
  );
  assert.deepEqual(
    files.filter((file) => file.includes("napi-v") && /darwin|win32/.test(file)),
    [],
  );
});

test("an image is not made over another folder", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-image-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "program"));
  await writeFile(join(folder, "program", "mine"), "");
  await assert.rejects(assembleProgramImage(join(folder, "program")), { code: "output-exists" });
  assert.deepEqual(await readdir(folder), ["program"]);
});
