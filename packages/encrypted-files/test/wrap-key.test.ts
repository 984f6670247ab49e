import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { generateWrapKey, readWrapKey, writeWrapKey } from "../src/wrap-key.ts";
import { scratchDirectory } from "./scratch.ts";

test("a wrap key is 16 bytes, and never the same", () => {
  const [one, other] = [generateWrapKey(), generateWrapKey()];
  assert.equal(one.length, 16);
  assert.notDeepEqual(one, other);
});

test("a wrap key file holds the raw key, for its owner only, and can be read back", async (t) => {
  const path = join(await scratchDirectory(t), "key");
  const key = generateWrapKey();
  await writeWrapKey(path, key);
  assert.deepEqual(new Uint8Array(await readFile(path)), key);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readWrapKey(path), key);
});

test("a wrap key never replaces a file", async (t) => {
  const path = join(await scratchDirectory(t), "key");
  await writeFile(path, "what was encrypted under this would be lost");
  await assert.rejects(writeWrapKey(path, generateWrapKey()), { code: "key-file-exists", remedy: /another name/ });
  assert.match(await readFile(path, "utf8"), /^what was/);
});

for (const size of [0, 15, 17, 32, 100_000]) {
  test(`a wrap key file of ${size} bytes is refused`, async (t) => {
    const path = join(await scratchDirectory(t), "key");
    await writeFile(path, new Uint8Array(size));
    await assert.rejects(readWrapKey(path), {
      code: "wrap-key-size",
      message: `Wrap key size ${size} != 16: "${path}"`,
    });
  });
}

test("a wrap key of the wrong size is not written, and a missing one is named", async (t) => {
  const directory = await scratchDirectory(t);
  await assert.rejects(writeWrapKey(join(directory, "key"), new Uint8Array(15)), { code: "wrap-key-size" });
  await assert.rejects(writeWrapKey(join(directory, "none", "key"), generateWrapKey()), { code: "output-failed" });
  await assert.rejects(readWrapKey(join(directory, "key")), { code: "input-missing" });
  await assert.rejects(readWrapKey(directory), { code: "input-unreadable" });
  assert.deepEqual(await readdir(directory), []);
});

test("a wrap key can come through a pipe", async (t) => {
  const module = JSON.stringify(new URL("../src/wrap-key.ts", import.meta.url).href);
  const script = `const { readWrapKey } = await import(${module}); process.stdout.write(await readWrapKey("/dev/stdin"));`;
  const directory = await scratchDirectory(t);
  const readPiped = async (key: Uint8Array) => {
    await writeFile(join(directory, "key"), key);
    const command = 'cat key | "$0" --input-type=module -e "$1"';
    return spawnSync("sh", ["-c", command, process.execPath, script], { cwd: directory });
  };
  const key = generateWrapKey();
  assert.deepEqual(new Uint8Array((await readPiped(key)).stdout), key);
  assert.match((await readPiped(new Uint8Array(20))).stderr.toString(), /Wrap key size .* != 16/);
});
