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
    assert.equal(text(await readVersionFile(files, "assets/vocabulary", 100)), "words");
    assert.equal(await readVersionFile(files, "assets.extra/none", 100), undefined);
    assert.equal(await readVersionFile(files, "assets/vocabulary/none", 100), undefined);
  }
});

test("follows links that stay inside, as in volumes of Kubernetes, and a version that is a link itself", async () => {
  const directory = join(root, "volume");
  await mkdir(join(directory, "..2026"), { recursive: true });
  await writeFile(join(directory, "..2026", "requests"), "content");
  await symlink("..2026", join(directory, "..data"));
  await symlink(join("..data", "requests"), join(directory, "requests"));
  await symlink(directory, join(root, "2"));
  assert.equal(text(await readVersionFile({ directory }, "requests", 100)), "content");
  assert.equal(text(await readVersionFile({ directory: join(root, "2") }, "requests", 100)), "content");
});

test("links that lead out of the version are refused", async () => {
  const directory = join(root, "3");
  await mkdir(directory);
  await symlink(join(root, "secret"), join(directory, "link"));
  const outside = refusal("PERMISSION_DENIED", `link in ${directory} is a link that leads out of the folder`);
  await assert.rejects(readVersionFile({ directory }, "link", 100), outside);
  await assert.rejects(
    readVersionFile({ directory }, "../secret", 100),
    refusal("PERMISSION_DENIED", /leads out of the folder/),
  );
});

test("a folder whose name begins alike is outside too", async () => {
  const [inside, beside] = [join(root, "7"), join(root, "70")];
  await mkdir(inside);
  await mkdir(beside);
  await writeFile(join(beside, "requests"), "of another version");
  await symlink(join(beside, "requests"), join(inside, "requests"));
  await assert.rejects(
    readVersionFile({ directory: inside }, "requests", 100),
    refusal("PERMISSION_DENIED", /leads out/),
  );
});

test("a file larger than it may be is refused by its name and size, in a folder as in memory", async () => {
  const directory = join(root, "large");
  await mkdir(directory);
  await writeFile(join(directory, "requests"), Buffer.alloc(101));
  assert.equal((await readVersionFile({ directory }, "requests", 101))?.length, 101);
  await assert.rejects(
    readVersionFile({ directory }, "requests", 99),
    refusal("RESOURCE_EXHAUSTED", /^requests of the version is larger than 99 bytes \(found 101 bytes\): /),
  );
  const memory = new Map([["requests", Buffer.alloc(101)]]);
  assert.equal((await readVersionFile(memory, "requests", 101))?.length, 101);
  await assert.rejects(
    readVersionFile(memory, "requests", 100),
    refusal("RESOURCE_EXHAUSTED", /^requests of the version is larger than 100 bytes: /),
  );
});
