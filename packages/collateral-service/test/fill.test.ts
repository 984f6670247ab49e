import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { ProviderError } from "../src/provider.ts";
import { type DocumentId, documentKey } from "../src/store/document-key.ts";
import { findDocument, listDocuments } from "../src/store/documents.ts";
import { findPlatform, findResolvedTcb, listPckCertificates } from "../src/store/platforms.ts";
import { listRegistrations, type RegistrationState } from "../src/store/registrations.ts";
import { anybody, type FillingTest, fillingTests } from "./support/filling.ts";
import { encryptedPpid, simulatedPcs } from "./support/simulated-pcs.ts";

const DAY_MS = 86_400_000;
const now = new Date();
const QE: DocumentId = { kind: "identity", identity: "QE", version: 4, update: "standard" };
const platformId = { qeId: "AB".repeat(16), pceId: "0000" };
const raw = { cpuSvn: "0C0C0303FF0100000000000000000000", pceSvn: "0D00" };
const ppid = encryptedPpid("01");
const unknownPpid = encryptedPpid("02");
const partlyPpid = encryptedPpid("03");
const registration = { ...platformId, ...raw, encryptedPpid: ppid, manifest: "" };

describe("filling from upstream", () => {
  const running = fillingTests(now, async (pcs) => {
    await pcs.addPlatform({ ppid });
    await pcs.addPlatform({ ppid: partlyPpid, notAvailable: 1 });
    await pcs.addPlatform({ ppid: "ABCD" });
  });
  let { pcs, upstream, database } = {} as FillingTest;
  beforeEach(() => ({ pcs, upstream, database } = running()));
  const open: FillingTest["open"] = (options) => running().open(options);
  const keys = (): Promise<string[]> => running().keys();
  const queued = (state: RegistrationState): Promise<unknown[]> =>
    database.read((connection) => listRegistrations(connection, state));

  test("32 clients for one unknown platform are one round upstream and 32 answers", async () => {
    const fill = await open();
    upstream.reply = async (request) => {
      await new Promise((resolve) => void setTimeout(resolve, 20));
      return pcs.reply(request);
    };
    const miss = { ...platformId, ...raw, encryptedPpid: ppid };
    await Promise.all(Array.from({ length: 32 }, () => fill.platform(miss, anybody)));
    const paths = upstream.seen.map(({ path }) => path.replace(/\?.*update=/, " ").replace(/\?.*/, ""));
    assert.deepEqual(paths.sort(), [
      "/IntelSGXRootCA.der",
      "/sgx/certification/v4/pckcerts",
      "/sgx/certification/v4/tcb early",
      "/sgx/certification/v4/tcb standard",
      "/tdx/certification/v4/tcb early",
      "/tdx/certification/v4/tcb standard",
    ]);
    assert.equal((await database.read((reader) => findPlatform(reader, platformId)))?.fmspc, "53494D554C38");
    await fill.platform(miss, anybody);
    assert.equal(upstream.seen.length, 6, "a client that comes a moment late finds what the others fetched");
  });

  test("processes of one machine, whose encrypted PPIDs all differ, are one round upstream", async () => {
    const ppids = Array.from({ length: 8 }, (_, index) => encryptedPpid(`0E${index}`));
    await Promise.all(ppids.map((one) => pcs.addPlatform({ ppid: one })));
    const fill = await open();
    const ask = (one: string): Promise<void> => fill.platform({ ...platformId, ...raw, encryptedPpid: one }, anybody);
    await Promise.all(ppids.map(ask));
    assert.equal(upstream.seen.filter(({ path }) => path.includes("/pckcerts")).length, 1);
  });

  test("whoever names a machine with a false PPID keeps nobody from it", async () => {
    const fill = await open();
    const ask = (one: string): Promise<void> => fill.platform({ ...platformId, ...raw, encryptedPpid: one }, anybody);
    const [stranger, own] = await Promise.allSettled([ask(unknownPpid), ask(ppid)]);
    assert.deepEqual([stranger.status, own.status], ["rejected", "fulfilled"]);
  });

  test("lists are fetched by the URIs that certificates have, not by endless variants of them", async () => {
    const fill = await open();
    const host = "https://certificates.trustedservices.intel.com";
    const pckList = "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform";
    for (const uri of [`${host}/IntelSGXRootCA.der?1`, `${host}/IntelSGXRootCA.der#1`, `${pckList}&x=1`]) {
      await fill.document({ kind: "crl", uri }, anybody);
    }
    assert.deepEqual([upstream.seen.length, await keys()], [0, []]);
    for (const uri of [`${host}/IntelSGXRootCA.der`, pckList, `${pckList}&encoding=der`]) {
      await fill.document({ kind: "crl", uri }, anybody);
    }
    assert.equal((await keys()).length, 4, "and the list that the two are held against");
  });

  test("a stop ends a refresh at once, without asking anything more", async () => {
    const fill = await open();
    await fill.complete(["standard"]);
    const count = upstream.seen.length;
    running().stopAsking();
    await assert.rejects(fill.refresh({ kind: "documents" }), { message: /stopping/ });
    assert.equal(upstream.seen.length, count);
  });

  test("what upstream does not have any more does not hide other failures of a refresh", async () => {
    const fill = await open();
    await fill.complete(["standard"]);
    upstream.reply = ({ path }) => (path.includes("/qve/") ? "reset" : { status: 404, headers: {}, body: "" });
    await assert.rejects(fill.refresh({ kind: "documents" }), { code: "unavailable" });
    upstream.reply = () => ({ status: 404, headers: {}, body: "" });
    await assert.rejects(fill.refresh({ kind: "documents" }), { code: "not-found" });
    upstream.reply = pcs.reply;
    await fill.refresh({ kind: "documents" });
  });

  test("32 clients for one document are one request, and each has it when it is told so", async () => {
    const fill = await open();
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        await fill.document(QE, anybody);
        assert.ok(await database.read((reader) => findDocument(reader, documentKey.identity("QE", 4, "standard"))));
      }),
    );
    assert.equal(upstream.seen.length, 2, "and one for the list of the root");
  });

  test("what upstream does not have is asked for once in a while, a failure every time", async () => {
    const fill = await open();
    const miss = { ...platformId, ...raw, encryptedPpid: unknownPpid };
    await assert.rejects(fill.platform(miss, anybody), { code: "not-found" });
    await assert.rejects(fill.platform(miss, anybody), { code: "not-found" });
    assert.equal(upstream.seen.length, 1);
    upstream.reply = () => "reset";
    await assert.rejects(fill.document(QE, anybody), { code: "unavailable" });
    upstream.reply = pcs.reply;
    await fill.document(QE, anybody);
  });

  test("an absence is forgotten", async () => {
    const fill = await open({ absenceMs: 0 });
    const miss = { ...platformId, ...raw, encryptedPpid: unknownPpid };
    await assert.rejects(fill.platform(miss, anybody), { code: "not-found" });
    await assert.rejects(fill.platform(miss, anybody), { code: "not-found" });
    assert.equal(upstream.seen.length, 2);
  });

  test("a crowd of clients that ask for what nobody has does not pile up", async () => {
    const gate = Promise.withResolvers<never>();
    const provider = {
      fetchDocument: () => gate.promise,
      fetchEvaluation: () => gate.promise,
      fetchFmspcs: () => gate.promise,
      fetchPckCertificates: () => gate.promise,
    };
    const fill = await open({ provider });
    const codes = Array.from({ length: 300 }, (_, index) => {
      const miss = { qeId: `${index}`, pceId: "0000", ...raw, encryptedPpid: encryptedPpid(`F${index}`) };
      return fill.platform(miss, anybody).then(undefined, (error: { code: string }) => error.code);
    });
    assert.deepEqual(new Set(await Promise.all(codes.slice(256))), new Set(["retry-later"]));
    gate.reject(new ProviderError("not-found", "nobody has it"));
    assert.deepEqual(new Set(await Promise.all(codes.slice(0, 256))), new Set(["not-found"]));
  });

  test("a platform that does not say who it is is not asked for", async () => {
    const fill = await open();
    for (const encrypted of ["", "0".repeat(768)]) {
      await assert.rejects(fill.platform({ ...platformId, ...raw, encryptedPpid: encrypted }, anybody), {
        code: "not-found",
      });
    }
    assert.equal(upstream.seen.length, 0);
  });

  for (const mode of ["REQ", "OFFLINE"] as const) {
    test(`in the mode ${mode} misses stay misses`, async () => {
      const fill = await open({ mode });
      await fill.document(QE, anybody);
      await fill.platform({ ...platformId, ...raw, encryptedPpid: ppid }, anybody);
      assert.deepEqual([upstream.seen.length, await keys()], [0, []]);
    });
  }

  test("in the mode OFFLINE a registration is queued, and nothing is fetched", async () => {
    const fill = await open({ mode: "OFFLINE" });
    await fill.registered(registration);
    await fill.complete(["standard"]);
    assert.deepEqual([upstream.seen.length, await queued("NEW")], [0, [registration]]);
  });

  test("in the mode REQ a registration is fetched, resolved and done", async () => {
    const fill = await open({ mode: "REQ" });
    await fill.registered(registration);
    assert.deepEqual([await queued("NEW"), await queued("DELETED")], [[], [registration]]);
    assert.ok(await database.read((reader) => findResolvedTcb(reader, platformId, raw)));
  });

  test("in the mode REQ a registration that cannot be fetched stays in the queue", async () => {
    const fill = await open({ mode: "REQ" });
    const unknown = { ...registration, encryptedPpid: unknownPpid };
    await assert.rejects(fill.registered(unknown), { code: "not-found" });
    assert.deepEqual(await queued("NEW"), [unknown]);
  });

  test("in the mode REQ a registration without certificates for each TCB waits in a queue of its own", async () => {
    const fill = await open({ mode: "REQ" });
    const partly = { ...registration, encryptedPpid: partlyPpid };
    await fill.registered(partly);
    assert.deepEqual([await queued("NEW"), await queued("NOT_AVAILABLE")], [[], [partly]]);
    assert.equal((await database.read((reader) => listPckCertificates(reader, platformId))).length, 1);
  });

  test("24 registrations at one time all succeed", async () => {
    const fill = await open();
    const all = Array.from({ length: 24 }, (_, index) => ({
      ...registration,
      qeId: `${index}`.padStart(32, "0"),
    }));
    await Promise.all(all.map((one) => fill.registered(one)));
    const tcbInfos = upstream.seen.filter(({ path }) => path.includes("/tcb?"));
    assert.equal(tcbInfos.length, 4, "platforms of one FMSPC share its TCB infos");
    for (const one of all) {
      assert.ok(await database.read((reader) => findResolvedTcb(reader, one, raw)), one.qeId);
    }
  });

  test("a platform with a manifest is known by it, and fetched again for another one", async () => {
    const fill = await open();
    const withManifest = { ...registration, cpuSvn: "", pceSvn: "", encryptedPpid: "", manifest: "ABCD" };
    await fill.registered(withManifest);
    await fill.registered(withManifest);
    assert.equal(upstream.seen.filter(({ method }) => method === "POST").length, 1);
    await assert.rejects(fill.registered({ ...withManifest, manifest: "EF01" }), { code: "not-found" });
    assert.equal((await database.read((reader) => findPlatform(reader, platformId)))?.manifest, "ABCD");
  });

  test("what verifiers need is completed, each only where it is missing", async () => {
    const fill = await open();
    await fill.document(QE, anybody);
    await fill.complete(["standard"]);
    assert.deepEqual(await keys(), [
      "identity/QE/v4/standard",
      "identity/QVE/v4/standard",
      "identity/TDQE/v4/standard",
      "pck-crl/platform",
      "pck-crl/processor",
      "root-ca-crl",
    ]);
    const count = upstream.seen.length;
    await fill.complete(["standard"]);
    assert.equal(upstream.seen.length, count);
  });

  const [forged, foreign] = ["forged", "foreign"] as const;
  for (const [what, id, change] of [
    ["a signature that does not fit", QE, forged],
    ["a list that its issuer did not sign", { kind: "pck-crl", ca: "platform" }, forged],
    ["the list of another CA", { kind: "pck-crl", ca: "platform" }, foreign],
    ["the identity of another enclave", QE, foreign],
  ] as readonly (readonly [string, DocumentId, string])[]) {
    test(`${what} is not stored`, async () => {
      const fill = await open();
      upstream.reply = async (request) => {
        const path = request.path.replace("ca=platform", "ca=processor").replace("qe/", "qve/");
        const answer = await pcs.reply(change === foreign ? { ...request, path } : request);
        if (typeof answer === "string" || change === foreign) {
          return answer;
        }
        const body = Buffer.from(answer.body);
        body[body.length - 5] = body[body.length - 5] === 0x30 ? 0x31 : 0x30;
        return { ...answer, body };
      };
      await assert.rejects(fill.document(id, anybody), { code: "garbage" });
      assert.deepEqual(await keys(), change === foreign ? ["root-ca-crl"] : []);
    });
  }

  test("a document of another vendor is not stored", async () => {
    const other = await simulatedPcs(now);
    upstream.reply = other.reply;
    await assert.rejects((await open()).document(QE, anybody), { code: "garbage" });
    assert.deepEqual(await keys(), []);
  });

  test("an expired document is not stored, and one that is stored is fetched again", async () => {
    await pcs.issue(now, { qeIdentity: { nextUpdate: new Date(now.getTime() - 1000) } });
    await assert.rejects((await open()).document(QE, anybody), { code: "garbage" });
    await pcs.issue(new Date(now.getTime() - 2000), { qeIdentity: { nextUpdate: now } });
    await (await open({ now: () => new Date(now.getTime() - 1000) })).document(QE, anybody);
    await pcs.issue(now);
    await (await open()).document(QE, anybody);
    const stored = await database.read((reader) => findDocument(reader, documentKey.identity("QE", 4, "standard")));
    assert.equal(Math.floor((stored?.issued.getTime() ?? 0) / 1000), Math.floor(now.getTime() / 1000));
  });

  test("an older document than the stored one does not take its place", async () => {
    const fill = await open();
    await fill.document(QE, anybody);
    await pcs.issue(new Date(now.getTime() - DAY_MS));
    await assert.rejects(fill.refresh({ kind: "documents" }), { code: "garbage" });
    const stored = await database.read((reader) => findDocument(reader, documentKey.identity("QE", 4, "standard")));
    assert.equal(Math.floor((stored?.issued.getTime() ?? 0) / 1000), Math.floor(now.getTime() / 1000));
  });

  test("certificates of another platform are not stored", async () => {
    const machine = { ...pcs.vendor.machine, ppid: "99".repeat(16) };
    const mixed = encryptedPpid("04");
    await pcs.addPlatform({ ppid: mixed, machines: [pcs.vendor.machine, machine] });
    const fill = await open();
    await assert.rejects(fill.registered({ ...registration, encryptedPpid: mixed }), { code: "garbage" });
    assert.equal(await database.read((reader) => findPlatform(reader, platformId)), undefined);
  });

  test("a refresh moves on what it can, keeps what it cannot, and tells of it", async () => {
    const told: unknown[] = [];
    const fill = await open({ onFailure: (error) => told.push(error) });
    await fill.complete(["standard"]);
    const later = new Date(now.getTime() + 1000);
    await pcs.issue(later);
    upstream.reply = (request) => (request.path.includes("/qve/") ? "reset" : pcs.reply(request));
    const refreshing = await open({ now: () => later, onFailure: (error) => told.push(error) });
    await assert.rejects(refreshing.refresh({ kind: "documents" }), { code: "unavailable" });
    const stored = await database.read((reader) => listDocuments(reader));
    const ages = Object.fromEntries(stored.map(({ key, fetchedAt }) => [key, fetchedAt.getTime() === later.getTime()]));
    assert.equal(ages["identity/QE/v4/standard"], true);
    assert.equal(ages["identity/QVE/v4/standard"], false);
    assert.equal(told.length, 2, "the standard and the early one");
  });

  test("a refresh of certificates fetches platforms again and resolves what was resolved", async () => {
    const fill = await open();
    await fill.registered(registration);
    const count = upstream.seen.length;
    assert.deepEqual(await fill.refresh({ kind: "certificates", fmspcs: ["53494D554C38"] }), { refreshed: 2 });
    assert.deepEqual(
      upstream.seen.slice(count).map(({ path }) => path.replace(/\?.*/, "")),
      ["/sgx/certification/v4/tcb", "/sgx/certification/v4/pckcerts"],
    );
    assert.ok(await database.read((reader) => findResolvedTcb(reader, platformId, raw)));
    assert.deepEqual(await fill.refresh({ kind: "certificates", fmspcs: ["FFFFFFFFFFFF"] }), { refreshed: 0 });
  });
});
