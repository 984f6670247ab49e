import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { BrokerError, type ReleasedKey } from "@sealserve/broker/client";
import { generateOwnerKey, generateWrapKey, type OpenedPackage, sealPackage } from "@sealserve/encrypted-files";
import { ModelError } from "@sealserve/models";
import { ModelSpec } from "@sealserve/protocol";
import { Lease } from "../src/lease/lease.ts";
import { ModelStore } from "../src/life/model-store.ts";
import { Closers } from "../src/node/closers.ts";
import { LeasedModel } from "../src/node/leased-model.ts";
import { NodeReadiness } from "../src/node/readiness.ts";
import { SealedPackage } from "../src/node/sealed-package.ts";
import { SealedVersions } from "../src/node/sealed-versions.ts";
import { waitFor } from "./support/grpc-client.ts";
import { type ModelDouble, modelDouble } from "./support/model-double.ts";
import { PassingClock } from "./support/passing-clock.ts";

const MODEL = "m";
const owner = generateOwnerKey();
const wrapKey = generateWrapKey();
const never = new AbortController().signal;

let directory: string;
let manifestDigest: string;
let sealed: SealedPackage;
let lease: Lease;
let store: ModelStore;
let clock: PassingClock;
/** Keys that the broker gave, in order, and the plaintext that engines were given. */
let released: ReleasedKey[];
let loaded: ReadonlyMap<string, Uint8Array>[];
let models: ModelDouble[];
let failure: Error | undefined;

/** Seals a package into the place of the node's. */
async function seal(version: number): Promise<void> {
  const [modelDirectory, output] = [join(directory, "model"), join(directory, "package")];
  for (const folder of ["1", "2"]) {
    await mkdir(join(modelDirectory, folder), { recursive: true });
    await writeFile(join(modelDirectory, folder, "model.onnx"), `plaintext ${folder}`);
  }
  await rm(output, { recursive: true, force: true });
  const model = { name: MODEL, version };
  const options = { modelDirectory, output, wrapKey, signingKeyPem: owner.privateKeyPem, model, tls: undefined };
  ({ manifestDigest } = await sealPackage(options));
}

function release(changes: Partial<ReleasedKey> = {}): ReleasedKey {
  const bounds = { ownerPublicKeyPem: owner.publicKeyPem, minimumVersion: 1, leaseSeconds: 60 };
  const key = { wrapKey: Uint8Array.from(wrapKey), manifestDigest, ...bounds, ...changes };
  released.push(key);
  return key;
}

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-sealed-"));
  [released, loaded, models, failure, clock] = [[], [], [], undefined, new PassingClock()];
  await seal(1);
  lease = new Lease(clock);
  store = new ModelStore({ maxRetries: 0, retryIntervalMs: 0, threads: 0 });
  sealed = new SealedPackage({
    option: { model: MODEL, packageDirectory: join(directory, "package") },
    release: async () => release(),
    load: async (_id, coming) => {
      const files = await coming;
      assert.ok("get" in files && files.get("model.onnx") !== undefined);
      loaded.push(files);
      if (failure !== undefined) {
        throw failure;
      }
      const model = modelDouble();
      models.push(model);
      return model;
    },
    lease,
  });
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

function versionsOf(
  { manifest }: Pick<OpenedPackage, "manifest">,
  labels: readonly (readonly [string, bigint])[] = [],
): SealedVersions {
  const option = { model: MODEL, versionPolicy: { kind: "all" }, versionLabels: new Map(labels) } as const;
  return new SealedVersions(store, option, sealed, manifest);
}

