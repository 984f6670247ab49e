/** `sealserve files`, and the same under the name of Gramine's tool. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Finished, Running, sealserve } from "./command.ts";

const STARTER = fileURLToPath(new URL("../../packages/cli/bin/sealserve.cjs", import.meta.url));
const plain = randomBytes(1_000_000);
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-files-cli-"));
  await writeFile(join(folder, "plain"), plain);
  for (const key of ["wrap.key", "other.key"]) {
    await succeed(["gen-key", "-w", key]);
  }
  await succeed(["encrypt", "-w", "wrap.key", "-i", "plain", "-o", "model.pf"]);
});

after(() => rm(folder, { recursive: true, force: true }));

/** Runs `sealserve files` in the folder. */
async function files(...args: readonly string[]): Promise<Finished> {
  return sealserve(["files", ...args], folder);
}

async function succeed(args: readonly string[]): Promise<Finished> {
  const finished = await files(...args);
  assert.equal(finished.code, 0, finished.stderr);
  return finished;
}

async function inspection(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await files("inspect", "--json", ...args);
  return JSON.parse(stdout) as Record<string, unknown>;
}

function content(embeddedPath: string) {
  return { size: plain.length, embeddedPath, staleBytes: 0 };
}

test("a file comes back, on threads and in format 2 too", async () => {
  await succeed(["encrypt", "-w", "wrap.key", "-i", "plain", "-o", "two.pf", "--format", "2", "--threads", "2"]);
  await succeed(["decrypt", "-w", "wrap.key", "-i", "two.pf", "-o", "back", "-V", "--threads", "2", "-v"]);
  assert.equal(Buffer.compare(await readFile(join(folder, "back")), plain), 0);
  assert.equal((await inspection("-i", "two.pf"))["version"], 2);
});

test("the path to embed can be chosen, and is checked", async () => {
  await succeed(["encrypt", "-w", "wrap.key", "-i", "plain", "-o", "path.pf", "--path", "./models//m/1/model.onnx"]);
  await succeed(["decrypt", "-w", "wrap.key", "-i", "path.pf", "-o", "back", "--path", "models/m/1/model.onnx"]);
  const wrong = await files("decrypt", "-w", "wrap.key", "-i", "path.pf", "-o", "never", "-V", "-v");
  assert.equal(wrong.code, 20);
  assert.match(wrong.stderr, /models\/m\/1\/model\.onnx/);
  assert.match(wrong.stderr, /^gramine-sgx-pf-crypt: Opening protected input file failed: Invalid path$/m);
  assert.equal(existsSync(join(folder, "never")), false);
});

test("a folder is mirrored, and what is skipped is named", async () => {
  await mkdir(join(folder, "tree", "1"), { recursive: true });
  await writeFile(join(folder, "tree", "1", "saved_model.pb"), "graph");
  await symlink("1", join(folder, "tree", "link"));
  const { stderr } = await succeed(["encrypt", "-w", "wrap.key", "-i", "tree", "-o", "sealed"]);
  assert.match(stderr, /^1\/saved_model\.pb$/m);
  assert.match(stderr, /^link: skipped/m);
  await succeed(["decrypt", "-w", "wrap.key", "-i", "sealed", "-o", "tree-again", "-V"]);
  assert.equal(await readFile(join(folder, "tree-again", "1", "saved_model.pb"), "utf8"), "graph");
});

test("with --json each command prints what it wrote", async () => {
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await succeed([...args, "--json"]);
    return JSON.parse(stdout);
  };
  assert.deepEqual(await json("gen-key", "-w", "json.key"), { wrapKey: "json.key" });
  assert.deepEqual(await json("encrypt", "-w", "json.key", "-i", "plain", "-o", "json.pf"), { output: "json.pf" });
  assert.deepEqual(await json("rename", "-w", "json.key", "-i", "json.pf", "-o", "new.pf"), { output: "new.pf" });
  assert.deepEqual(await json("rekey", "-w", "json.key", "-n", "wrap.key", "-i", "new.pf"), { output: "new.pf" });
  await mkdir(join(folder, "few"));
  await writeFile(join(folder, "few", "one"), "1");
  await symlink("one", join(folder, "few", "link"));
  const written = { output: "many", files: ["one"], skipped: ["link"] };
  assert.deepEqual(await json("encrypt", "-w", "wrap.key", "-i", "few", "-o", "many"), written);
});

test("what makes no sense on the command line is refused", async () => {
  for (const extra of [
    ["--format", "3"],
    ["--threads", "65"],
    ["--threads", "two"],
  ]) {
    const { code } = await files("encrypt", "-w", "wrap.key", "-i", "plain", "-o", "never", ...extra);
    assert.equal(code, 2);
  }
  assert.equal((await files("rename", "-w", "wrap.key", "-i", "model.pf")).code, 2);
  assert.equal(existsSync(join(folder, "never")), false);
});

