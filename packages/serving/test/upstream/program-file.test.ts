import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { NodeError } from "../../src/errors.ts";
import { checkProgramFile } from "../../src/upstream/program-file.ts";

const CONTENT = "#!/bin/sh\n";
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

let directory: string;
let path: string;

before(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), "sealserve-program-")));
  path = join(directory, "server");
  await writeFile(path, CONTENT, { mode: 0o755 });
});

after(() => rm(directory, { recursive: true, force: true }));

function unusable(text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof NodeError && error.code === "engine-unusable", String(error));
    assert.match(error.message, text);
    assert.match(error.message, /^--upstream-program /);
    assert.ok(error.remedy);
    return true;
  };
}

const check = (changes: { path?: string; sha256?: string } = {}): Promise<string> =>
  checkProgramFile({ path, namedBy: "--upstream-program", ...changes });

test("a program is taken by its true path, with and without a pin", async () => {
  await symlink(path, join(directory, "link"));
  assert.equal(await check({ path: join(directory, "link") }), path);
  assert.equal(await check({ sha256: SHA256 }), path);
});

test("another file than the pinned one is refused (threat A11)", async () => {
  await assert.rejects(
    check({ sha256: SHA256.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) }),
    unusable(/pinned/),
  );
});

test("relative paths, folders and what is not there are refused", async () => {
  await assert.rejects(check({ path: "server" }), unusable(/absolute/));
  await assert.rejects(check({ path: join(directory, "absent") }), unusable(/cannot be read/));
  await mkdir(join(directory, "folder"));
  await assert.rejects(check({ path: join(directory, "folder") }), unusable(/no regular file/));
});

test("a file that others may change is refused (threat E6)", async () => {
  for (const mode of [0o775, 0o757]) {
    await chmod(path, mode);
    await assert.rejects(check(), unusable(/others/));
  }
  await chmod(path, 0o755);
});

test("a file in a folder that others may change is refused, since they can put another one there (threat E6)", async () => {
  const outer = join(directory, "outer");
  const inner = join(outer, "inner");
  await mkdir(inner, { recursive: true });
  const program = join(inner, "server");
  await writeFile(program, CONTENT, { mode: 0o755 });
  for (const folder of [inner, outer]) {
    await chmod(folder, 0o777);
    await assert.rejects(check({ path: program }), unusable(new RegExp(`in ${folder}, which others`)));
    await chmod(folder, 0o1777);
    assert.equal(await check({ path: program }), program);
    await chmod(folder, 0o755);
  }
});

test("a library beside the file that others may change is refused, since it may be loaded with it (threat E6)", async () => {
  const [own, foreign] = [join(directory, "own"), join(directory, "foreign")];
  await mkdir(own);
  await mkdir(foreign);
  const [program, library] = [join(own, "server"), join(foreign, "libother.so.2")];
  await writeFile(program, CONTENT, { mode: 0o755 });
  await writeFile(library, "", { mode: 0o644 });
  await symlink(library, join(own, "libother.so"));
  await symlink(join(own, "absent"), join(own, "libabsent.so.1"));
  assert.equal(await check({ path: program }), program);
  await chmod(foreign, 0o777);
  await assert.rejects(check({ path: program }), unusable(new RegExp(`in ${foreign}, which others`)));
  await chmod(foreign, 0o755);
  await chmod(library, 0o666);
  await assert.rejects(check({ path: program }), unusable(/beside it .*libother\.so, which others/));
  await chmod(library, 0o644);
  await writeFile(join(own, "notes.so.txt"), "", { mode: 0o666 });
  assert.equal(await check({ path: program }), program);
});
