import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { cp, link, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { encryptBytes } from "../../src/bytes.ts";
import { EncryptedContent } from "../../src/encrypted-content.ts";
import { openPackage } from "../../src/package/open.ts";
import { generateOwnerKey } from "../../src/package/owner-key.ts";
import { sealPackage } from "../../src/package/seal.ts";
import { generateWrapKey } from "../../src/wrap-key.ts";
import { flipped, sampleBytes } from "../scratch.ts";
import { MODEL_FILES, model, owner, resign, sealedPackage, wrapKey } from "./fixtures.ts";

const ONE = "models/demo/1/saved_model.pb";
const TWO = "models/demo/2/saved_model.pb";

/** A package that a test changes, and what opening it then says. */
async function changedPackage(t: TestContext, change: (directory: string) => Promise<unknown>) {
  const { root, directory, open } = await sealedPackage(t);
  await change(directory);
  return { root, directory, open, opening: () => openPackage(directory, open) };
}

test("a package gives back the model, version by version", async (t) => {
  const { directory, sealed, open } = await sealedPackage(t);
  const expected = { manifestDigest: sealed.manifestDigest, modelName: "demo", minimumVersion: 7 };
  const opened = await openPackage(directory, { ...open, ...expected });
  assert.equal(opened.manifestDigest, sealed.manifestDigest);
  assert.deepEqual(opened.manifest.model, model);
  const versions = await opened.modelFiles();
  assert.deepEqual([...versions.keys()].toSorted(), ["1", "2"]);
  const paths = [...versions].flatMap(([version, files]) => [...files.keys()].map((path) => `${version}/${path}`));
  assert.deepEqual(paths.toSorted(), Object.keys(MODEL_FILES).toSorted());
  for (const [path, content] of Object.entries(MODEL_FILES)) {
    const found = versions.get(path.slice(0, 1))?.get(path.slice(2)) ?? assert.fail(path);
    assert.equal(Buffer.compare(found, content), 0);
  }
});

test("TLS files are no model files", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const opened = await openPackage(directory, open);
  await assert.rejects(opened.read("tls/server.key"), { code: "file-unlisted" });
  await assert.rejects(opened.read("manifest.json"), { code: "file-unlisted" });
  await assert.rejects(opened.read(`./${ONE}`), { code: "file-unlisted" });
});

test("any changed bit of the manifest is refused by its signature", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const path = join(directory, "manifest.json");
  const bytes = await readFile(path);
  const text = bytes.toString();
  // One place of each kind: structure, white space, format, name, version, time, path, role, size, digest, last byte.
  const marks = ["{", " ", "package-1", "demo", "7", "Z", "saved", "model", "size", "sha256", "}\n"];
  const offsets = [...marks.map((mark) => text.indexOf(mark)), bytes.length - 1];
  for (const offset of offsets) {
    assert.ok(offset >= 0);
    await writeFile(path, flipped(bytes, offset));
    await assert.rejects(openPackage(directory, open), { code: "signature-invalid" });
  }
  for (const changed of [`${text}\n`, text.trimEnd(), JSON.stringify(JSON.parse(text)), ""]) {
    await writeFile(path, changed);
    await assert.rejects(openPackage(directory, open), { code: "signature-invalid" });
  }
});

test("any changed, cut, extended or missing signature is refused", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const path = join(directory, "manifest.sig");
  const text = await readFile(path, "utf8");
  const swapped = text.startsWith("A") ? `B${text.slice(1)}` : `A${text.slice(1)}`;
  for (const changed of [
    swapped,
    text.slice(4),
    `AAAA${text}`,
    `${text}\n`,
    ` ${text}`,
    text.replace("=", ""),
    "",
    "\u00ff",
  ]) {
    await writeFile(path, changed);
    await assert.rejects(openPackage(directory, open), { code: "signature-invalid" }, JSON.stringify(changed));
  }
  await rm(path);
  await assert.rejects(openPackage(directory, open), { code: "manifest-missing", message: /manifest\.sig/ });
});

test("a signature that was made for something else is refused", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const bytes = await readFile(join(directory, "manifest.json"));
  const withoutLabel = sign(null, bytes, owner.privateKeyPem).toString("base64");
  await writeFile(join(directory, "manifest.sig"), `${withoutLabel}\n`);
  await assert.rejects(openPackage(directory, open), { code: "signature-invalid" });
});

test("a package of another owner is refused, and so is a key that is no owner's public key", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const other = generateOwnerKey();
  await assert.rejects(openPackage(directory, { ...open, ownerPublicKeyPem: other.publicKeyPem }), {
    code: "signature-invalid",
  });
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const foreign = publicKey.export({ type: "spki", format: "pem" }).toString();
  for (const ownerPublicKeyPem of ["", "no key", owner.privateKeyPem, foreign]) {
    await assert.rejects(openPackage(directory, { ...open, ownerPublicKeyPem }), { code: "owner-key-invalid" });
  }
});

