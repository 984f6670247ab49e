import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  generateOwnerKey,
  generateWrapKey,
  type OpenedPackage,
  openPackage,
  sealPackage,
} from "@sealserve/encrypted-files";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { NodeError, type NodeErrorCode } from "../src/errors.ts";
import { chooseVersions } from "../src/node/choose-versions.ts";
import { decryptPackage, wipePackage } from "../src/node/decrypt.ts";
import { checkTlsMaterial } from "../src/transport/tls.ts";

let directory: string;
let authority: TestAuthority;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-decrypt-"));
  authority = await createAuthority();
});

after(async () => await rm(directory, { recursive: true }));

async function openVersions(name: string, versions: readonly string[], withTls = true): Promise<OpenedPackage> {
  const modelDirectory = join(directory, `${name}-model`);
  for (const version of versions) {
    await mkdir(join(modelDirectory, version, "variables"), { recursive: true });
    await writeFile(join(modelDirectory, version, "saved_model.pb"), `model ${version}`);
    await writeFile(join(modelDirectory, version, "variables", "variables.index"), `index ${version}`);
  }
  const owner = generateOwnerKey();
  const wrapKey = generateWrapKey();
  const output = join(directory, name);
  await sealPackage({
    modelDirectory,
    output,
    wrapKey,
    signingKeyPem: owner.privateKeyPem,
    model: { name: "m", version: 1 },
    tls: withTls ? await authority.issue() : undefined,
  });
  return await openPackage(output, { wrapKey, ownerPublicKeyPem: owner.publicKeyPem });
}

function withCode(code: NodeErrorCode) {
  return (error: unknown): boolean => error instanceof NodeError && error.code === code;
}

test("the newest versions by number are decrypted, with their files by path", async () => {
  const opened = await openVersions("versions", ["2", "10", "9007199254740993"]);
  const { versions } = await decryptPackage(opened, 2);
  assert.deepEqual(
    versions.map(({ version }) => version),
    [9007199254740993n, 10n],
  );
  const files = versions[1]?.files ?? new Map<string, Uint8Array>();
  const texts = [...files].map(([path, content]) => [path, Buffer.from(content).toString()]);
  assert.deepEqual(Object.fromEntries(texts), {
    "saved_model.pb": "model 10",
    "variables/variables.index": "index 10",
  });
  assert.equal(chooseVersions(opened.manifest, 9).length, 3);
});

test("a package without its TLS pair is refused before anything is decrypted", async () => {
  await assert.rejects(decryptPackage(await openVersions("bare", ["1"], false), 1), withCode("tls-files-missing"));
});

test("a package without a numbered version is refused", async () => {
  const { manifest } = await openVersions("none", ["1"]);
  const files = manifest.files.filter(({ role }) => role !== "model");
  assert.throws(() => chooseVersions({ ...manifest, files }, 1), withCode("no-model-version"));
});

test("wiping leaves no plaintext, and does not trip over buffers that were handed over", async () => {
  const decrypted = await decryptPackage(await openVersions("wiped", ["1"]), 1);
  const [version] = decrypted.versions;
  const handedOver = version?.files.get("saved_model.pb");
  assert.ok(handedOver?.buffer instanceof ArrayBuffer);
  structuredClone(handedOver.buffer, { transfer: [handedOver.buffer] });
  wipePackage(decrypted);
  assert.ok(decrypted.tls.key.every((byte) => byte === 0));
  assert.ok(version?.files.get("variables/variables.index")?.every((byte) => byte === 0));
});

test("a TLS key that does not belong to its certificate is refused without a word of the key", async () => {
  const [one, other] = [await authority.issue(), await authority.issue()];
  checkTlsMaterial(one);
  for (const key of [other.key, Buffer.from("not a key")]) {
    assert.throws(
      () => checkTlsMaterial({ key, certificate: one.certificate }),
      (error) => {
        assert.ok(error instanceof NodeError && error.cause === undefined);
        return withCode("tls-files-unusable")(error);
      },
    );
  }
});
