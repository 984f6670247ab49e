import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SqlDatabase } from "../src/sql/database.ts";
import { documentKey } from "../src/store/document-key.ts";
import { findDocument, listDocuments, putDocument, type StoredDocument } from "../src/store/documents.ts";
import { putMark, readMarks } from "../src/store/marks.ts";
import {
  findPlatform,
  findResolvedTcb,
  listPlatforms,
  type Platform,
  putPlatform,
  putResolvedTcb,
  replacePckCertificates,
} from "../src/store/platforms.ts";
import { listRegistrations, putRegistration, type RegistrationState } from "../src/store/registrations.ts";
import { databases, type TestDatabase } from "./support/databases.ts";

const now = new Date("2026-01-02T03:04:05Z");
const document: StoredDocument = {
  key: documentKey.tcbInfo("sgx", "00906EA10000", 4, "standard"),
  body: Uint8Array.of(0, 1, 255),
  issuerChain: "chain\n",
  issued: now,
  nextUpdate: new Date("2026-02-01T00:00:00Z"),
  evaluationNumber: 17,
  fetchedAt: now,
};
const id = { qeId: "AB", pceId: "0000" };
const platform: Platform = {
  ...id,
  fmspc: "00906EA10000",
  ca: "processor",
  manifest: "",
  encryptedPpid: "00",
  issuerChain: "chain\n",
};

for (const [name, { skip, start }] of Object.entries(databases)) {
  describe(name, { skip }, () => {
    let server: TestDatabase;
    let database: SqlDatabase;

    before(async () => {
      server = await start();
      database = await server.open();
    });
    after(async () => {
      await database?.close();
      await server?.stop();
    });

    test("a document comes back as it went in, and a newer one takes its place", async () => {
      await database.write((connection) => putDocument(connection, document));
      const found = await database.read((connection) => findDocument(connection, document.key));
      assert.deepEqual({ ...found, body: [...(found?.body ?? [])] }, { ...document, body: [0, 1, 255] });
      const newer = { ...document, body: Uint8Array.of(2), evaluationNumber: undefined };
      await database.write((connection) => putDocument(connection, newer));
      const replaced = await database.read((connection) => findDocument(connection, document.key));
      assert.deepEqual([[...(replaced?.body ?? [])], replaced?.evaluationNumber], [[2], undefined]);
    });

    test("documents are listed by the beginning of their keys, which is no pattern", async () => {
      await database.write((connection) => putDocument(connection, { ...document, key: "crl/https://a_b%" }));
      const keys = async (prefix: string): Promise<string[]> =>
        (await database.read((connection) => listDocuments(connection, prefix))).map(({ key }) => key);
      assert.deepEqual(await keys("crl/https://a_b%"), ["crl/https://a_b%"]);
      assert.deepEqual(await keys("crl/https://a__"), []);
      assert.deepEqual(await keys("tcb-info/"), [document.key]);
    });

    test("registrations that have been done for long go, and all others stay", async () => {
      const registration = { qeId: "AA", pceId: "0000", cpuSvn: "", pceSvn: "", encryptedPpid: "", manifest: "" };
      const day = (count: number): Date => new Date(count * 86_400_000);
      const put = (qeId: string, state: RegistrationState, at: Date): Promise<void> =>
        database.write((connection) => putRegistration(connection, { ...registration, qeId }, state, at));
      await put("OLD", "DELETED", day(1));
      await put("WAITING", "NEW", day(1));
      await put("YOUNG", "DELETED", day(2));
      await put("NEXT", "NEW", day(8.5));
      const rows = await database.read((connection) =>
        connection.query("SELECT qe_id FROM registrations ORDER BY qe_id"),
      );
      assert.deepEqual(
        rows.map((row) => row["qe_id"]).filter((qeId) => qeId !== "AB"),
        ["NEXT", "WAITING", "YOUNG"],
      );
      await database.write((connection) => connection.query("DELETE FROM registrations"));
    });

    test("a write that fails leaves nothing behind, and the generation as it was", async () => {
      const earlier = await database.generation();
      const failing = database.write(async (connection) => {
        await putDocument(connection, { ...document, key: "root-ca-crl" });
        throw new Error("half way");
      });
      await assert.rejects(failing, /half way/);
      assert.equal(await database.read((connection) => findDocument(connection, "root-ca-crl")), undefined);
      assert.equal(await database.generation(), earlier);
    });

    test("readers see nothing of a write before it is committed", async () => {
      await database.write(async (connection) => {
        await putDocument(connection, { ...document, key: "pck-crl/platform" });
        assert.equal(await database.read((reader) => findDocument(reader, "pck-crl/platform")), undefined);
      });
      assert.ok(await database.read((reader) => findDocument(reader, "pck-crl/platform")));
    });

    test("writers of two processes go one by one, and each sees what the other did", async () => {
      const other = await server.open();
      const add = (through: SqlDatabase): Promise<void> =>
        through.write(async (connection) => {
          const count = (await readMarks(connection)).get("count") ?? 0n;
          await putMark(connection, "count", count + 1n);
        });
      const earlier = await database.generation();
      await Promise.all(Array.from({ length: 20 }, (_, index) => add(index % 2 === 0 ? database : other)));
      assert.equal((await other.read(readMarks)).get("count"), 20n);
      assert.equal(await other.generation(), earlier + 20);
      await other.close();
    });

    test("a raw TCB is resolved by the certificate that is there now, or not at all", async () => {
      const raw = { cpuSvn: "01", pceSvn: "0D00" };
      await database.write(async (connection) => {
        await putPlatform(connection, platform);
        await replacePckCertificates(connection, id, [{ tcbm: "T1", pem: "one" }]);
        await putResolvedTcb(connection, id, { ...raw, tcbm: "T1" });
      });
      assert.deepEqual(await database.read((reader) => findPlatform(reader, id)), platform);
      assert.equal((await database.read((reader) => findResolvedTcb(reader, id, raw)))?.pem, "one");
      await database.write((connection) => replacePckCertificates(connection, id, [{ tcbm: "T2", pem: "two" }]));
      assert.equal(await database.read((reader) => findResolvedTcb(reader, id, raw)), undefined);
      assert.equal((await database.read((reader) => listPlatforms(reader, "FFFFFFFFFFFF"))).length, 0);
      assert.equal((await database.read((reader) => listPlatforms(reader, platform.fmspc))).length, 1);
    });

    test("a registration is in one state", async () => {
      const registration = { ...id, cpuSvn: "01", pceSvn: "0D00", encryptedPpid: "00", manifest: "" };
      await database.write((connection) => putRegistration(connection, registration, "NEW", now));
      await database.write((connection) => putRegistration(connection, registration, "NEW", now));
      assert.deepEqual(await database.read((reader) => listRegistrations(reader, "NEW")), [registration]);
      await database.write((connection) => putRegistration(connection, registration, "DELETED", now));
      assert.deepEqual(await database.read((reader) => listRegistrations(reader, "NEW")), []);
    });
  });
}
