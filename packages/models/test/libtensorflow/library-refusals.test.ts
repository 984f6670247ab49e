import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ModelError } from "../../src/errors.ts";
import { loadTensorFlowModel } from "../../src/libtensorflow/tensorflow-model.ts";
import { ModelFolders, sum } from "./graphs.ts";

const folders = new ModelFolders();
let directory: string;
let model: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-library-"));
  model = await folders.write(sum);
});

after(async () => {
  await rm(directory, { recursive: true, force: true });
  await folders.remove();
});

async function expectUnusable(library: string, text: RegExp): Promise<void> {
  await assert.rejects(loadTensorFlowModel({ directory: model }, { library }), (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.equal(error.code, "library-unusable");
    assert.match(`${error.message} | ${error.actual} | ${error.remedy}`, text);
    assert.match(error.message, new RegExp(`^${library} `));
    return true;
  });
}

test("what is not there, and what is no library, is refused by its name with the system's reason", async () => {
  await expectUnusable(
    join(directory, "absent.so"),
    /cannot be loaded as a library \| .*No such file or directory \| name such a file/,
  );
  const text = join(directory, "text.so");
  await writeFile(text, "hello");
  await expectUnusable(text, /cannot be loaded as a library \| .*(file too short|invalid ELF header)/);
});

const skipWithoutCompiler = spawnSync("cc", ["--version"]).status === 0 ? false : "no C compiler (cc)";

async function compile(name: string, source: string): Promise<string> {
  const [file, library] = [join(directory, `${name}.c`), join(directory, `${name}.so`)];
  await writeFile(file, source);
  execFileSync("cc", ["-shared", "-fPIC", "-o", library, file]);
  return library;
}

test("a library without TensorFlow's functions is refused by the first one that it lacks, with the version that it names", {
  skip: skipWithoutCompiler,
}, async () => {
  const other = await compile("other", "int other(void) { return 1; }");
  await expectUnusable(other, /lacks functions of TensorFlow's C API \| .*TF_/);
  const old = await compile("old", `const char* TF_Version(void) { return "0.9.0"; } void TF_StringEncode(void) {}`);
  await expectUnusable(old, /lacks functions of TensorFlow's C API \(it says that it is version 0\.9\.0\) \| .*TF_/);
});
