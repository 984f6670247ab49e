import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import { encodeManifest, type Manifest, parseManifest } from "../../src/package/manifest.ts";
import { openPackage } from "../../src/package/open.ts";
import { signManifest } from "../../src/package/signature.ts";
import { verifyManifest } from "../../src/package/verify-manifest.ts";
import { owner, resign, sealedPackage, signText } from "./fixtures.ts";

const file = { path: "models/demo/1/model.onnx", role: "model", size: 4096, sha256: "ab".repeat(32) } as const;
const manifest: Manifest = {
  format: "sealserve-package-1",
  model: { name: "demo", version: 7 },
  createdAt: "2026-01-31T12:00:00.000Z",
  files: [file],
};
const tlsKey = { ...file, path: "tls/server.key", role: "tls-key" } as const;
const tlsCertificate = { ...file, path: "tls/server.crt", role: "tls-certificate" } as const;

/** The manifest above with some members replaced; undefined leaves a member out. */
function changed(members: Readonly<Record<string, unknown>>): Uint8Array {
  return encodeUtf8(JSON.stringify({ ...manifest, ...members }));
}

/** The manifest above with other files; undefined leaves a member out. */
function withFiles(...files: readonly Readonly<Record<string, unknown>>[]): Uint8Array {
  return changed({ files: files.map((other) => ({ ...file, ...other })) });
}

test("a manifest comes back as it was, members in their fixed order", () => {
  const full = { ...manifest, files: [file, tlsCertificate, tlsKey] };
  const bytes = encodeManifest(full);
  assert.deepEqual(parseManifest(bytes), full);
  const names = [...new TextDecoder().decode(bytes).matchAll(/"(\w+)":/g)].map((match) => match[1]);
  const perFile = ["path", "role", "size", "sha256"];
  assert.deepEqual(names, [
    "format",
    "model",
    "name",
    "version",
    "createdAt",
    "files",
    ...perFile,
    ...perFile,
    ...perFile,
  ]);
});

for (const [what, members] of [
  ["another format", { format: "sealserve-package-2" }],
  ["no format", { format: undefined }],
  ["an unknown member", { extra: 1 }],
  ["a member with a prototype's name", { constructor: 1 }],
  ["a model that is text", { model: "demo" }],
  ["an unknown member of the model", { model: { ...manifest.model, owner: "me" } }],
  ["no model name", { model: { version: 7 } }],
  ["a model name with a slash", { model: { name: "a/b", version: 7 } }],
  ["version 0", { model: { name: "demo", version: 0 } }],
  ["a version that is text", { model: { name: "demo", version: "7" } }],
  ["a broken version", { model: { name: "demo", version: 7.5 } }],
  ["no time", { createdAt: undefined }],
  ["a time with a zone", { createdAt: "2026-01-31T12:00:00+01:00" }],
  ["a day that does not exist", { createdAt: "2026-02-31T12:00:00.000Z" }],
  ["no files", { files: [] }],
  ["files that are no list", { files: { length: 1 } }],
  ["a file that is text", { files: ["models/demo/1/model.onnx"] }],
] as const) {
  test(`a manifest with ${what} is refused`, () => {
    assert.throws(() => parseManifest(changed(members)), { code: "manifest-invalid" });
  });
}

for (const [what, files] of [
  ["an unknown member of a file", [{ key: "k" }]],
  ["a file without role", [{ role: undefined }]],
  ["a file without path", [{ path: undefined }]],
  ["an unknown role", [{ role: "script" }]],
  ["a role with a prototype's name", [{ role: "toString" }]],
  ["a size that is no whole number of nodes", [{ size: 4097 }]],
  ["size 0", [{ size: 0 }]],
  ["a negative size", [{ size: -4096 }]],
  ["a size that is text", [{ size: "4096" }]],
  ["a digest in upper case", [{ sha256: "AB".repeat(32) }]],
  ["a short digest", [{ sha256: "ab".repeat(31) }]],
  ["a model file of another model", [{ path: "models/other/1/model.onnx" }]],
  ["a model file without version", [{ path: "models/demo/model.onnx" }]],
  ["a version with leading zeros", [{ path: "models/demo/01/model.onnx" }]],
  ["a model file in the TLS directory", [{ path: "tls/model.onnx" }]],
  ["a TLS key among the model files", [file, { ...tlsKey, path: "models/demo/1/server.key" }]],
  ["a TLS key without certificate", [file, tlsKey]],
  ["a TLS certificate without key", [file, tlsCertificate]],
  ["TLS files only", [tlsCertificate, tlsKey]],
  ["files out of order", [{ path: "models/demo/2/model.onnx" }, file]],
] as const) {
  test(`a manifest with ${what} is refused`, () => {
    assert.throws(() => parseManifest(withFiles(...files)), { code: "manifest-invalid" });
  });
}

