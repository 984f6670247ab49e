import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openPackage } from "../../src/package/open.ts";
import { type SealPackageOptions, sealPackage } from "../../src/package/seal.ts";
import { failDirectoryFlush, scratchDirectory } from "../scratch.ts";
import { MODEL_FILES, model, owner, wrapKey, writeFiles } from "./fixtures.ts";

const open = { wrapKey, ownerPublicKeyPem: owner.publicKeyPem };

/** A directory with a model in it, and what it takes to seal that to `package` beside it. */
async function modelToSeal(t: TestContext): Promise<{ root: string; options: SealPackageOptions }> {
  const root = await scratchDirectory(t);
  const [modelDirectory, output] = [join(root, "model"), join(root, "package")];
  await writeFiles(modelDirectory, MODEL_FILES);
  return { root, options: { modelDirectory, output, wrapKey, signingKeyPem: owner.privateKeyPem, model } };
}

test("of two seals to one output one wins, and the package is whole", async (t) => {
  const { root, options } = await modelToSeal(t);
  const outcomes = await Promise.allSettled([sealPackage(options), sealPackage(options)]);
  const winners = outcomes.filter((outcome) => outcome.status === "fulfilled").map((outcome) => outcome.value);
  assert.equal(winners.length, 1);
  const opened = await openPackage(options.output, open);
  assert.equal(opened.manifestDigest, winners[0]?.manifestDigest);
  await opened.modelFiles();
  assert.deepEqual((await readdir(root)).toSorted(), ["model", "package"]);
});

test("a package whose directory cannot be flushed is told to stand", async (t) => {
  const { root, options } = await modelToSeal(t);
  await failDirectoryFlush(t, root);
  await assert.rejects(sealPackage(options), { code: "output-unflushed", message: /package" is written/ });
  await openPackage(options.output, open);
});
