import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Progress } from "../../src/files.ts";
import { unsealPackage } from "../../src/package/unseal.ts";
import { generateWrapKey } from "../../src/wrap-key.ts";
import { flipped } from "../scratch.ts";
import { MODEL_FILES, sealedPackage, tlsPair } from "./fixtures.ts";

test("a package is unsealed to the files that were sealed, for their owner only", async (t) => {
  const tls = await tlsPair();
  const { root, directory, sealed, open } = await sealedPackage(t, { tls });
  const output = join(root, "plain");
  const seen: Progress[] = [];
  const verified = await unsealPackage(directory, { ...open, output, onProgress: (progress) => seen.push(progress) });
  assert.equal(verified.manifestDigest, sealed.manifestDigest);
  for (const [path, content] of Object.entries(MODEL_FILES)) {
    assert.equal(Buffer.compare(await readFile(join(output, "models/demo", path)), content), 0);
  }
  assert.equal(await readFile(join(output, "tls/server.key"), "utf8"), tls.keyPem);
  assert.equal((await stat(join(output, "tls/server.key"))).mode & 0o777, 0o600);
  assert.equal((await stat(output)).mode & 0o777, 0o700);
  assert.deepEqual((await readdir(output)).toSorted(), ["models", "tls"]);
  assert.equal(seen.at(-1)?.done, seen.at(-1)?.total);
});

test("one bad file, and nothing is unsealed", async (t) => {
  const { root, directory, open } = await sealedPackage(t);
  const last = join(directory, "models/demo/2/saved_model.pb");
  await writeFile(last, flipped(await readFile(last), 9));
  const before = await readdir(root);
  const output = join(root, "plain");
  await assert.rejects(unsealPackage(directory, { ...open, output }), { code: "file-digest-mismatch" });
  await assert.rejects(unsealPackage(directory, { ...open, output, wrapKey: generateWrapKey() }), {
    code: "authentication-failed",
  });
  await assert.rejects(unsealPackage(directory, { ...open, output, minimumVersion: 8 }), { code: "version-too-old" });
  const signal = AbortSignal.abort(new Error("stopped"));
  await assert.rejects(unsealPackage(directory, { ...open, output, signal }), { message: "stopped" });
  assert.deepEqual(await readdir(root), before);
});

test("an unseal that is stopped does not read on", async (t) => {
  const { root, directory, open } = await sealedPackage(t);
  const large = join(directory, "models/demo/1/variables/variables.data-00000-of-00001");
  const bytes = await readFile(large);
  await writeFile(large, flipped(bytes, bytes.length - 1));
  const controller = new AbortController();
  const stop = new Error("stopped");
  // Read to its end, the damaged file would be refused as such.
  const onProgress = ({ done }: Progress) => done > 8192 && controller.abort(stop);
  const stopped = { ...open, output: join(root, "plain"), signal: controller.signal, onProgress };
  await assert.rejects(unsealPackage(directory, stopped), stop);
});

test("a package is not unsealed over files that are there", async (t) => {
  const { directory, modelDirectory, open } = await sealedPackage(t);
  await assert.rejects(unsealPackage(directory, { ...open, output: modelDirectory }), { code: "output-exists" });
});
