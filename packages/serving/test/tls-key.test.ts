/** No private key of the ports stays in memory with a start or a reload that fails (threat C10). */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type OpenedPackage, openPackage } from "@sealserve/encrypted-files";
import { openPlatform, type Platform } from "@sealserve/platform";
import { Closers } from "../src/node/closers.ts";
import { decryptTlsPair } from "../src/node/decrypt.ts";
import { reread } from "../src/node/reread.ts";
import { openSealedTls } from "../src/node/sealed-tls.ts";
import { StepRunner } from "../src/node/step.ts";
import { checkedOrWiped } from "../src/node/tls-key.ts";
import type { SealedTlsOption } from "../src/options/server-options.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { createWorld, type World } from "./support/world.ts";

let world: World;
let opened: OpenedPackage;
let platform: Platform;

before(async () => {
  world = await createWorld();
  const [wrapKey, ownerPublicKeyPem] = await Promise.all([
    readFile(join(world.directory, "wrap.key")),
    readFile(join(world.directory, "owner.pub"), "utf8"),
  ]);
  opened = await openPackage(world.packageDirectory, { wrapKey, ownerPublicKeyPem });
  platform = await openPlatform(world.serveConfig({ url: "https://127.0.0.1:1" }).models.platform);
  await writeFile(join(world.directory, "tls.key"), world.identity.keyPem);
  await writeFile(join(world.directory, "tls.crt"), world.identity.certificatePem);
});

after(async () => {
  await platform.close();
  await world.close();
});

const isWiped = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes.every((byte) => byte === 0);

for (const from of ["package", "file", "ra-tls"] as const) {
  test(`a key from ${from} is overwritten when a later step of the start fails`, async () => {
    const option: Record<typeof from, SealedTlsOption> = {
      package: { from: "package" },
      file: {
        from: "file",
        keyFile: join(world.directory, "tls.key"),
        certificateFile: join(world.directory, "tls.crt"),
      },
      "ra-tls": { from: "ra-tls", lifetimeMs: 60_000, minimumVersion: "TLSv1.3" },
    };
    const closers = new Closers(1000);
    const [log, options] = [(): void => undefined, world.serveConfig({ url: "https://127.0.0.1:1" })];
    const context = { options, steps: new StepRunner({ log }), closers, log, clock: new PassingClock() };
    const { key } = (await openSealedTls(context, option[from], opened, platform)).material;
    assert.ok(Buffer.from(key).includes("PRIVATE KEY"));
    await closers.closeAll();
    assert.ok(isWiped(key));
  });
}

test("the key of a package is not decrypted when the certificate cannot be", async (t) => {
  const paths: string[] = [];
  t.mock.method(opened, "read", async (path: string) => {
    paths.push(path);
    throw new Error("damaged");
  });
  await assert.rejects(decryptTlsPair(opened), /damaged/);
  const roles = paths.map((read) => opened.manifest.files.find(({ path }) => path === read)?.role);
  assert.deepEqual(roles, ["tls-certificate"]);
});

test("a key that does not pass its check is overwritten, and one that does is not", () => {
  const material = { key: Uint8Array.of(1, 2), certificate: Uint8Array.of(3) };
  assert.equal(
    checkedOrWiped(material, () => undefined),
    material,
  );
  assert.deepEqual([...material.key], [1, 2]);
  const refuse = (): never => {
    throw new Error("refused");
  };
  assert.throws(() => checkedOrWiped(material, refuse), /refused/);
  assert.deepEqual([isWiped(material.key), [...material.certificate]], [true, [3]]);
});

test("a key that is read again is overwritten, whether the ports take it or not", async () => {
  const logged: string[] = [];
  for (const replaceTls of [(): void => undefined, (): never => assert.fail("not taken")]) {
    const tls = { key: Uint8Array.of(1, 2), certificate: Uint8Array.of(3) };
    const served = { rereadModels: async () => undefined, rereadTls: async () => tls };
    await reread(served, { replaceTls }, (event) => void logged.push(event));
    assert.ok(isWiped(tls.key));
  }
  assert.deepEqual(logged, ["tls-replaced", "tls-not-replaced"]);
});