describe("inspect", () => {
  test("tells a wrong key from damage", async () => {
    assert.deepEqual((await inspection("-i", "model.pf", "-w", "wrap.key", "--check"))["content"], content("model.pf"));
    assert.equal((await inspection("-i", "model.pf", "-w", "other.key"))["wrapKey"], "refused");
    const damaged = await readFile(join(folder, "model.pf"));
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    await writeFile(join(folder, "damaged.pf"), damaged);
    const { wrapKey, damage } = await inspection("-i", "damaged.pf", "-w", "wrap.key", "--check");
    assert.equal(wrapKey, "accepted");
    assert.equal((damage as { code?: unknown }).code, "corrupted");
  });

  test("says in its exit code whether the file can be decrypted", async () => {
    const good = await files("inspect", "-i", "model.pf", "-w", "wrap.key", "--check");
    assert.deepEqual([good.code, good.stderr], [0, ""]);
    assert.match(good.stdout, /^format version: 1\.0$[\s\S]*^embedded path: "model\.pf"$[\s\S]*^nodes: all checked$/m);
    assert.equal((await files("inspect", "-i", "model.pf")).code, 0);
    const wrongKey = await files("inspect", "-i", "model.pf", "-w", "other.key");
    assert.equal(wrongKey.code, 20);
    assert.match(wrongKey.stdout, /^wrap key: refused: not the key of this file/m);
    const damaged = await files("inspect", "-i", "damaged.pf", "-w", "wrap.key", "--check");
    assert.equal(damaged.code, 20);
    assert.match(damaged.stdout, /^damage: .*does not fit its tag$/m);
    assert.equal((await files("inspect", "-i", "plain")).code, 2);
  });
});

test("rename changes name and path, or the path alone", async () => {
  await succeed(["encrypt", "-w", "wrap.key", "-i", "plain", "-o", "first.pf"]);
  await succeed(["rename", "-w", "wrap.key", "-i", "first.pf", "-o", "second.pf"]);
  assert.equal(existsSync(join(folder, "first.pf")), false);
  assert.deepEqual((await inspection("-i", "second.pf", "-w", "wrap.key"))["content"], content("second.pf"));
  await succeed(["rename", "-w", "wrap.key", "-i", "second.pf", "--path", "/models/x"]);
  const { content: renamed } = await inspection("-i", "second.pf", "-w", "wrap.key", "--check");
  assert.deepEqual(renamed, content("/models/x"));
});

test("rekey changes the key in place or into another file", async () => {
  await succeed(["encrypt", "-w", "wrap.key", "-i", "plain", "-o", "keyed.pf"]);
  await succeed(["rekey", "-w", "wrap.key", "-n", "other.key", "-i", "keyed.pf"]);
  assert.equal((await files("inspect", "-i", "keyed.pf", "-w", "wrap.key")).code, 20);
  await succeed(["rekey", "-w", "other.key", "-n", "wrap.key", "-i", "keyed.pf", "-o", "full.pf", "--full"]);
  assert.deepEqual((await inspection("-i", "full.pf", "-w", "wrap.key", "--check"))["content"], content("keyed.pf"));
  const same = await files("rekey", "-w", "wrap.key", "-n", "wrap.key", "-i", "full.pf");
  assert.equal(same.code, 2);
  assert.match(same.stderr, /new wrap key is the old one/);
});

describe("under the name of gramine-sgx-pf-crypt", () => {
  let tool: string;

  before(async () => {
    tool = join(folder, "gramine-sgx-pf-crypt");
    await symlink(STARTER, tool);
  });

  const run = (...args: readonly string[]) => new Running(process.execPath, [tool, ...args], { cwd: folder }).finished;

  test("the first letter of a mode is enough, and long names are the same", async () => {
    assert.equal((await run("gen-key", "-w", "tool.key")).code, 0);
    assert.equal((await stat(join(folder, "tool.key"))).size, 16);
    assert.equal((await run("e", "-w", "tool.key", "-i", "plain", "-o", "tool.pf")).code, 0);
    const decrypted = await run("dec", "--wrap-key", "tool.key", "--input", "tool.pf", "--output", "back", "--verify");
    assert.equal(decrypted.code, 0, decrypted.stderr);
    assert.equal(Buffer.compare(await readFile(join(folder, "back")), plain), 0);
    assert.equal((await run("-h")).code, 0);
  });

  test("every failure has exit code 255, and leaves nothing", async () => {
    for (const args of [
      ["decrypt", "-w", "other.key", "-i", "model.pf", "-o", "never"],
      ["decrypt", "-w", "plain", "-i", "model.pf", "-o", "never"],
      ["encrypt", "-w", "wrap.key", "-i", "nothing", "-o", "never"],
      ["encrypt", "-w", "wrap.key"],
      ["x"],
      [],
    ]) {
      assert.equal((await run(...args)).code, 255, args.join(" "));
    }
    assert.equal((await readdir(folder)).includes("never"), false);
  });
});
