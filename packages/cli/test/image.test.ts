import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
// The built file: it looks for its own package from where it lies.
import { assembleProgramImage } from "../dist/image/assemble.js";

test("an image holds what the node executes and nothing of the simulator and the collateral service", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-image-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const image = await assembleProgramImage(join(folder, "program"));
  for (const name of ["sealserve", "@sealserve/serving", "@sealserve/core", "onnxruntime-node", "koffi"]) {
    assert.ok(image.packages.includes(name), name);
  }
  const files = await readdir(join(folder, "program"), { recursive: true });
  assert.ok(files.some((file) => file.endsWith("serving/dist/index.js")));
  assert.deepEqual(
    files.filter((file) =>
      /simulator\/|collateral-service\/|node_modules\/pg|\.ts$|\.map$|\.tsbuildinfo$|(^|\/)test\//.test(file),
    ),
    [],
  );
  assert.deepEqual(
    files.filter((file) => file.includes("napi-v") && /darwin|win32/.test(file)),
    [],
  );
  const bindings = image.packages.filter((name) => name.startsWith("@koromix/"));
  assert.deepEqual(bindings, [`@koromix/koffi-${process.platform}-${process.arch}`]);
  assert.deepEqual(
    files.filter((file) => /koffi.*\.(cc|hh|S|h)$/.test(file)),
    [],
  );
});

test("an image's command line tells what it can do, and that it has no collateral service", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-image-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { entry } = await assembleProgramImage(join(folder, "program"));
  const run = (...args: string[]) => spawnSync(process.execPath, [entry, ...args], { encoding: "utf8" });
  const help = run("--help");
  assert.deepEqual([help.status, /^ {2}serve /m.test(help.stdout), /collateral/.test(help.stdout)], [0, true, false]);
  const refused = run("collateral", "--config", "collateral.yaml");
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /the collateral service is not part of this installation/);
});

test("an image is not made over another folder", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-image-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "program"));
  await writeFile(join(folder, "program", "mine"), "");
  await assert.rejects(assembleProgramImage(join(folder, "program")), { code: "output-exists" });
  assert.deepEqual(await readdir(folder), ["program"]);
});
