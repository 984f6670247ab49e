// What the root takes back: looked up before the first document is proven, and dropped when a later list says so (threat A2).
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import type { CollateralOptions } from "@sealserve/simulator";
import type { SqlDatabase } from "../src/sql/database.ts";
import type { DocumentId } from "../src/store/document-key.ts";
import { listDocuments } from "../src/store/documents.ts";
import { findPlatform, listPckCertificates } from "../src/store/platforms.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { anybody, openFill, openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

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
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let server: TestDatabase;
  let database: SqlDatabase;
  let opened: TestProvider;

  before(async () => {
    pcs = await simulatedPcs(now);
    await pcs.addPlatform({ ppid: miss.encryptedPpid });
  });
  beforeEach(async () => {
    await pcs.issue(now);
    upstream = await startUpstream(pcs.reply);
    server = (await databases["SQLite"]?.start()) as TestDatabase;
    database = await server.open();
    opened = openProvider(upstream);
  });
  afterEach(async () => {
    opened.exchange.close();
    await database.close();
    await server.stop();
    await upstream.close();
  });
  const keys = async (): Promise<string[]> =>
    (await database.read((connection) => listDocuments(connection))).map(({ key }) => key);
  const revoking = (...serials: readonly string[]): CollateralOptions => ({
    rootCaCrl: { revoked: serials, number: 2 },
  });
  const signer = (): string => pcs.vendor.tcbSigning.certificate.serialNumber;
  const ca = (): string => pcs.vendor.platformCa.certificate.serialNumber;

  test("is looked up before the first document is stored", async () => {
    await pcs.issue(now, revoking(signer()));
    const fill = await openFill(pcs, opened.provider, database);
    await assert.rejects(fill.document(QE, anybody), { code: "garbage" });
    assert.deepEqual(await keys(), ["root-ca-crl"]);
  });

  test("is looked up before the first platform is stored", async () => {
    await pcs.issue(now, revoking(ca()));
    const fill = await openFill(pcs, opened.provider, database);
    await assert.rejects(fill.platform(miss, anybody), { code: "garbage" });
    assert.equal(await database.read((connection) => findPlatform(connection, platform)), undefined);
  });

  test("cannot be looked up where the list is not to be had, so nothing is stored", async () => {
    upstream.reply = (request) =>
      request.host.startsWith("certificates.") ? { status: 404, headers: {}, body: "" } : pcs.reply(request);
    const fill = await openFill(pcs, opened.provider, database, { absenceMs: 0 });
    await assert.rejects(fill.document(QE, anybody), { code: "unavailable" });
    await assert.rejects(fill.platform(miss, anybody), { code: "unavailable" });
    assert.deepEqual(await keys(), []);
  });

  test("leaves the store when a later list says so, and what others signed stays", async () => {
    const fill = await openFill(pcs, opened.provider, database);
    await fill.platform(miss, anybody);
    await fill.complete(["standard"]);
    assert.equal((await keys()).length, 10);
    const later = await openFill(pcs, opened.provider, database, { now: () => new Date(now.getTime() + 31 * DAY_MS) });
    await pcs.issue(new Date(now.getTime() + 31 * DAY_MS - 1000), revoking(signer()));
    await later.document(ROOT_LIST, anybody);
    assert.deepEqual(await keys(), ["pck-crl/platform", "pck-crl/processor", "root-ca-crl"]);
    assert.ok(await database.read((connection) => findPlatform(connection, platform)));
  });

  test("takes the certificates of a revoked CA along", async () => {
    const fill = await openFill(pcs, opened.provider, database);
    await fill.platform(miss, anybody);
    await fill.complete(["standard"]);
    await pcs.issue(new Date(now.getTime() + 31 * DAY_MS - 1000), revoking(ca()));
    const later = await openFill(pcs, opened.provider, database, { now: () => new Date(now.getTime() + 31 * DAY_MS) });
    await later.document(ROOT_LIST, anybody);
    assert.ok(!(await keys()).includes("pck-crl/platform"));
    assert.ok((await keys()).includes("pck-crl/processor"));
    assert.equal(await database.read((connection) => findPlatform(connection, platform)), undefined);
    assert.deepEqual(await database.read((connection) => listPckCertificates(connection, platform)), []);
  });
});
