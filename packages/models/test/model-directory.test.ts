import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { makeTinyClassifier } from "../src/examples/tiny-classifier.ts";
import { loadModel } from "../src/load-model.ts";
import { DirectoryFiles } from "../src/model-directory.ts";
import type { ModelFiles } from "../src/model-files.ts";
import { modelError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { feed, floats } from "./fixtures/tensors.ts";

const root = await mkdtemp(join(tmpdir(), "sealserve-models-"));
after(async () => {
  await closeModels();
  await rm(root, { recursive: true });
});

let directories = 0;

/** A new version directory with these files. */
async function directoryOf(files: ModelFiles): Promise<string> {
  const directory = join(root, `${++directories}`);
  await mkdir(directory);
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

test("a model of either kind is loaded from its directory, whose files stay", async () => {
  const files = makeHalfPlusTwo();
  const directory = await directoryOf(files);
  const model = await load({ directory });
  expectTensor((await model.run("serving_default", feed(floats([1], [2])), [])).get("y"), floats([1], [3]));
  for (const [path, content] of files) {
    assert.deepEqual(new Uint8Array(await readFile(join(directory, path))), content, path);
  }
  const onnx = await load({ directory: await directoryOf(makeTinyClassifier()) });
  assert.equal(onnx.platform, "onnx");
});

test("a directory without a model, or that is none, is refused", async () => {
  const directory = await directoryOf(new Map([["notes.txt", new Uint8Array()]]));
  await mkdir(join(directory, "model.onnx"));
  await assert.rejects(loadModel({ directory }), modelError("no-model"));
  await assert.rejects(loadModel({ directory: join(directory, "nowhere") }), modelError("unreadable", /nowhere/));
  await assert.rejects(loadModel({ directory: join(directory, "notes.txt") }), modelError("unreadable"));
});

test("only what lies directly in the directory is listed, without folders", async () => {
  assert.deepEqual(new DirectoryFiles(await directoryOf(makeHalfPlusTwo())).keys(), ["saved_model.pb"]);
});

test("a file is read once, when it is asked for", async () => {
  const directory = await directoryOf(new Map([["assets/words.txt", Uint8Array.of(1, 2)]]));
  const files = new DirectoryFiles(directory);
  assert.deepEqual([...files.values()], []);
  assert.deepEqual(files.get("assets/words.txt"), Uint8Array.of(1, 2));
  await writeFile(join(directory, "assets/words.txt"), Uint8Array.of(3));
  assert.deepEqual(files.get("assets/words.txt"), Uint8Array.of(1, 2));
  assert.deepEqual([...files.values()], [Uint8Array.of(1, 2)]);
  for (const missing of ["saved_model.pb", "assets/other.txt", "assets/words.txt/part"]) {
    assert.equal(files.get(missing), undefined, missing);
  }
});

test("links are followed inside the directory and nowhere else", async () => {
  const outside = await directoryOf(new Map([["secret", Uint8Array.of(9)]]));
  const directory = await directoryOf(new Map([["data/words", Uint8Array.of(1)]]));
  await symlink("data/words", join(directory, "file"));
  await symlink("data", join(directory, "folder"));
  await symlink(directory, join(root, "version"));
  await symlink(join(outside, "secret"), join(directory, "escape"));
  await symlink(`../${outside.split("/").at(-1)}`, join(directory, "way"));
  await symlink(`${directory}x`, join(directory, "neighbour"));
  await writeFile(`${directory}x`, Uint8Array.of(9));
  for (const place of [directory, join(root, "version")]) {
    const files = new DirectoryFiles(place);
    assert.deepEqual(files.get("file"), Uint8Array.of(1));
    assert.deepEqual(files.get("folder/words"), Uint8Array.of(1));
    for (const path of ["escape", "way/secret", "neighbour"]) {
      assert.throws(() => files.get(path), modelError("unsafe-path", /leads out/), path);
    }
  }
});

test("paths that are not plain are refused, even if they come back", async () => {
  const directory = await directoryOf(new Map([["words", Uint8Array.of(1)]]));
  const files = new DirectoryFiles(directory);
  const name = directory.split("/").at(-1);
  for (const path of ["", "/words", "../secret", `../${name}/words`, "./words", "a//b", "words/", "wo\0rds"]) {
    assert.throws(() => files.get(path), modelError("unsafe-path"), JSON.stringify(path));
  }
});

test("what is no regular file is refused, and does not block", async () => {
  const directory = await directoryOf(new Map([["assets/words", Uint8Array.of(1)]]));
  execFileSync("mkfifo", [join(directory, "pipe")]);
  const files = new DirectoryFiles(directory);
  for (const path of ["pipe", "assets"]) {
    assert.throws(() => files.get(path), modelError("unreadable", /not a regular file/), path);
  }
});

test("more bytes than a model may have are refused before they are read, and so are too many entries", async () => {
  const directory = await directoryOf(new Map([["small", Uint8Array.of(1)]]));
  await writeFile(join(directory, "large"), "");
  await truncate(join(directory, "large"), 16 * 2 ** 30);
  const files = new DirectoryFiles(directory);
  assert.deepEqual(files.get("small"), Uint8Array.of(1));
  assert.throws(() => files.get("large"), modelError("too-large", /"large"/));
  const crowded = await directoryOf(new Map());
  await Promise.all(Array.from({ length: 10_001 }, (_, index) => writeFile(join(crowded, `${index}`), "")));
  assert.throws(() => new DirectoryFiles(crowded), modelError("too-large", /entries/));
});
