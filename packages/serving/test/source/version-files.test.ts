import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readDirectory } from "../../src/source/read-directory.ts";
import { readVersionFile } from "../../src/source/version-files.ts";
import { refusal } from "../support/refusal.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "sealserve-files-"));
  await writeFile(join(root, "secret"), "outside");
});
after(async () => await rm(root, { recursive: true }));

async function version(name: string): Promise<string> {
  const path = join(root, name);
  await mkdir(join(path, "assets"), { recursive: true });
  await writeFile(join(path, "saved_model.pb"), "graph");
  await writeFile(join(path, "assets", "vocabulary"), "words");
  return path;
}

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes ? Buffer.from(bytes).toString() : undefined);

test("reads a folder by path, and single files of it", async () => {
  const path = await version("1");
  const files = await readDirectory(path);
  assert.deepEqual(
    new Map([...files].map(([name, bytes]) => [name, text(bytes)])),
    new Map(Object.entries({ "saved_model.pb": "graph", "assets/vocabulary": "words" })),
  );
  for (const source of [{ kind: "directory", path } as const, { kind: "memory", files } as const]) {
    assert.equal(text(await readVersionFile(source, "assets/vocabulary")), "words");
    assert.equal(await readVersionFile(source, "assets.extra/none"), undefined);
  }
});

test("follows links that stay inside, as in volumes of Kubernetes, and a version that is a link itself", async () => {
  const path = join(root, "volume");
  await mkdir(join(path, "..2026"), { recursive: true });
  await writeFile(join(path, "..2026", "saved_model.pb"), "graph");
  await symlink("..2026", join(path, "..data"));
  await symlink(join("..data", "saved_model.pb"), join(path, "saved_model.pb"));
  await symlink(path, join(root, "2"));
  for (const directory of [path, join(root, "2")]) {
    assert.deepEqual([...(await readDirectory(directory)).keys()], ["saved_model.pb"]);
    assert.equal(text(await readVersionFile({ kind: "directory", path: directory }, "saved_model.pb")), "graph");
  }
});

test("links that lead out of the version are refused", async () => {
  const path = await version("3");
  await symlink(join(root, "secret"), join(path, "assets", "link"));
  const outside = refusal("PERMISSION_DENIED", `assets/link in ${path} is a link that leads out of the folder`);
  await assert.rejects(readDirectory(path), outside);
  await assert.rejects(readVersionFile({ kind: "directory", path }, "assets/link"), outside);
  await assert.rejects(
    readVersionFile({ kind: "directory", path }, "../secret"),
    refusal("PERMISSION_DENIED", /leads out of the folder/),
  );
});

test("a version that is missing or a plain file is an error of the file system", async () => {
  await assert.rejects(readDirectory(join(root, "none")), { code: "ENOENT" });
  await assert.rejects(readDirectory(join(root, "secret")), { code: "ENOTDIR" });
});
