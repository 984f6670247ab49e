import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readVersionFile } from "../../src/source/version-files.ts";
import { refusal } from "../support/refusal.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "sealserve-files-"));
  await writeFile(join(root, "secret"), "outside");
});
after(async () => await rm(root, { recursive: true }));

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes ? Buffer.from(bytes).toString() : undefined);

test("reads a file of a folder or of memory; one that is not there is undefined", async () => {
  const directory = join(root, "1");
  await mkdir(join(directory, "assets"), { recursive: true });
  await writeFile(join(directory, "assets", "vocabulary"), "words");
  const memory = new Map([["assets/vocabulary", Buffer.from("words")]]);
  for (const files of [{ directory }, memory]) {
    assert.equal(text(await readVersionFile(files, "assets/vocabulary")), "words");
    assert.equal(await readVersionFile(files, "assets.extra/none"), undefined);
    assert.equal(await readVersionFile(files, "assets/vocabulary/none"), undefined);
  }
});

test("follows links that stay inside, as in volumes of Kubernetes, and a version that is a link itself", async () => {
  const directory = join(root, "volume");
  await mkdir(join(directory, "..2026"), { recursive: true });
  await writeFile(join(directory, "..2026", "requests"), "content");
  await symlink("..2026", join(directory, "..data"));
  await symlink(join("..data", "requests"), join(directory, "requests"));
  await symlink(directory, join(root, "2"));
  assert.equal(text(await readVersionFile({ directory }, "requests")), "content");
  assert.equal(text(await readVersionFile({ directory: join(root, "2") }, "requests")), "content");
});

test("links that lead out of the version are refused", async () => {
  const directory = join(root, "3");
  await mkdir(directory);
  await symlink(join(root, "secret"), join(directory, "link"));
  const outside = refusal("PERMISSION_DENIED", `link in ${directory} is a link that leads out of the folder`);
  await assert.rejects(readVersionFile({ directory }, "link"), outside);
  await assert.rejects(
    readVersionFile({ directory }, "../secret"),
    refusal("PERMISSION_DENIED", /leads out of the folder/),
  );
});