describe("the package of a node", () => {
  it("is opened again, but no other one in its place, whose key is wiped", async () => {
    const { seal: first } = await sealed.open(release());
    assert.equal((await sealed.open(release())).seal, first);
    await seal(2);
    await assert.rejects(sealed.open(release()), { code: "package-replaced" });
    assert.deepEqual(
      released.map((key) => isWiped(key.wrapKey)),
      [false, false, true],
    );
  });

  it("has the key wiped that came for something else", async () => {
    for (const changes of [{ manifestDigest: "00".repeat(32) }, { minimumVersion: 2 }]) {
      await assert.rejects(sealed.open(release(changes)));
    }
    assert.ok(released.every((key) => isWiped(key.wrapKey)));
  });

  it("leaves neither key nor plaintext behind when its versions are loaded, or cannot be", async () => {
    for (const outcome of [undefined, new Error("refused")]) {
      failure = outcome;
      const { opened } = await sealed.open(release());
      const loading = versionsOf(opened).load(never);
      await (outcome === undefined ? loading : assert.rejects(loading, /refused/));
      sealed.forgetKey();
      await versionsOf(opened).drop();
    }
    assert.ok(loaded.length >= 3 && loaded.every((files) => [...files.values()].every(isWiped)));
    assert.ok(released.length === 2 && released.every((key) => isWiped(key.wrapKey)));
  });

  it("gives an engine that has begun nothing of a version of which the last byte was changed", async () => {
    const { opened } = await sealed.open(release());
    const path = join(directory, "package", "models", MODEL, "2", "model.onnx");
    const bytes = await readFile(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(path, bytes);
    await assert.rejects(versionsOf(opened).load(never), { code: "file-digest-mismatch" });
    await waitFor(() => loaded.every((files) => [...files.values()].every(isWiped)));
    assert.ok(loaded.length <= 1, "the other version alone");
  });

  it("is wiped when the engine fails while its files are still on their way", async () => {
    const decrypted: Uint8Array[] = [];
    const failing = new SealedPackage({
      option: { model: MODEL, packageDirectory: join(directory, "package") },
      release: async () => release(),
      load: () => Promise.reject(new Error("no thread")),
      lease,
    });
    const { opened } = await failing.open(release());
    const read = opened.read.bind(opened);
    opened.read = async (path) => {
      const content = await read(path);
      decrypted.push(content);
      return content;
    };
    const version = failing.aspiredVersion({
      version: 1n,
      files: new Map([["model.onnx", `models/${MODEL}/1/model.onnx`]]),
    });
    await assert.rejects(version.load(never), /no thread/);
    assert.ok(decrypted.length === 1 && decrypted.every((bytes) => bytes.length > 0 && isWiped(bytes)));
  });

  it("is read again with a key that is released anew, and only for that", async () => {
    const { opened } = await sealed.open(release());
    sealed.forgetKey();
    await versionsOf(opened).load(never);
    assert.equal(released.length, 3, "one for each of the two versions");
    assert.ok(released.every((key) => isWiped(key.wrapKey)));
  });

  it("is not read again when the broker releases the key of another by now", async () => {
    const { opened } = await sealed.open(release());
    sealed.forgetKey();
    await seal(2);
    await assert.rejects(versionsOf(opened).load(never), { code: "package-replaced" });
    await waitFor(() => released.every((key) => isWiped(key.wrapKey)));
    assert.equal(loaded.length, 0);
  });
});

describe("the versions of a sealed package", () => {
  it("are all withdrawn when one of them cannot be loaded", async () => {
    const { opened } = await sealed.open(release());
    failure = new Error("refused");
    await assert.rejects(versionsOf(opened).load(never), /refused/);
    await waitFor(() => store.names().length === 0);
  });

  it("are not even begun for a load that was given up already", async () => {
    const { opened } = await sealed.open(release());
    await assert.rejects(versionsOf(opened).load(AbortSignal.abort(new Error("given up"))), /given up/);
    assert.deepEqual(store.versions(MODEL), []);
  });

  it("are told to be on their way until they serve or have ended, and never where the package has none such", async () => {
    const { opened } = await sealed.open(release());
    const versions = versionsOf(opened, [["stable", 1n]]);
    const comes = (spec: Partial<ModelSpec> = {}): boolean =>
      versions.isComing(ModelSpec.create({ name: MODEL, ...spec }));
    assert.deepEqual([comes(), comes({ version: 2n }), comes({ version: 3n })], [true, true, false]);
    await versions.load(never);
    assert.deepEqual([comes(), comes({ version: 1n }), comes({ version: 3n })], [false, false, false]);
    const [first] = models;
    assert.ok(first !== undefined);
    Object.assign(first, { failure: new ModelError("engine-failed", "the engine has ended") });
    await waitFor(() => store.versions(MODEL).some(({ state }) => state === "END"));
    assert.ok(!versions.served);
    assert.deepEqual([comes(), comes({ version: 1n }), comes({ versionLabel: "stable" })], [false, false, false]);
    await versions.drop();
    assert.deepEqual([comes(), comes({ versionLabel: "stable" })], [true, true]);
  });

  it("have labels for those alone that are served", async () => {
    const { opened } = await sealed.open(release());
    versionsOf(opened, [["stable", 2n]]);
    assert.throws(() => versionsOf(opened, [["stable", 3n]]), { code: "bad-option" });
  });
});

describe("the model of a lease that was regained", () => {
  it("is loaded again until that works, each time with a key of its own", async () => {
    const key = release();
    const { opened } = await sealed.open(key);
    lease.grant(clock.now(), 60);
    let refused = true;
    const [closers, readiness] = [new Closers(1000), new NodeReadiness()];
    const askBroker = async (): Promise<ReleasedKey> => {
      if (refused) {
        throw new BrokerError("release-refused", "no");
      }
      return release();
    };
    const parts = { lease, released: key, opened, sealed, versions: versionsOf(opened), askBroker, closers, readiness };
    const leased = new LeasedModel({ ...parts, clock, log: () => undefined });
    leased.keep();
    await leased.load(undefined);
    sealed.forgetKey();
    assert.ok(leased.serving);
    await clock.pass(40_000);
    await waitFor(() => store.names().length === 0);
    assert.deepEqual([leased.serving, readiness.state], [false, "starting"]);
    [refused, failure] = [false, new Error("not yet")];
    const before = loaded.length;
    while (loaded.length < before + 2) {
      await clock.pass(1000);
    }
    assert.deepEqual([leased.serving, readiness.state], [false, "starting"]);
    failure = undefined;
    while (readiness.state !== "ready") {
      await clock.pass(1000);
    }
    assert.ok(leased.serving);
    await closers.closeAll();
    assert.ok(released.every(({ wrapKey: bytes }) => isWiped(bytes)));
    assert.ok(loaded.every((files) => [...files.values()].every(isWiped)));
  });
});
