import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { generateOwnerKey, writeOwnerKey } from "../../src/package/owner-key.ts";
import { scratchDirectory } from "../scratch.ts";

test("an owner key is written to two files, the private one for its owner only", async (t) => {
  const directory = await scratchDirectory(t);
  const key = generateOwnerKey();
  const [privateKeyFile, publicKeyFile] = [join(directory, "owner.key"), join(directory, "owner.pub")];
  await writeOwnerKey(key, { privateKeyFile, publicKeyFile });
  assert.equal(await readFile(privateKeyFile, "utf8"), key.privateKeyPem);
  assert.equal(await readFile(publicKeyFile, "utf8"), key.publicKeyPem);
  assert.equal((await stat(privateKeyFile)).mode & 0o777, 0o600);
  await assert.rejects(writeOwnerKey(generateOwnerKey(), { privateKeyFile, publicKeyFile }), {
    code: "key-file-exists",
  });
  assert.equal(await readFile(publicKeyFile, "utf8"), key.publicKeyPem);
});

for (const older of ["owner.pub", "owner.key"]) {
  test(`${older} stays when it is there, and neither key is left without the other`, async (t) => {
    const directory = await scratchDirectory(t);
    const [privateKeyFile, publicKeyFile] = [join(directory, "owner.key"), join(directory, "owner.pub")];
    await writeFile(join(directory, older), "older");
    const writing = writeOwnerKey(generateOwnerKey(), { privateKeyFile, publicKeyFile });
    await assert.rejects(writing, { code: "key-file-exists", message: new RegExp(older.replace(".", "\\.")) });
    assert.equal(await readFile(join(directory, older), "utf8"), "older");
    assert.deepEqual(await readdir(directory), [older]);
  });
}