test("a package with another digest than the broker stated is refused", async (t) => {
  const { directory, sealed, open } = await sealedPackage(t);
  const manifestDigest = sealed.manifestDigest;
  await openPackage(directory, { ...open, manifestDigest: manifestDigest.toUpperCase() });
  for (const wrong of [(await sealedPackage(t)).sealed.manifestDigest, "", manifestDigest.slice(0, 62)]) {
    await assert.rejects(openPackage(directory, { ...open, manifestDigest: wrong }), {
      code: "manifest-digest-mismatch",
      actual: manifestDigest,
    });
  }
});

test("an older package than the owner allows is refused", async (t) => {
  const { directory, open } = await sealedPackage(t);
  await openPackage(directory, { ...open, minimumVersion: 6 });
  for (const minimumVersion of [8, Number.MAX_SAFE_INTEGER, Number.NaN]) {
    await assert.rejects(openPackage(directory, { ...open, minimumVersion }), { code: "version-too-old" });
  }
});

test("the previous package in the place of the current one is refused", async (t) => {
  const { root, modelDirectory, directory, open } = await sealedPackage(t);
  const next = { modelDirectory, output: join(root, "next"), wrapKey, signingKeyPem: owner.privateKeyPem };
  const { manifestDigest } = await sealPackage({ ...next, model: { name: "demo", version: 8 } });
  await openPackage(join(root, "next"), { ...open, manifestDigest, minimumVersion: 8 });
  await rm(join(root, "next"), { recursive: true });
  await cp(directory, join(root, "next"), { recursive: true });
  await assert.rejects(openPackage(join(root, "next"), { ...open, minimumVersion: 8 }), { code: "version-too-old" });
  await assert.rejects(openPackage(join(root, "next"), { ...open, manifestDigest }), {
    code: "manifest-digest-mismatch",
  });
});

test("a package of another model is refused", async (t) => {
  const { directory, open } = await sealedPackage(t);
  for (const modelName of ["other", "Demo", "dem", ""]) {
    await assert.rejects(openPackage(directory, { ...open, modelName }), { code: "model-name-mismatch" });
  }
});

test("two files of the same size that changed places are refused", async (t) => {
  const { opening } = await changedPackage(t, async (directory) => {
    await rename(join(directory, ONE), join(directory, "x"));
    await rename(join(directory, TWO), join(directory, ONE));
    await rename(join(directory, "x"), join(directory, TWO));
  });
  const opened = await opening();
  await assert.rejects(opened.read(ONE), { code: "file-digest-mismatch", message: /saved_model\.pb/ });
  await assert.rejects(opened.modelFiles(), { code: "file-digest-mismatch" });
});

test("a hard link to another file of the package is refused", async (t) => {
  const { opening } = await changedPackage(t, async (directory) => {
    await rm(join(directory, ONE));
    await link(join(directory, TWO), join(directory, ONE));
  });
  await assert.rejects((await opening()).read(ONE), { code: "file-digest-mismatch" });
});

test("any changed bit of a file is refused, even where its own format would not notice", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const path = join(directory, ONE);
  const bytes = await readFile(path);
  const opened = await openPackage(directory, open);
  for (const offset of [0, 8, 9, 42, 100, 4000, 4096, 9000, bytes.length - 1]) {
    await writeFile(path, flipped(bytes, offset));
    await assert.rejects(opened.read(ONE), { code: "file-digest-mismatch" });
  }
  await writeFile(path, bytes);
  assert.equal((await opened.read(ONE)).length, 5000);
  await assert.rejects(opened.read(ONE, { threads: -1 }), { code: "invalid-argument" });
});

test("a file that is exchanged after the package was opened is refused when it is read", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const opened = await openPackage(directory, open);
  const path = join(directory, ONE);
  await writeFile(path, encryptBytes(sampleBytes(5000, 9), { wrapKey, embeddedPath: ONE }));
  await assert.rejects(opened.read(ONE), { code: "file-digest-mismatch" });
  await truncate(path, 4096);
  await assert.rejects(opened.read(ONE), { code: "file-size-mismatch", expected: "12288 bytes", actual: "4096 bytes" });
  await rm(path);
  await assert.rejects(opened.read(ONE), { code: "file-missing" });
  await symlink(join(directory, TWO), path);
  await assert.rejects(opened.read(ONE), { code: "symlink" });
  await rm(path);
  spawnSync("mkfifo", [path]);
  await assert.rejects(opened.read(ONE), { code: "not-a-regular-file" });
});

