// What happens to a store when a program with one more migration opens it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makeBackup } from "../src/backup/make-backup.ts";
import { parseBackup } from "../src/backup/parse-backup.ts";
import { TABLES } from "../src/backup/tables.ts";
import type { SqlDatabase, SqlRow } from "../src/sql/database.ts";
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from "../src/sql/schema.ts";
import { putAppraisalPolicy } from "../src/store/appraisal-policies.ts";
import { findDocument, putDocument } from "../src/store/documents.ts";
import { putMark, readMarks } from "../src/store/marks.ts";
import { putPlatform, putResolvedTcb, replacePckCertificates } from "../src/store/platforms.ts";
import { putRegistration } from "../src/store/registrations.ts";
import { databases, type TestDatabase } from "./support/databases.ts";

const now = new Date("2026-01-02T03:04:05Z");
const id = { qeId: "AB", pceId: "0000" };
const raw = { cpuSvn: "01", pceSvn: "0D00" };
const platform = {
  ...id,
  fmspc: "00906EA10000",
  ca: "processor",
  manifest: "",
  encryptedPpid: "00",
  issuerChain: "c",
} as const;
const document = {
  key: "root-ca-crl",
  body: Uint8Array.of(0, 1, 255),
  issuerChain: "chain\n",
  issued: now,
  nextUpdate: now,
  evaluationNumber: undefined,
  fetchedAt: now,
};

/** What a version to come may do: a column with a value for what is there, a table, and one filled from another. */
const step: Migration = ({ bytes }) => [
  "ALTER TABLE platforms ADD COLUMN vouched_for TEXT NOT NULL DEFAULT 'nobody'",
  `CREATE TABLE attachments (name TEXT PRIMARY KEY, body ${bytes} NOT NULL)`,
  "INSERT INTO attachments (name, body) SELECT key, body FROM documents",
];
const failing: Migration = (dialect) => [...step(dialect), "INSERT INTO nowhere (name) VALUES (1)"];

for (const [name, { skip, start }] of Object.entries(databases)) {
  describe(`a store in ${name} of the version before`, { skip }, () => {
    let server: TestDatabase;
    let database: SqlDatabase;
    /** As the program with one more step does. */
    const openNewer = (last: Migration = step): Promise<SqlDatabase> => server.open([...MIGRATIONS, last]);
    const rowsOf = async (table: string): Promise<readonly SqlRow[]> => {
      const columns = TABLES[table]?.join(", ");
      return database.read((connection) => connection.query(`SELECT ${columns} FROM ${table}`));
    };
    const content = async (): Promise<unknown> =>
      Promise.all(Object.keys(TABLES).map(async (table) => [table, await rowsOf(table)]));

    beforeEach(async () => {
      server = await start();
      database = await server.open();
      await database.write(async (connection) => {
        await putDocument(connection, document);
        await putPlatform(connection, platform);
        await replacePckCertificates(connection, id, [{ tcbm: "T1", pem: "one" }]);
        await putResolvedTcb(connection, id, { ...raw, tcbm: "T1" });
        await putRegistration(connection, { ...id, ...raw, encryptedPpid: "00", manifest: "" }, "NEW", now);
        await putAppraisalPolicy(connection, {
          id: "p",
          fmspc: "00906EA10000",
          kind: "SGX",
          isDefault: true,
          text: "t",
        });
        await putMark(connection, "issue of it", 2n ** 60n);
      });
    });
    afterEach(async () => {
      await database?.close();
      await server?.stop();
    });

    test("is brought to the next one with everything that is in it", async () => {
      const earlier = await content();
      const newer = await openNewer();
      assert.deepEqual(await content(), earlier);
      const query = (sql: string): Promise<readonly SqlRow[]> => newer.read((connection) => connection.query(sql));
      assert.deepEqual((await query("SELECT vouched_for FROM platforms")).map(Object.values), [["nobody"]]);
      assert.deepEqual((await query("SELECT name FROM attachments")).map(Object.values), [[document.key]]);
      await newer.write((connection) => putMark(connection, "of the newer one", 1n));
      await newer.close();
      await (await openNewer()).close();
    });

    test("is brought there once, however many processes open it at one time", async () => {
      const opened = await Promise.all(Array.from({ length: 4 }, () => openNewer()));
      const counted = await opened[0]?.read((connection) => connection.query("SELECT name FROM attachments"));
      assert.equal(counted?.length, 1);
      await Promise.all(opened.map((one) => one.close()));
    });

    test("stays what it was when a step fails half way", async () => {
      const earlier = await content();
      await assert.rejects(openNewer(failing), /nowhere/);
      assert.deepEqual(await content(), earlier);
      assert.ok((await database.generation()) > 0, "and is still of this version");
      await (await openNewer()).close();
    });

    test("is neither opened nor written by an older program from then on, and is still read by one that runs", async () => {
      await (await openNewer()).close();
      const refused = {
        name: "ServiceError",
        code: "database-foreign",
        message: /newer version/,
        expected: `schema ${SCHEMA_VERSION} or older`,
        actual: `schema ${SCHEMA_VERSION + 1}`,
      };
      await assert.rejects(server.open(), refused);
      await assert.rejects(
        database.write((connection) => putMark(connection, "x", 1n)),
        refused,
      );
      await assert.rejects(
        database.note((connection) => putMark(connection, "x", 1n)),
        refused,
      );
      await assert.rejects(database.generation(), refused, "by which it says that it is not ready");
      assert.ok(await database.read((connection) => findDocument(connection, document.key)));
      assert.equal((await database.read(readMarks)).has("x"), false);
    });

    test("in a backup is not restored by a program of another schema", async () => {
      const file = await makeBackup(database, now);
      const payload = JSON.parse(new TextDecoder().decode(file.subarray(file.indexOf(0x0a) + 1)));
      const other = new TextEncoder().encode(JSON.stringify({ ...payload, schema: SCHEMA_VERSION + 1 }));
      assert.throws(() => parseBackup(other), { code: "restore-refused", actual: `schema ${SCHEMA_VERSION + 1}` });
    });
  });
}
