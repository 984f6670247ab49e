import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decryptBytes, encryptBytes } from "../../src/bytes.ts";
import type { Progress } from "../../src/files.ts";
import { openPackage } from "../../src/package/open.ts";
import { generateOwnerKey } from "../../src/package/owner-key.ts";
import { type SealPackageOptions, sealPackage } from "../../src/package/seal.ts";
import { scratchDirectory } from "../scratch.ts";
import { MODEL_FILES, model, owner, sealedPackage, tlsPair, wrapKey, writeFiles } from "./fixtures.ts";

/** Seals files that the test wrote, and expects a refusal that leaves nothing behind. */
async function assertNotSealed(
  root: string,
  overrides: Partial<SealPackageOptions>,
  refusal: { code: string; message?: RegExp },
): Promise<void> {
  const output = join(root, "package");
  const before = await readdir(root);
  const options = { modelDirectory: join(root, "model"), output, wrapKey, signingKeyPem: owner.privateKeyPem, model };
  await assert.rejects(sealPackage({ ...options, ...overrides }), refusal);
  assert.deepEqual(await readdir(root), before);
}

async function modelWith(t: TestContext, files: Record<string, Uint8Array | string>): Promise<string> {
  const root = await scratchDirectory(t);
  await writeFiles(join(root, "model"), files);
  return root;
}

test("a model is sealed with all its versions, encrypted for its place in the package", async (t) => {
  const { directory, sealed } = await sealedPackage(t);
  const paths = Object.keys(MODEL_FILES).map((path) => `models/demo/${path}`);
  assert.deepEqual(
    sealed.files.map((file) => file.path),
    paths.toSorted(),
  );
  for (const [path, content] of Object.entries(MODEL_FILES)) {
    const packagePath = `models/demo/${path}`;
    const encrypted = await readFile(join(directory, packagePath));
    const opened = decryptBytes(encrypted, { wrapKey, embeddedPath: packagePath });
    assert.equal(opened.version, 1);
    assert.equal(Buffer.compare(opened.content, content), 0);
  }
  assert.deepEqual((await readdir(directory)).toSorted(), ["manifest.json", "manifest.sig", "models"]);
});

test("no plaintext of the model is left in the package", async (t) => {
  const { directory, sealed } = await sealedPackage(t);
  const needle = Buffer.from(MODEL_FILES["1/saved_model.pb"] ?? assert.fail()).subarray(0, 16);
  for (const { path } of sealed.files) {
    assert.equal((await readFile(join(directory, path))).includes(needle), false);
  }
});

test("the manifest states model, version, time, and size and digest of each encrypted file", async (t) => {
  const createdAt = new Date("2026-03-04T05:06:07.089Z");
  const { directory, sealed } = await sealedPackage(t, { createdAt });
  const manifest: unknown = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8"));
  assert.deepEqual(manifest, {
    format: "sealserve-package-1",
    model,
    createdAt: "2026-03-04T05:06:07.089Z",
    files: sealed.files,
  });
  for (const { path, size } of sealed.files) {
    assert.equal((await stat(join(directory, path))).size, size);
  }
});

test("sealing twice shares no ciphertext", async (t) => {
  const [one, other] = [await sealedPackage(t), await sealedPackage(t)];
  const digests = new Set([...one.sealed.files, ...other.sealed.files].map((file) => file.sha256));
  assert.equal(digests.size, one.sealed.files.length + other.sealed.files.length);
});

test("a TLS key and certificate travel in the package", async (t) => {
  const tls = await tlsPair();
  const { directory, open } = await sealedPackage(t, { tls });
  const opened = await openPackage(directory, open);
  assert.equal(Buffer.from(await opened.read("tls/server.key")).toString(), tls.keyPem);
  assert.equal(Buffer.from(await opened.read("tls/server.crt")).toString(), tls.certificatePem);
  assert.equal((await readFile(join(directory, "tls/server.key"))).includes("PRIVATE"), false);
});

test("a version directory given by itself keeps its number, or takes the package's version", async (t) => {
  const root = await modelWith(t, { "00000123/model.onnx": "graph", "export/saved_model.pb": "graph" });
  for (const [directory, version] of [
    ["00000123", "123"],
    ["export", "7"],
  ] as const) {
    const output = join(root, `package-${version}`);
    const modelDirectory = join(root, "model", directory);
    const sealed = await sealPackage({ modelDirectory, output, wrapKey, signingKeyPem: owner.privateKeyPem, model });
    assert.match(sealed.files[0]?.path ?? "", new RegExp(`^models/demo/${version}/`));
  }
});

