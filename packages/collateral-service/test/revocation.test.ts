// What the root takes back: looked up before the first document is proven, and dropped when a later list says so (threat A2).
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { trustedRootFromPem } from "@sealserve/attestation";
import { parseStrictJson } from "@sealserve/core";
import type { CollateralOptions } from "@sealserve/simulator";
import { exportBundle } from "../src/bundle/export-bundle.ts";
import { importBundle } from "../src/bundle/import-bundle.ts";
import type { UpstreamFill } from "../src/fill/upstream-fill.ts";
import type { DocumentId } from "../src/store/document-key.ts";
import { findPlatform, listPckCertificates } from "../src/store/platforms.ts";
import { parseUpload } from "../src/upload/parse-upload.ts";
import { storeUpload } from "../src/upload/store-upload.ts";
import { verifyUpload } from "../src/upload/verify-upload.ts";
import { anybody, type FillingTest, fillingTests } from "./support/filling.ts";
import { encryptedPpid } from "./support/simulated-pcs.ts";
import { uploadOf } from "./support/upload.ts";

const now = new Date();
const DAY_MS = 86_400_000;
const QE: DocumentId = { kind: "identity", identity: "QE", version: 4, update: "standard" };
const ROOT_LIST: DocumentId = { kind: "root-ca-crl" };
const platform = { qeId: "AB".repeat(16), pceId: "0000" };
const miss = {
  ...platform,
  cpuSvn: "0C0C0303FF0100000000000000000000",
  pceSvn: "0D00",
  encryptedPpid: encryptedPpid("01"),
};

