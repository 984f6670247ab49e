import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type TrustedRoot, trustedRootFromPem } from "@sealserve/attestation";
import { makeBackup } from "../src/backup/make-backup.ts";
import { restoreBackup } from "../src/backup/restore-backup.ts";
import { exportBundle } from "../src/bundle/export-bundle.ts";
import { importBundle } from "../src/bundle/import-bundle.ts";
import { signFile } from "../src/bundle/signed-file.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { listAppraisalPolicies, putAppraisalPolicy } from "../src/store/appraisal-policies.ts";
import { documentKey } from "../src/store/document-key.ts";
import { findDocument, listDocuments } from "../src/store/documents.ts";
import { readMarks } from "../src/store/marks.ts";
import { findResolvedTcb, listPlatforms } from "../src/store/platforms.ts";
import { listRegistrations } from "../src/store/registrations.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { openFill, openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

const DAY_MS = 86_400_000;
const now = new Date();
const raw = { cpuSvn: "0C0C0303FF0100000000000000000000", pceSvn: "0D00" };
const registration = { qeId: "AB".repeat(16), pceId: "0000", ...raw, encryptedPpid: encryptedPpid("01"), manifest: "" };
const policy = { id: "p", fmspc: "53494D554C38", kind: "SGX", isDefault: true, text: "jws" } as const;
const pair = (): { privateKey: string; publicKey: string } =>
  generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
const keys = pair();

/** What the tests change of a bundle. */
interface Content {
  documents: { key: string; body: string; nextUpdate?: string }[];
  platforms?: { pceId: string }[];
}

