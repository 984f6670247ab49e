import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type TrustedRoot, trustedRootFromPem } from "@sealserve/attestation";
import { makeBackup } from "../src/backup/make-backup.ts";
import { restoreBackup } from "../src/backup/restore-backup.ts";
import { exportBundle } from "../src/bundle/export-bundle.ts";
import { importBundle } from "../src/bundle/import-bundle.ts";
import { signFile } from "../src/bundle/signed-file.ts";
import { policyId } from "../src/operations/appraisal-policies.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { type AppraisalPolicy, listAppraisalPolicies, putAppraisalPolicy } from "../src/store/appraisal-policies.ts";
import { documentKey } from "../src/store/document-key.ts";
import { findDocument, listDocuments } from "../src/store/documents.ts";
import { readMarks } from "../src/store/marks.ts";
import { findResolvedTcb, listPlatforms } from "../src/store/platforms.ts";
import { listRegistrations, putRegistration } from "../src/store/registrations.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { anybody, openFill, openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

const DAY_MS = 86_400_000;
const now = new Date();
const raw = { cpuSvn: "0C0C0303FF0100000000000000000000", pceSvn: "0D00" };
const registration = { qeId: "AB".repeat(16), pceId: "0000", ...raw, encryptedPpid: encryptedPpid("01"), manifest: "" };
const policyText = (name: string): string => {
  const entry = { environment: { class_id: "3123ec35-8d38-4ea5-87a5-d6c48b567570" }, name };
  const claims = { policy_payload: JSON.stringify({ policy_array: [entry] }) };
  return `.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`;
};
const policyOf = (name: string): AppraisalPolicy => {
  const text = policyText(name);
  return { id: policyId(text), fmspc: "53494D554C38", kind: "SGX", isDefault: true, text };
};
const policy = policyOf("first");
const pair = (): { privateKey: string; publicKey: string } =>
  generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
const keys = pair();

/** What the tests change of a bundle. */
interface Content {
  documents: { key: string; body: string; nextUpdate?: string }[];
  platforms?: { pceId: string; qeId: string; tcbs: { cpuSvn: string }[] }[];
  policies: { text: string; kind: string }[];
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
      [
        "a platform whose id has a NUL",
        "bundle-malformed",
        (content) => {
          firstOf(content.platforms).qeId = "A\0";
        },
      ],
      [
        "a raw TCB that is no hex",
        "bundle-malformed",
        (content) => {
          firstOf(firstOf(content.platforms).tcbs).cpuSvn = "x";
        },
      ],
      [
        "a policy under the id of another one",
        "bundle-malformed",
        (content) => {
          firstOf(content.policies).text = policyText("other");
        },
      ],
      [
        "a policy of another kind than it says",
        "bundle-malformed",
        (content) => {
          firstOf(content.policies).kind = "TDX10";
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
      await fill.document({ kind: "identity", identity: "QE", version: 4, update: "standard" }, anybody);
      await assert.rejects(importBundle(to, bundle, keys.publicKey, { root, now: later }), { code: "bundle-refused" });
      assert.equal((await to.read((connection) => listPlatforms(connection))).length, 0);
      await pcs.issue(now);
    });

    test("that was made before another one is refused, though everything dated in it has expired", async () => {
      const to = await target();
      const later = new Date(now.getTime() + 31 * DAY_MS);
      await database.write((connection) => putAppraisalPolicy(connection, policyOf("second")));
      const newer = (await exportBundle(database, keys.privateKey, later)).file;
      await database.write((connection) => putAppraisalPolicy(connection, policy));
      await importBundle(to, newer, keys.publicKey, { root, now: later });
      const importing = importBundle(to, bundle, keys.publicKey, { root, now: later });
      await assert.rejects(importing, { code: "bundle-refused", message: /time of export/ });
      const defaults = (await to.read(listAppraisalPolicies)).filter(({ isDefault }) => isDefault);
      assert.deepEqual(defaults, [policyOf("second")]);
    });

    test("takes platforms that it brings out of the queue", async () => {
      const to = await target();
      await to.write((connection) => putRegistration(connection, registration, "NEW", now));
      await importBundle(to, bundle, keys.publicKey, { root, now });
      assert.deepEqual(await to.read((reader) => listRegistrations(reader, "NEW")), []);
    });