test("version directories with leading zeros are stored under their number", async (t) => {
  const root = await modelWith(t, { "00000123/saved_model.pb": "graph" });
  const options = { modelDirectory: join(root, "model"), output: join(root, "package"), wrapKey, model };
  const sealed = await sealPackage({ ...options, signingKeyPem: owner.privateKeyPem });
  assert.equal(sealed.files[0]?.path, "models/demo/123/saved_model.pb");
});

test("an empty output directory may exist", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  await mkdir(join(root, "package"));
  const options = { modelDirectory: join(root, "model"), output: join(root, "package"), wrapKey, model };
  await sealPackage({ ...options, signingKeyPem: owner.privateKeyPem });
  assert.ok((await readdir(join(root, "package"))).includes("manifest.sig"));
});

test("progress counts the whole model", async (t) => {
  const seen: Progress[] = [];
  await sealedPackage(t, { onProgress: (progress) => seen.push(progress) });
  const total = Object.values(MODEL_FILES).reduce((size, content) => size + content.length, 0);
  assert.ok(seen.every((progress, index) => progress.total === total && progress.done >= (seen[index - 1]?.done ?? 0)));
  assert.equal(seen.at(-1)?.done, total);
});

test("a missing model directory is named", async (t) => {
  const root = await scratchDirectory(t);
  await assertNotSealed(root, {}, { code: "model-directory-missing", message: /model" is not a directory/ });
  await writeFile(join(root, "model"), "a file");
  await assertNotSealed(root, {}, { code: "model-directory-missing" });
});

test("a directory without a model is refused", async (t) => {
  const root = await scratchDirectory(t);
  await mkdir(join(root, "model", "1"), { recursive: true });
  await assertNotSealed(root, {}, { code: "model-empty", message: /model\/1" holds no model/ });
  await assertNotSealed(root, { modelDirectory: join(root, "model", "1") }, { code: "model-empty" });
  await writeFiles(join(root, "model"), { "1/notes.txt": "", "1/deep/saved_model.pb": "" });
  await assertNotSealed(root, {}, { code: "model-empty" });
});

test("names that are no versions are left out and told", async (t) => {
  const extra = { "config.pbtxt": "", "old/model.onnx": "graph", "-1/model.onnx": "graph" };
  const root = await modelWith(t, { ...MODEL_FILES, ...extra });
  const sealed = await sealPackage({
    modelDirectory: join(root, "model"),
    output: join(root, "sealed"),
    wrapKey,
    signingKeyPem: owner.privateKeyPem,
    model,
  });
  assert.deepEqual([...sealed.leftOut].sort(), ["-1", "config.pbtxt", "old"]);
  assert.ok(sealed.files.every(({ path }) => /^models\/demo\/\d+\//.test(path)));
});

test("a directory with nothing but other names is refused", async (t) => {
  for (const files of [{ "old/model.onnx": "graph" }, { "9223372036854775808/model.onnx": "graph" }]) {
    await assertNotSealed(await modelWith(t, files), {}, { code: "model-empty" });
  }
});

test("the same version twice is refused, not skipped", async (t) => {
  const root = await modelWith(t, { "1/model.onnx": "graph", "001/model.onnx": "graph" });
  await assertNotSealed(root, {}, { code: "model-layout" });
});

test("links and special files are refused, not followed", async (t) => {
  const root = await modelWith(t, { ...MODEL_FILES, outside: "secret" });
  await rename(join(root, "model", "outside"), join(root, "outside"));
  await symlink(join(root, "outside"), join(root, "model", "1", "assets"));
  await assertNotSealed(root, {}, { code: "symlink", message: /1\/assets" is a symbolic link/ });
  const other = await modelWith(t, MODEL_FILES);
  spawnSync("mkfifo", [join(other, "model", "1", "pipe")]);
  await assertNotSealed(other, {}, { code: "not-a-regular-file", message: /1\/pipe/ });
  const linked = await modelWith(t, MODEL_FILES);
  await symlink("1", join(linked, "model", "3"));
  await assertNotSealed(linked, {}, { code: "model-layout" });
});

test("a file that is encrypted already is refused: a package is all or nothing", async (t) => {
  const encrypted = encryptBytes(Buffer.from("weights"), { wrapKey, embeddedPath: "a" });
  const root = await modelWith(t, { ...MODEL_FILES, "2/variables/variables.index": encrypted });
  await assertNotSealed(root, {}, { code: "already-encrypted", message: /2\/variables\/variables\.index/ });
});

test("names that clash where case does not count are refused", async (t) => {
  for (const [one, other] of [
    ["Labels.txt", "labels.TXT"],
    ["caf\u00e9", "cafe\u0301"],
    ["Assets/a", "assets/b"],
  ] as const) {
    const root = await modelWith(t, { "1/model.onnx": "graph", [`1/${one}`]: "", [`1/${other}`]: "" });
    await assertNotSealed(root, {}, { code: "path-clash" });
  }
});

test("names that are not safe everywhere are refused", async (t) => {
  for (const name of ["a\\b", "a\nb", "a\u0085", `${"n".repeat(255)}/`.repeat(4).slice(0, -1)]) {
    const root = await modelWith(t, { "1/model.onnx": "graph", [`1/${name}`]: "" });
    await assertNotSealed(root, {}, { code: "unsafe-path" });
  }
});

test("more files than a package may have are refused", async (t) => {
  const root = await modelWith(t, { "1/model.onnx": "graph" });
  const directory = join(root, "model", "1");
  for (let index = 0; index < 10_000; index++) {
    writeFileSync(join(directory, `part-${index}`), "");
  }
  await assertNotSealed(root, {}, { code: "too-many-files" });
});

test("an output that holds anything, or lies in the model, is refused", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  await writeFiles(root, { "full/file": "precious", plain: "file" });
  await assertNotSealed(root, { output: join(root, "full") }, { code: "output-exists", message: /full/ });
  await assertNotSealed(root, { output: join(root, "plain") }, { code: "output-exists" });
  await assertNotSealed(root, { output: join(root, "model", "3") }, { code: "invalid-argument", message: /inside/ });
  await assertNotSealed(root, { output: join(root, "none", "package") }, { code: "output-failed" });
});

test("a link that takes a file's place after the listing is refused", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  await writeFile(join(root, "outside"), "secret");
  const files = Object.keys(MODEL_FILES).map((path) => join(root, "model", path));
  const onProgress = () => {
    for (const file of files) {
      rmSync(file);
      symlinkSync(join(root, "outside"), file);
    }
  };
  await assertNotSealed(root, { onProgress }, { code: "symlink" });
});

test("a seal that is stopped leaves nothing behind", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  const stop = new Error("stopped");
  const before = await readdir(root);
  const onProgress = ({ done }: Progress) => {
    if (done > 300_000) {
      throw stop;
    }
  };
  const options = { modelDirectory: join(root, "model"), output: join(root, "package"), wrapKey, model };
  await assert.rejects(sealPackage({ ...options, signingKeyPem: owner.privateKeyPem, onProgress }), stop);
  assert.deepEqual(await readdir(root), before);
});

test("keys that are none are refused before anything is made", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  await assertNotSealed(root, { wrapKey: new Uint8Array(32) }, { code: "wrap-key-size" });
  for (const signingKeyPem of ["", owner.publicKeyPem, (await tlsPair()).keyPem]) {
    await assertNotSealed(root, { signingKeyPem }, { code: "owner-key-invalid" });
  }
});

test("a TLS key and certificate that do not belong together are refused", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  const [one, other] = [await tlsPair(), await tlsPair()];
  const wrong = { keyPem: one.keyPem, certificatePem: other.certificatePem };
  await assertNotSealed(root, { tls: wrong }, { code: "tls-invalid", message: /belongs to another key/ });
  await assertNotSealed(root, { tls: { ...one, keyPem: "no key" } }, { code: "tls-invalid", message: /TLS key/ });
  await assertNotSealed(root, { tls: { ...one, certificatePem: "" } }, { code: "tls-invalid", message: /certificate/ });
  const swapped = { keyPem: one.certificatePem, certificatePem: one.keyPem };
  await assertNotSealed(root, { tls: swapped }, { code: "tls-invalid" });
});

test("names and versions that cannot be a model's are refused", async (t) => {
  const root = await modelWith(t, MODEL_FILES);
  for (const name of ["", ".", "..", "a/b", "a:b", "-a", "a b", "é", "n".repeat(129)]) {
    await assertNotSealed(root, { model: { name, version: 1 } }, { code: "invalid-argument" });
  }
  for (const version of [0, -1, 1.5, Number.NaN, 2 ** 53, 2n ** 53n, "", "1e3", "0x10", " 1", "v1"]) {
    await assertNotSealed(root, { model: { name: "demo", version } }, { code: "invalid-argument" });
  }
});

test("a package version may be a number, a bigint or a decimal text", async (t) => {
  for (const version of [12, 12n, "12", Number.MAX_SAFE_INTEGER]) {
    const { directory, open } = await sealedPackage(t, { model: { name: "demo", version } });
    assert.equal((await openPackage(directory, open)).manifest.model.version, Number(version));
  }
});

test("another owner's signature is not this owner's", async (t) => {
  const other = generateOwnerKey();
  const { directory, open } = await sealedPackage(t, { signingKeyPem: other.privateKeyPem });
  await assert.rejects(openPackage(directory, open), { code: "signature-invalid" });
  await openPackage(directory, { ...open, ownerPublicKeyPem: other.publicKeyPem });
});
