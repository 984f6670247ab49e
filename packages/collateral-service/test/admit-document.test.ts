import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admitDocument } from "../src/admit-document.ts";
import type { FetchedDocument } from "../src/provider.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { type DocumentId, keyOf } from "../src/store/document-key.ts";
import { findDocument } from "../src/store/documents.ts";
import { verifyDocument } from "../src/verify-document.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { context, DAY_MS, documentsOf, now, pckCrlId, rootCrlId, tcbInfoId } from "./support/documents.ts";

const later = await documentsOf({ tcbEvaluationDataNumber: 7, pckCrl: { number: 4 }, rootCaCrl: { number: 4 } });
const earlier = new Date(now.getTime() - DAY_MS);
let server: TestDatabase;
let database: SqlDatabase;

before(async () => {
  server = await (databases["SQLite"] as (typeof databases)[string]).start();
  database = await server.open();
  await admit(tcbInfoId, later.tcbInfo);
  await admit(pckCrlId, later.pckCrl);
  await admit(rootCrlId, later.rootCaCrl);
});
after(async () => {
  await database.close();
  await server.stop();
});

async function admit(id: DocumentId, fetched: FetchedDocument): Promise<void> {
  const verified = await verifyDocument(id, fetched, context);
  await database.write((connection) => admitDocument(connection, verified));
}

const rolledBack = { code: "rolled-back" };

test("the same document again is no step back", () => admit(tcbInfoId, later.tcbInfo));

test("a TCB info of an earlier issue is refused, and the later one stays", async () => {
  const { tcbInfo } = await documentsOf({ now: earlier, tcbEvaluationDataNumber: 7 });
  await assert.rejects(admit(tcbInfoId, tcbInfo), rolledBack);
  const kept = await database.read((connection) => findDocument(connection, keyOf(tcbInfoId)));
  assert.deepEqual(kept?.body, later.tcbInfo.body);
});

test("a later TCB info of an earlier evaluation is refused", async () => {
  const { tcbInfo } = await documentsOf({ tcbEvaluationDataNumber: 6 });
  await assert.rejects(admit(tcbInfoId, tcbInfo), rolledBack);
});

test("the other update of the same FMSPC goes by marks of its own", async () => {
  const { tcbInfo } = await documentsOf({ now: earlier, tcbEvaluationDataNumber: 6 });
  await admit({ ...tcbInfoId, update: "early" } as DocumentId, tcbInfo);
});

test("a list that is earlier by its date, by its number, or without a number is refused", async () => {
  const dated = await documentsOf({ now: earlier, pckCrl: { number: 4 } });
  await assert.rejects(admit(pckCrlId, dated.pckCrl), rolledBack);
  const numbered = await documentsOf({ pckCrl: { number: 3 } });
  await assert.rejects(admit(pckCrlId, numbered.pckCrl), rolledBack);
});

test("a list goes back under no other name either", async () => {
  const { rootCaCrl } = await documentsOf({ rootCaCrl: { number: 3 } });
  const uri = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
  await assert.rejects(admit({ kind: "crl", uri }, rootCaCrl), rolledBack);
});