for (const [what, code, change] of [
  ["an added file", "file-unlisted", (d: string) => writeFile(join(d, "models/demo/1/extra"), "")],
  ["an added file at the top", "file-unlisted", (d: string) => writeFile(join(d, "run.sh"), "")],
  ["a hidden file", "file-unlisted", (d: string) => writeFile(join(d, "models/.DS_Store"), "")],
  ["an added directory", "file-unlisted", (d: string) => mkdir(join(d, "models/demo/3"))],
  ["a removed file", "file-missing", (d: string) => rm(join(d, ONE))],
  ["a removed directory", "file-missing", (d: string) => rm(join(d, "models/demo/2"), { recursive: true })],
  ["a directory in place of a file", "file-unlisted", (d: string) => rm(join(d, ONE)).then(() => mkdir(join(d, ONE)))],
  ["a cut file", "file-size-mismatch", (d: string) => truncate(join(d, ONE), 8192)],
  ["an extended file", "file-size-mismatch", (d: string) => truncate(join(d, ONE), 16384)],
  ["a link in place of a file", "symlink", (d: string) => relink(join(d, ONE), join(d, TWO))],
  ["a link in place of a directory", "symlink", (d: string) => relink(join(d, "models/demo/2"), "/tmp")],
  ["an added link", "symlink", (d: string) => symlink("/etc", join(d, "models/etc"))],
  ["a pipe", "not-a-regular-file", async (d: string) => spawnSync("mkfifo", [join(d, "models/pipe")])],
  [
    "a file under another case",
    "file-unlisted",
    (d: string) => rename(join(d, ONE), join(d, ONE.replace("saved", "SAVED"))),
  ],
  ["no manifest", "manifest-missing", (d: string) => rm(join(d, "manifest.json"))],
  ["a manifest that is a link", "symlink", (d: string) => relink(join(d, "manifest.json"), "/etc/hostname")],
  ["a manifest of 17 MiB", "manifest-too-large", (d: string) => truncate(join(d, "manifest.json"), 17 * 1024 * 1024)],
  ["a signature of 1 MiB", "manifest-too-large", (d: string) => truncate(join(d, "manifest.sig"), 1024 * 1024)],
] as const) {
  test(`a package with ${what} is refused`, async (t) => {
    const { opening } = await changedPackage(t, change);
    await assert.rejects(opening(), { code });
  });
}

test("a directory that is missing or no package is named", async (t) => {
  const { root, open } = await sealedPackage(t);
  await assert.rejects(openPackage(join(root, "none"), open), { code: "manifest-missing", message: /none/ });
  await assert.rejects(openPackage(join(root, "model"), open), { code: "manifest-missing" });
});

test("another wrap key opens the manifest, but no file", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const opened = await openPackage(directory, { ...open, wrapKey: generateWrapKey() });
  await assert.rejects(opened.read(ONE), { code: "authentication-failed", message: /saved_model\.pb/ });
  await assert.rejects(openPackage(directory, { ...open, wrapKey: new Uint8Array(8) }), { code: "wrap-key-size" });
});

test("a plaintext file that the owner signed by mistake is refused", async (t) => {
  const plain = sampleBytes(12288);
  const { opening } = await changedPackage(t, async (directory) => {
    await writeFile(join(directory, ONE), plain);
    const sha256 = createHash("sha256").update(plain).digest("hex");
    await resign(directory, (files) => files.map((file) => (file.path === ONE ? { ...file, sha256 } : file)));
  });
  await assert.rejects((await opening()).read(ONE), { code: "invalid-header" });
});

test("an encrypted file that was made for another place is refused, even when the owner signed it there", async (t) => {
  const { opening } = await changedPackage(t, async (directory) => {
    await cp(join(directory, TWO), join(directory, ONE));
    await resign(directory, (files) => {
      const sha256 = files.find(({ path }) => path === TWO)?.sha256 ?? assert.fail();
      return files.map((file) => (file.path === ONE ? { ...file, sha256 } : file));
    });
  });
  await assert.rejects((await opening()).read(ONE), { code: "invalid-path" });
});

async function relink(path: string, target: string): Promise<void> {
  await rm(path, { recursive: true });
  await symlink(target, path);
}

test("plaintext is overwritten when the file is not the signed one after all, and when it is not wanted any more", async (t) => {
  const { directory, open } = await sealedPackage(t);
  const opened = await openPackage(directory, open);
  const { mock } = t.mock.method(EncryptedContent.prototype, "readAll");
  const bytes = await readFile(join(directory, ONE));
  // The last byte of the first node is filling: neither key nor tag covers it.
  await writeFile(join(directory, ONE), flipped(bytes, 4095));
  await assert.rejects(opened.read(ONE), { code: "file-digest-mismatch" });
  await writeFile(join(directory, ONE), bytes);
  assert.ok((await opened.read(ONE)).some((byte) => byte !== 0));
  const plaintexts = await Promise.all(mock.calls.map(({ result }) => Promise.resolve(result ?? new Uint8Array())));
  assert.deepEqual(
    plaintexts.map((plaintext) => plaintext.some((byte) => byte !== 0)),
    [false, true],
  );
  for (const { this: content } of mock.calls) {
    const start = await (content as EncryptedContent).read(0, 3000);
    assert.ok(
      start.every((byte) => byte === 0),
      "its keys and first bytes are gone",
    );
  }
  const stop = new AbortController();
  stop.abort(new Error("not wanted"));
  await assert.rejects(opened.read(ONE, { signal: stop.signal }), /not wanted/);
  await assert.rejects(Promise.resolve(mock.calls[2]?.result), /not wanted/);
});