describe("what the root takes back", () => {
  const running = fillingTests(now, (made) => made.addPlatform({ ppid: miss.encryptedPpid }));
  let { pcs, upstream, database } = {} as FillingTest;
  beforeEach(() => ({ pcs, upstream, database } = running()));
  const open: FillingTest["open"] = (options) => running().open(options);
  const keys = (): Promise<string[]> => running().keys();
  const revoking = (...serials: readonly string[]): CollateralOptions => ({
    rootCaCrl: { revoked: serials, number: 2 },
  });
  const signer = (): string => pcs.vendor.tcbSigning.certificate.serialNumber;
  const ca = (): string => pcs.vendor.platformCa.certificate.serialNumber;

  test("is looked up before the first document is stored", async () => {
    await pcs.issue(now, revoking(signer()));
    const fill = await open();
    await assert.rejects(fill.document(QE, anybody), { code: "garbage" });
    assert.deepEqual(await keys(), ["root-ca-crl"]);
  });

  test("is looked up before the first platform is stored", async () => {
    await pcs.issue(now, revoking(ca()));
    const fill = await open();
    await assert.rejects(fill.platform(miss, anybody), { code: "garbage" });
    assert.equal(await database.read((connection) => findPlatform(connection, platform)), undefined);
  });

  test("cannot be looked up where the list is not to be had, so nothing is stored", async () => {
    upstream.reply = (request) =>
      request.host.startsWith("certificates.") ? { status: 404, headers: {}, body: "" } : pcs.reply(request);
    const fill = await open({ absenceMs: 0 });
    await assert.rejects(fill.document(QE, anybody), { code: "unavailable" });
    await assert.rejects(fill.platform(miss, anybody), { code: "unavailable" });
    assert.deepEqual(await keys(), []);
  });

  test("is looked up in a list that still counts: one past its end is fetched again first", async () => {
    const fill = await open();
    await fill.document(QE, anybody);
    const then = new Date(now.getTime() + 31 * DAY_MS);
    await pcs.issue(new Date(then.getTime() - 1000), revoking(signer()));
    const later = await open({ now: () => then });
    await assert.rejects(later.document(QE, anybody), { code: "garbage" });
    assert.deepEqual(await keys(), ["root-ca-crl"]);
  });

  test("leaves the store when a later list says so, and what others signed stays", async () => {
    const fill = await open();
    await fill.platform(miss, anybody);
    await fill.complete(["standard"]);
    assert.equal((await keys()).length, 10);
    const later = await open({ now: () => new Date(now.getTime() + 31 * DAY_MS) });
    await pcs.issue(new Date(now.getTime() + 31 * DAY_MS - 1000), revoking(signer()));
    await later.document(ROOT_LIST, anybody);
    assert.deepEqual(await keys(), ["pck-crl/platform", "pck-crl/processor", "root-ca-crl"]);
    assert.ok(await database.read((connection) => findPlatform(connection, platform)));
  });

  test("is asked for before anything else in a refresh, so that all else is held against the newest list", async () => {
    const fill = await open();
    await fill.complete(["standard"]);
    const { length } = upstream.seen;
    await pcs.issue(new Date(now.getTime() + 1000), revoking(signer()));
    upstream.reply = async (request) => {
      await setTimeout(request.path.startsWith("/IntelSGXRootCA") ? 50 : 0);
      return pcs.reply(request);
    };
    const refreshing = await open({ now: () => new Date(now.getTime() + 1000) });
    await assert.rejects(refreshing.refresh({ kind: "documents" }), { code: "garbage" });
    const [identity, list] = upstream.seen.slice(length);
    assert.match(
      `${identity?.path} ${list?.path}`,
      /qe\/identity\S* \/IntelSGXRootCA/,
      "the identity says where the list is",
    );
    assert.deepEqual(await keys(), ["pck-crl/platform", "pck-crl/processor", "root-ca-crl"]);
  });

  const proven: readonly (readonly [string, () => string, (fill: UpstreamFill) => Promise<void>])[] = [
    ["a document", signer, (fill) => fill.document(QE, anybody)],
    ["a platform", ca, (fill) => fill.platform(miss, anybody)],
  ];
  for (const [what, revoked, ask] of proven) {
    test(`keeps out ${what} that was proven just before the list came`, async () => {
      await (await open()).document(ROOT_LIST, anybody);
      const later = new Date(now.getTime() + 1000);
      await pcs.issue(later, revoking(revoked()));
      const other = await open({ now: () => later });
      let isFirst = true;
      const write: typeof database.write = async (work) => {
        if (isFirst) {
          isFirst = false;
          await other.refresh({ kind: "documents" }).catch(() => undefined);
        }
        return database.write(work);
      };
      const fill = await open({ now: () => later, database: { ...database, write } });
      await assert.rejects(ask(fill), { code: "garbage", message: /taken back meanwhile/ });
      assert.equal(await database.read((connection) => findPlatform(connection, platform)), undefined);
    });
  }

  test("keeps out a platform of an upload that was proven just before the list came", async () => {
    const root = await trustedRootFromPem(pcs.vendor.rootPem);
    const upload = parseUpload(parseStrictJson(JSON.stringify(await uploadOf({ now }, pcs.vendor))), 4);
    const fill = await open();
    const context = { database, fill, root, now: () => now, stale: "refuse", windows: "now" } as const;
    const verified = await verifyUpload(upload, context);
    await pcs.issue(now, revoking(ca()));
    await fill.document(ROOT_LIST, anybody);
    const withoutLists = { ...verified, documents: [] }; // which are refused as the chain of the platform is
    await assert.rejects(
      database.write((connection) => storeUpload(connection, withoutLists, now)),
      { code: "issuer-revoked" },
    );
    assert.deepEqual(await database.read((connection) => listPckCertificates(connection, platform)), []);
  });

  test("keeps out a platform of a bundle that was proven just before the list came", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const fill = await open();
    await fill.platform(miss, anybody);
    await database.write((connection) => connection.query("DELETE FROM documents"));
    const { file } = await exportBundle(database, privateKey, now);
    await pcs.issue(now, revoking(ca()));
    const write: typeof database.write = async (work) => {
      await fill.document(ROOT_LIST, anybody);
      return database.write(work);
    };
    const root = await trustedRootFromPem(pcs.vendor.rootPem);
    await assert.rejects(importBundle({ ...database, write }, file, publicKey, { root, now }), {
      code: "bundle-refused",
      message: /taken back meanwhile/,
    });
    assert.equal(await database.read((connection) => findPlatform(connection, platform)), undefined);
  });

  test("takes the certificates of a revoked CA along", async () => {
    const fill = await open();
    await fill.platform(miss, anybody);
    await fill.complete(["standard"]);
    await pcs.issue(new Date(now.getTime() + 31 * DAY_MS - 1000), revoking(ca()));
    const later = await open({ now: () => new Date(now.getTime() + 31 * DAY_MS) });
    await later.document(ROOT_LIST, anybody);
    assert.ok(!(await keys()).includes("pck-crl/platform"));
    assert.ok((await keys()).includes("pck-crl/processor"));
    assert.equal(await database.read((connection) => findPlatform(connection, platform)), undefined);
    assert.deepEqual(await database.read((connection) => listPckCertificates(connection, platform)), []);
  });
});