for (const [name, kind] of Object.entries(databases)) {
  describe(`a bundle or backup of ${name}`, { skip: kind.skip }, () => {
    let pcs: SimulatedPcs;
    let upstream: UpstreamServer;
    let opened: TestProvider;
    let root: TrustedRoot;
    let server: TestDatabase;
    let database: SqlDatabase;
    let bundle: Uint8Array;
    const targets: (() => Promise<void>)[] = [];

    /** An empty database: of the other kind than the one under test where there is one. */
    const target = async (): Promise<SqlDatabase> => {
      const started = (await databases["SQLite"]?.start()) as TestDatabase;
      const made = await started.open();
      targets.push(async () => {
        await made.close();
        await started.stop();
      });
      return made;
    };
    const refused = async (
      file: Uint8Array,
      code: string,
      options: { key?: string; at?: Date } = {},
    ): Promise<void> => {
      const to = await target();
      const importing = importBundle(to, file, options.key ?? keys.publicKey, { root, now: options.at ?? now });
      await assert.rejects(importing, { name: "BundleError", code });
      assert.deepEqual(await to.read((connection) => listDocuments(connection)), []);
    };
    /** The bundle with a change to its payload, signed again: what a faulty exporter would send. */
    const changed = async (change: (content: Content) => void): Promise<Uint8Array> => {
      const payload = bundle.subarray(bundle.indexOf(0x0a) + 1);
      const content = JSON.parse(new TextDecoder().decode(payload)) as Content;
      change(content);
      return signFile(new TextEncoder().encode(JSON.stringify(content)), keys.privateKey);
    };

    before(async () => {
      pcs = await simulatedPcs(now);
      await pcs.addPlatform({ ppid: registration.encryptedPpid });
      upstream = await startUpstream(pcs.reply);
      server = await kind.start();
      database = await server.open();
      opened = openProvider(upstream);
      root = await trustedRootFromPem(pcs.vendor.rootPem);
      const fill = await openFill(pcs, opened.provider, database, { mode: "REQ" });
      await fill.registered(registration);
      await fill.complete(["standard", "early"]);
      await database.write((connection) => putAppraisalPolicy(connection, policy));
      bundle = (await exportBundle(database, keys.privateKey, now)).file;
    });
    after(async () => {
      opened?.exchange.close();
      await Promise.all(targets.map((stop) => stop()));
      await database?.close();
      await server?.stop();
      await upstream?.close();
    });

    test("brings everything to a service without a network", async () => {
      const to = await target();
      const summary = await importBundle(to, bundle, keys.publicKey, { root, now });
      assert.deepEqual(summary, { documents: 13, platforms: 1, policies: 1, expired: [] });
      assert.equal((await to.read((connection) => listDocuments(connection))).length, 13);
      assert.ok(await to.read((connection) => findResolvedTcb(connection, registration, raw)));
      assert.deepEqual(await to.read(listAppraisalPolicies), [policy]);
      await importBundle(to, bundle, keys.publicKey, { root, now });
    });

    test("leaves out what expired, before it was exported or on its way", async () => {
      const later = new Date(now.getTime() + 31 * DAY_MS);
      const { summary } = await exportBundle(database, keys.privateKey, later);
      assert.deepEqual([summary.documents, summary.expired.length], [0, 13]);
      const to = await target();
      const imported = await importBundle(to, bundle, keys.publicKey, { root, now: later });
      assert.deepEqual([imported.documents, imported.platforms, imported.expired.length], [0, 1, 13]);
    });

    test("is refused with another key, or none", async () => {
      await refused(bundle, "bundle-signature-invalid", { key: pair().publicKey });
      await refused(bundle, "bundle-key-invalid", { key: keys.privateKey });
      await refused(bundle, "bundle-key-invalid", { key: "" });
      const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      const pem = foreign.export({ type: "pkcs8", format: "pem" }) as string;
      await assert.rejects(exportBundle(database, pem, now), { code: "bundle-key-invalid" });
    });

    test("is refused when a byte of it is another one, or it ends too early", async () => {
      for (const place of [0, 40, bundle.indexOf(0x0a), bundle.length >> 1, bundle.length - 1]) {
        const flipped = Uint8Array.from(bundle);
        flipped[place] = (flipped[place] ?? 0) ^ 1;
        const [code] = place <= bundle.indexOf(0x0a) ? ["bundle-malformed"] : ["bundle-signature-invalid"];
        const at = await target();
        await assert.rejects(
          importBundle(at, flipped, keys.publicKey, { root, now }),
          (error: { code?: string }) => error.code === code || error.code === "bundle-signature-invalid",
        );
      }
      await refused(bundle.subarray(0, bundle.length - 1), "bundle-signature-invalid");
      await refused(bundle.subarray(0, 20), "bundle-malformed");
      await refused(new Uint8Array(0), "bundle-malformed");
    });

    for (const [what, code, change] of [
      [
        "a document that its vendor did not sign",
        "bundle-refused",
        (content) => {
          firstOf(content.documents).body = Buffer.from("{}").toString("base64");
        },
      ],
      [
        "a document under another name",
        "bundle-refused",
        (content) => {
          firstOf(content.documents.filter(({ key }) => key === "identity/QE/v4/standard")).key =
            "identity/QVE/v4/standard";
        },
      ],
      [
        "a document of an unknown kind",
        "bundle-malformed",
        (content) => {
          firstOf(content.documents).key = "facts/generation";
        },
      ],
      [
        "a member too many",
        "bundle-malformed",
        (content) => {
          firstOf(content.documents).nextUpdate = "2099-01-01T00:00:00Z";
        },
      ],
      [
        "a part that is not there",
        "bundle-malformed",
        (content) => {
          delete content.platforms;
        },
      ],
      [
        "certificates of another platform",
        "bundle-refused",
        (content) => {
          firstOf(content.platforms).pceId = "0001";
        },
      ],
    ] as readonly (readonly [string, string, (content: Content) => void])[]) {
      test(`is refused with ${what}, though it is signed`, async () => {
        await refused(await changed(change), code);
      });
    }

    test("is refused whole when a document of it is older than what is stored", async () => {
      const to = await target();
      await pcs.issue(new Date(now.getTime() + 5000));
      const later = new Date(now.getTime() + 6000);
      const fill = await openFill(pcs, opened.provider, to, { now: () => later });
      await fill.document({ kind: "identity", identity: "QE", version: 4, update: "standard" });
      await assert.rejects(importBundle(to, bundle, keys.publicKey, { root, now: later }), { code: "bundle-refused" });
      assert.equal((await to.read((connection) => listPlatforms(connection))).length, 0);
      await pcs.issue(now);
    });

    test("of another vendor is refused", async () => {
      const other = await trustedRootFromPem((await simulatedPcs(now)).vendor.rootPem);
      const to = await target();
      await assert.rejects(importBundle(to, bundle, keys.publicKey, { root: other, now }), { code: "bundle-refused" });
    });

    test("as a backup comes back whole, with its marks and its queue", async () => {
      const backup = await makeBackup(database, now);
      const to = await target();
      const summary = await restoreBackup(to, backup);
      assert.deepEqual([summary["documents"], summary["platforms"], summary["registrations"]], [13, 1, 1]);
      assert.deepEqual(await to.read(readMarks), await database.read(readMarks));
      assert.deepEqual(await to.read((reader) => listRegistrations(reader, "DELETED")), [registration]);
      const key = documentKey.rootCaCrl();
      const [was, is] = [
        await database.read((reader) => findDocument(reader, key)),
        await to.read((reader) => findDocument(reader, key)),
      ];
      assert.deepEqual({ ...is, body: [...(is?.body ?? [])] }, { ...was, body: [...(was?.body ?? [])] });
      await assert.rejects(restoreBackup(to, backup), { code: "restore-refused" });
    });

    test("as a backup is refused when it is damaged or of another schema", async () => {
      const backup = await makeBackup(database, now);
      const to = await target();
      for (const place of [0, 40, backup.length >> 1, backup.length - 1]) {
        const flipped = Uint8Array.from(backup);
        flipped[place] = (flipped[place] ?? 0) ^ 1;
        await assert.rejects(restoreBackup(to, flipped), { code: "bundle-malformed" });
      }
      await assert.rejects(restoreBackup(to, backup.subarray(0, -1)), { code: "bundle-malformed" });
      await assert.rejects(restoreBackup(to, bundle), { code: "bundle-malformed" });
      assert.deepEqual(await to.read((connection) => listDocuments(connection)), []);
    });
  });
}

function firstOf<Value>(values: readonly Value[] | undefined): Value {
  assert.ok(values?.[0] !== undefined);
  return values[0];
}