for (const path of [
  "../manifest.json",
  "models/demo/1/../../../../etc/passwd",
  "models/demo/1/./model.onnx",
  "/etc/passwd",
  "models/demo/1//model.onnx",
  "models/demo/1/",
  "",
  "models\\demo\\1\\model.onnx",
  "models/demo/1/a\u0000b",
  "models/demo/1/a\nb",
  `models/demo/1/${"n".repeat(771)}`,
]) {
  test(`a manifest with the path ${JSON.stringify(path).slice(0, 60)} is refused`, () => {
    assert.throws(() => parseManifest(withFiles({ path })), { code: "unsafe-path" });
  });
}

for (const [what, one, other] of [
  ["twice the same path", "model.onnx", "model.onnx"],
  ["paths that differ in case", "MODEL.onnx", "model.onnx"],
  ["paths that differ in the composition of a letter", "e\u0301", "\u00e9"],
  ["a file where a directory must be", "a", "a/b"],
] as const) {
  test(`a manifest with ${what} is refused`, () => {
    const files = [one, other].map((name) => ({ path: `models/demo/1/${name}` }));
    assert.throws(() => parseManifest(withFiles(...files)), { code: "path-clash" });
  });
}

test("a manifest with too many files is refused", () => {
  const files = Array.from({ length: 10_001 }, (_, index) => ({ path: `models/demo/1/${index}` }));
  assert.throws(() => parseManifest(withFiles(...files)), { code: "too-many-files" });
});

for (const [what, text] of [
  ["two members of one name", '{"format":"sealserve-package-1","format":"sealserve-package-1"}'],
  ["text behind its end", `${new TextDecoder().decode(encodeManifest(manifest))}{}`],
  ["no JSON in it", "manifest"],
  ["nothing in it", ""],
  ["deep nesting", `${"[".repeat(50)}${"]".repeat(50)}`],
  ["a list at the top", "[]"],
  ["null at the top", "null"],
] as const) {
  test(`a manifest with ${what} is refused, even with the owner's signature`, async (t) => {
    const { directory, open } = await sealedPackage(t);
    await signText(directory, text);
    await assert.rejects(openPackage(directory, open), { code: "manifest-invalid" });
  });
}

test("a manifest that is not UTF-8 is refused", () => {
  const bytes = encodeManifest(manifest);
  bytes[bytes.indexOf(0x64)] = 0xff;
  assert.throws(() => parseManifest(bytes), { code: "manifest-invalid" });
});

test("a manifest is verified as the bytes it is, in any layout", async (t) => {
  const { directory, open } = await sealedPackage(t);
  await resign(directory, (files) => [...files]);
  const text = await readFile(join(directory, "manifest.json"), "utf8");
  assert.equal(text.includes("\n"), false);
  await openPackage(directory, open);
});

test("the signature comes first: an unsigned manifest is not even parsed", () => {
  const ownerPublicKeyPem = owner.publicKeyPem;
  const signature = signManifest(encodeManifest(manifest), owner.privateKeyPem);
  assert.equal(verifyManifest(encodeManifest(manifest), signature, { ownerPublicKeyPem }).manifest.model.version, 7);
  assert.throws(() => verifyManifest(encodeUtf8("{"), signature, { ownerPublicKeyPem }), { code: "signature-invalid" });
});