    test("of another vendor is refused", async () => {
      const other = await trustedRootFromPem((await simulatedPcs(now)).vendor.rootPem);
      const to = await target();
      await assert.rejects(importBundle(to, bundle, keys.publicKey, { root: other, now }), { code: "bundle-refused" });
    });

    test("as a backup comes back whole, with its marks and its queue", async () => {
      const backup = await makeBackup(database, now);
      const to = await target();
      const summary = await restoreBackup(to, backup, root);
      assert.deepEqual([summary["documents"], summary["platforms"], summary["registrations"]], [13, 1, 1]);
      assert.deepEqual(await to.read(readMarks), await database.read(readMarks));
      assert.deepEqual(await to.read((reader) => listRegistrations(reader, "DELETED")), [registration]);
      const key = documentKey.rootCaCrl();
      const [was, is] = [
        await database.read((reader) => findDocument(reader, key)),
        await to.read((reader) => findDocument(reader, key)),
      ];
      assert.deepEqual({ ...is, body: [...(is?.body ?? [])] }, { ...was, body: [...(was?.body ?? [])] });
      await assert.rejects(restoreBackup(to, backup, root), { code: "restore-refused" });
    });

    for (const [what, statement] of [
      ["a document that its vendor did not sign", "UPDATE documents SET body = x'7b7d' WHERE key = 'root-ca-crl'"],
      ["a document that would never expire", "UPDATE documents SET next_update = 9000000000000"],
      ["a document of an unknown kind", "UPDATE documents SET key = 'x' WHERE key = 'root-ca-crl'"],
      ["a document without its mark", "DELETE FROM marks"],
      ["a platform of another FMSPC", "UPDATE platforms SET fmspc = 'FFFFFFFFFFFF'"],
      ["a certificate for another TCB", "UPDATE pck_certificates SET tcbm = 'FF'"],
    ] as const) {
      test(`as a backup is refused with ${what}`, async () => {
        const altered = await target();
        await restoreBackup(altered, await makeBackup(database, now), root);
        await altered.write((connection) => connection.query(statement));
        const to = await target();
        const restoring = restoreBackup(to, await makeBackup(altered, now), root);
        await assert.rejects(restoring, { code: "bundle-refused" });
        assert.deepEqual(await to.read((connection) => listDocuments(connection)), []);
      });
    }

    for (const [what, serial] of [
      ["a document", () => pcs.vendor.tcbSigning.certificate.serialNumber],
      ["a platform", () => pcs.vendor.platformCa.certificate.serialNumber],
    ] as const) {
      test(`as a backup is refused with ${what} that the list in it takes back`, async () => {
        const altered = await target();
        await restoreBackup(altered, await makeBackup(database, now), root);
        const { rootCaCrl } = await pcs.vendor.collateral({ now, rootCaCrl: { revoked: [serial()] } });
        const statement = "UPDATE documents SET body = $1 WHERE key = 'root-ca-crl'";
        await altered.write((connection) => connection.query(statement, [rootCaCrl]));
        const restoring = restoreBackup(await target(), await makeBackup(altered, now), root);
        await assert.rejects(restoring, { code: "bundle-refused", message: /taken back/ });
      });
    }

    test("as a backup is refused when it is damaged or of another schema", async () => {
      const backup = await makeBackup(database, now);
      const to = await target();
      for (const place of [0, 40, backup.length >> 1, backup.length - 1]) {
        const flipped = Uint8Array.from(backup);
        flipped[place] = (flipped[place] ?? 0) ^ 1;
        await assert.rejects(restoreBackup(to, flipped, root), { code: "bundle-malformed" });
      }
      await assert.rejects(restoreBackup(to, backup.subarray(0, -1), root), { code: "bundle-malformed" });
      await assert.rejects(restoreBackup(to, bundle, root), { code: "bundle-malformed" });
      assert.deepEqual(await to.read((connection) => listDocuments(connection)), []);
    });
  });
}

function firstOf<Value>(values: readonly Value[] | undefined): Value {
  assert.ok(values?.[0] !== undefined);
  return values[0];
}
