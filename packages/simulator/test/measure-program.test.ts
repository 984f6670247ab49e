import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type MeasureLimits, measureProgram } from "../src/program/measure-program.ts";

type Files = Readonly<Record<string, string>>;

const base = await mkdtemp(join(tmpdir(), "measure-"));
after(() => rm(base, { recursive: true, force: true }));

const PROGRAM: Files = { "main.js": "run()", "lib/a.js": "a", "lib/b.js": "b", "lib-a.js": "", package: "{}" };

async function program(files: Files = PROGRAM): Promise<string> {
  const directory = await mkdtemp(join(base, "program-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

async function mrEnclaveOf(files: Files): Promise<string> {
  return (await measureProgram(await program(files))).mrEnclave;
}

async function refused(directory: string, code: string, limits?: MeasureLimits): Promise<void> {
  await assert.rejects(measureProgram(directory, limits), { name: "SimulatorError", code });
}

describe("measurement of a program", () => {
  it("is a SHA-256 over its files, which it counts", async () => {
    const { mrEnclave, files, bytes } = await measureProgram(await program());
    assert.match(mrEnclave, /^[0-9a-f]{64}$/);
    assert.deepEqual({ files, bytes }, { files: 5, bytes: 9 });
  });

  it("stays the same from one version of this package to the next", async () => {
    const expected = "b69387167bfde8512327fd700b199ebea07116198b1c5f320966b9c8edbe5e6f";
    assert.equal(await mrEnclaveOf({ "a/b": "c" }), expected);
  });

  it("does not depend on place, order of creation, times or permissions", async () => {
    const original = await mrEnclaveOf(PROGRAM);
    const copy = await program(Object.fromEntries(Object.entries(PROGRAM).toReversed()));
    await utimes(join(copy, "main.js"), 1, 1);
    await chmod(join(copy, "main.js"), 0o755);
    await mkdir(join(copy, "empty"));
    assert.equal((await measureProgram(copy)).mrEnclave, original);
  });

  it("is the same through a link to the program's directory", async () => {
    const directory = await program();
    await symlink(directory, `${directory}-link`);
    assert.deepEqual(await measureProgram(`${directory}-link`), await measureProgram(directory));
    await rm(`${directory}-link`);
  });

  for (const [what, change] of [
    ["a changed byte", { "main.js": "ruN()" }],
    ["an appended byte", { "main.js": "run() " }],
    ["an emptied file", { "main.js": "" }],
    ["an added file", { "more.js": "" }],
    ["two files with exchanged contents", { "lib/a.js": "b", "lib/b.js": "a" }],
  ] as const) {
    it(`changes with ${what}`, async () => {
      assert.notEqual(await mrEnclaveOf({ ...PROGRAM, ...change }), await mrEnclaveOf(PROGRAM));
    });
  }

  it("changes with a removed or renamed file", async () => {
    const directory = await program();
    const original = await measureProgram(directory);
    await rename(join(directory, "lib/a.js"), join(directory, "lib/A.js"));
    const renamed = await measureProgram(directory);
    await rm(join(directory, "lib/A.js"));
    const removed = await measureProgram(directory);
    assert.equal(new Set([original, renamed, removed].map(({ mrEnclave }) => mrEnclave)).size, 3);
  });

  it("tells any two programs apart", async () => {
    const name = fc.stringMatching(/^([a-c]\/)?[d-f]{1,2}$/);
    const files = fc.dictionary(name, fc.string({ maxLength: 3 }), { minKeys: 1, maxKeys: 3, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(files, files, async (one, other) => {
        assert.equal((await mrEnclaveOf(one)) === (await mrEnclaveOf(other)), isDeepStrictEqual(one, other));
      }),
      { numRuns: 25 },
    );
  });

  it("covers links inside the program, and where they lead", async () => {
    const directory = await program();
    const without = await measureProgram(directory);
    await symlink("lib/a.js", join(directory, "link.js"));
    const toA = await measureProgram(directory);
    await rm(join(directory, "link.js"));
    await symlink(join(directory, "lib/b.js"), join(directory, "link.js"));
    const toB = await measureProgram(directory);
    await rm(join(directory, "link.js"));
    await symlink("lib", join(directory, "link.js"));
    const toFolder = await measureProgram(directory);
    const all = [without, toA, toB, toFolder];
    assert.equal(new Set(all.map(({ mrEnclave }) => mrEnclave)).size, 4);
    assert.equal(toA.files, without.files);
  });

  it("does not run in circles", async () => {
    const directory = await program();
    await symlink("..", join(directory, "lib/up"));
    assert.equal((await measureProgram(directory)).files, 5);
  });

  it("refuses links that lead outside", async () => {
    for (const target of ["/etc/hostname", "..", "../..", "../other", "/"]) {
      const directory = await program();
      await writeFile(join(directory, "../other"), "");
      await symlink(target, join(directory, "link.js"));
      await refused(directory, "program-entry-refused");
    }
  });

  it("refuses a link whose target begins with the program's own path", async () => {
    const directory = await program();
    await mkdir(`${directory}-2`);
    await symlink(`${directory}-2`, join(directory, "link"));
    await refused(directory, "program-entry-refused");
  });

  it("refuses links that lead nowhere", async () => {
    const directory = await program();
    await symlink("missing.js", join(directory, "link.js"));
    await refused(directory, "program-entry-refused");
  });

  it("refuses what is no file", async () => {
    const directory = await program();
    execFileSync("mkfifo", [join(directory, "lib/pipe")]);
    await refused(directory, "program-entry-refused");
  });

  it("refuses a directory that is missing, empty or none", async () => {
    await refused("/nonexistent/program", "program-missing");
    await refused(join(await program(), "main.js"), "program-missing");
    await refused(await program({}), "program-empty");
    const onlyFolders = await program({});
    await mkdir(join(onlyFolders, "a/b"), { recursive: true });
    await refused(onlyFolders, "program-empty");
  });

  it("refuses more files or bytes than a program has", async () => {
    const directory = await program();
    await measureProgram(directory, { maximumFiles: 5, maximumBytes: 9 });
    await refused(directory, "program-too-large", { maximumFiles: 4 });
    await refused(directory, "program-too-large", { maximumBytes: 8 });
  });

  it("reads every byte of large files", async () => {
    const directory = await program({ large: "x".repeat(3_000_000) });
    const before = await measureProgram(directory);
    assert.equal(before.bytes, 3_000_000);
    const content = await readFile(join(directory, "large"));
    content[2_999_999] = 0;
    await writeFile(join(directory, "large"), content);
    assert.notEqual((await measureProgram(directory)).mrEnclave, before.mrEnclave);
  });
});
