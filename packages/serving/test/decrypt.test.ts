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
import { decryptTlsPair, decryptVersion, wipeAll } from "../src/node/decrypt.ts";
import { choosePackagedVersions } from "../src/node/packaged-versions.ts";
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

const never = new AbortController().signal;
const latest = (count: number) => ({ kind: "latest", count }) as const;

test("the versions that the policy picks are decrypted, newest first, with their files by path", async () => {
  const opened = await openVersions("versions", ["2", "10", "9007199254740993"]);
  const chosen = choosePackagedVersions(opened.manifest, latest(2));
  assert.deepEqual(
    chosen.map(({ version }) => version),
    [9007199254740993n, 10n],
  );
  const files =
    chosen[1] === undefined ? new Map<string, Uint8Array>() : await decryptVersion(opened, chosen[1], never);
  const texts = [...files].map(([path, content]) => [path, Buffer.from(content).toString()]);
  assert.deepEqual(Object.fromEntries(texts), {
    "saved_model.pb": "model 10",
    "variables/variables.index": "index 10",
  });
  assert.equal(choosePackagedVersions(opened.manifest, latest(9)).length, 3);
  assert.equal(choosePackagedVersions(opened.manifest, { kind: "all" }).length, 3);
  const [only, ...others] = choosePackagedVersions(opened.manifest, { kind: "specific", versions: [2n] });
  assert.deepEqual([only?.version, others], [2n, []]);
});

test("nothing more is decrypted for a version that is given up", async () => {
  const opened = await openVersions("given-up", ["1"]);
  const [packaged] = choosePackagedVersions(opened.manifest, latest(1));
  const stop = new AbortController();
  const read = opened.read.bind(opened);
  const contents: Uint8Array[] = [];
  opened.read = async (path) => {
    stop.abort(new Error("given up"));
    const content = await read(path);
    contents.push(content);
    return content;
  };
  assert.ok(packaged !== undefined && packaged.files.size > 1);
  await assert.rejects(decryptVersion(opened, packaged, stop.signal), /given up/);
  assert.deepEqual([contents.length, contents[0]?.every((byte) => byte === 0)], [1, true]);
});

test("a version that the policy names and the package lacks is refused", async () => {
  const { manifest } = await openVersions("lacking", ["1"]);
  const specific = { kind: "specific", versions: [1n, 7n] } as const;
  assert.throws(() => choosePackagedVersions(manifest, specific), {
    code: "no-model-version",
    message: /no version 7 /,
  });
});

test("a package without its TLS pair is refused before anything is decrypted", async () => {
  await assert.rejects(decryptTlsPair(await openVersions("bare", ["1"], false)), withCode("tls-files-missing"));
});

test("a package with two TLS keys is refused: nobody can say which one is meant", async () => {
  const { manifest } = await openVersions("two-keys", ["1"]);
  const files = manifest.files.flatMap((file) => (file.role === "tls-key" ? [file, file] : [file]));
  const read = (): never => assert.fail("nothing is to be decrypted");
  const twice = Object.assign(Object.create(null), { manifest: { ...manifest, files }, read });
  await assert.rejects(decryptTlsPair(twice), withCode("tls-files-missing"));
});

test("a package without a numbered version is refused", async () => {
  const { manifest } = await openVersions("none", ["1"]);
  const files = manifest.files.filter(({ role }) => role !== "model");
  assert.throws(() => choosePackagedVersions({ ...manifest, files }, latest(1)), withCode("no-model-version"));
});

test("wiping leaves no plaintext, and does not trip over buffers that were handed over", async () => {
  const opened = await openVersions("wiped", ["1"]);
  const [packaged] = choosePackagedVersions(opened.manifest, latest(1));
  assert.ok(packaged !== undefined);
  const files = await decryptVersion(opened, packaged, never);
  const handedOver = files.get("saved_model.pb");
  assert.ok(handedOver?.buffer instanceof ArrayBuffer);
  structuredClone(handedOver.buffer, { transfer: [handedOver.buffer] });
  wipeAll(files.values());
  assert.ok(files.get("variables/variables.index")?.every((byte) => byte === 0));
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
