import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { trustedRootFromPem } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import { chainPem, createSnpVendor, type SnpKeys, type SnpVendor, sharedSnpKeys } from "@sealserve/simulator";
import { AmdCollateral, type AmdContext } from "../src/amd/amd-collateral.ts";
import { idOfAmdKey } from "../src/amd/amd-document.ts";
import { kdsProvider } from "../src/amd/kds-provider.ts";
import { makeBackup } from "../src/backup/make-backup.ts";
import { restoreBackup } from "../src/backup/restore-backup.ts";
import type { OpenRequest } from "../src/http/open-route.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { listDocuments } from "../src/store/documents.ts";
import { Attempts } from "../src/upstream/attempts.ts";
import { type Exchange, openExchange } from "../src/upstream/exchange.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { type SeenRequest, startUpstream, type UpstreamReply, type UpstreamServer } from "./support/upstream-server.ts";

const now = new Date();
const YEAR_MS = 365 * 86_400_000;
const TCB = "blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219";

const asked = (path: string, query: string): OpenRequest => ({ path, query, admission: () => undefined });

describe("AMD's endorsements", () => {
  let keys: SnpKeys;
  let vendor: SnpVendor;
  let crl: Uint8Array;
  let upstream: UpstreamServer;
  let server: TestDatabase;
  let database: SqlDatabase;
  let exchange: Exchange;
  let chip: string;

  const reply = ({ path }: SeenRequest): UpstreamReply => {
    const answer = (type: string, body: string | Uint8Array): UpstreamReply => ({
      status: 200,
      headers: { "Content-Type": type },
      body,
    });
    switch (path) {
      case "/vcek/v1/Milan/cert_chain":
        return answer("application/x-pem-file", chainPem(vendor.ask, vendor.ark));
      case "/vlek/v1/Milan/cert_chain":
        return answer("application/x-pem-file", chainPem(vendor.asvk, vendor.ark));
      case "/vcek/v1/Milan/crl":
      case "/vlek/v1/Milan/crl":
        return answer("application/pkix-crl", crl);
      case `/vcek/v1/Milan/${chip}?${TCB}`:
        return answer("application/pkix-cert", vendor.vcek.certificate.raw);
      case `/vlek/v1/Milan/cert?${TCB}`:
        return answer("application/pkix-cert", vendor.vlek.certificate.raw);
      default:
        return { status: 404, headers: {}, body: "" };
    }
  };
  const open = async (options: Partial<AmdContext> = {}): Promise<AmdCollateral> =>
    new AmdCollateral({
      mode: "LAZY",
      provider: kdsProvider(new Attempts(exchange, { attempts: 1 })),
      database,
      root: await trustedRootFromPem(vendor.arkPem),
      now: () => now,
      ...options,
    });
  const stored = async (): Promise<string[]> =>
    (await database.read((connection) => listDocuments(connection))).map(({ key }) => key);

  before(async () => {
    keys = await sharedSnpKeys("Milan");
    vendor = await createSnpVendor({ now, product: "Milan", keys });
    chip = encodeHex(vendor.hardwareId);
  });
  beforeEach(async () => {
    crl = await vendor.crl();
    upstream = await startUpstream(reply);
    server = (await databases["SQLite"]?.start()) as TestDatabase;
    database = await server.open();
    exchange = openExchange({ ...upstream.settings, timeoutMs: 2000 });
  });
  afterEach(async () => {
    exchange.close();
    await database.close();
    await server.stop();
    await upstream.close();
  });

  test("are fetched once for 32 clients, held against their chain, and kept", async () => {
    const amd = await open();
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => amd.answer(asked(`/vcek/v1/Milan/${chip.toUpperCase()}`, TCB))),
    );
    assert.ok(answers.every((answer) => answer?.mediaType === "application/pkix-cert"));
    assert.deepEqual([...(answers[0]?.document.body ?? [])], [...vendor.vcek.certificate.raw]);
    assert.deepEqual(
      upstream.seen.map(({ host, path }) => `${host}${path}`),
      [
        "kdsintf.amd.com/vcek/v1/Milan/cert_chain",
        "kdsintf.amd.com/vcek/v1/Milan/crl",
        `kdsintf.amd.com/vcek/v1/Milan/${chip}?${TCB}`,
      ],
    );
    assert.deepEqual(
      new Set(await stored()),
      new Set([`amd/vcek/Milan/${chip}/4-0-24-219`, "amd/vcek/Milan/cert-chain", "amd/vcek/Milan/crl"]),
    );
    await amd.answer(asked(`/vcek/v1/Milan/${chip}`, TCB));
    assert.equal(upstream.seen.length, 3);
  });

  test("have chains and lists of both kinds of keys, which a refresh fetches again", async () => {
    const amd = await open();
    for (const kind of ["vcek", "vlek"]) {
      assert.equal((await amd.answer(asked(`/${kind}/v1/Milan/crl`, "")))?.mediaType, "application/pkix-crl");
    }
    const refreshable = await amd.refreshable();
    assert.equal(refreshable.length, 4);
    const count = upstream.seen.length;
    await Promise.all(refreshable.map((id) => amd.refresh(id)));
    assert.equal(upstream.seen.length, count + 4);
  });

  test("include the VLEK of a cloud provider, which is kept as VCEKs are", async () => {
    const amd = await open();
    for (let count = 0; count < 2; count++) {
      const found = await amd.answer(asked("/vlek/v1/Milan/cert", TCB));
      assert.deepEqual([...(found?.document.body ?? [])], [...vendor.vlek.certificate.raw]);
      assert.equal(found?.mediaType, "application/pkix-cert");
    }
    assert.equal(upstream.seen.filter(({ path }) => path.includes("/cert?")).length, 1);
    const kept = (await stored()).find((key) => key.startsWith("amd/vlek/Milan/cert/")) ?? "";
    assert.deepEqual([kept, idOfAmdKey(kept)?.kind], ["amd/vlek/Milan/cert/4-0-24-219", "vlek"]);
    assert.ok((await amd.refreshable()).every(({ kind }) => kind !== "vlek"));
  });

  test("that are not stored are not fetched in another mode than LAZY", async () => {
    const amd = await open({ mode: "OFFLINE" });
    await assert.rejects(amd.answer(asked("/vcek/v1/Milan/cert_chain", "")), { code: "not-found" });
    assert.equal(upstream.seen.length, 0);
  });

  for (const [what, path, query] of [
    ["a product that nobody made", "/vcek/v1/Naples/cert_chain", ""],
    ["a chip id that is too short", "/vcek/v1/Milan/00", TCB],
    ["a chip id that is no hex", `/vcek/v1/Milan/${"g".repeat(128)}`, TCB],
    ["a TCB without a level", `/vcek/v1/Milan/${"0".repeat(128)}`, "blSPL=04&teeSPL=00&snpSPL=24"],
    ["a level twice", `/vcek/v1/Milan/${"0".repeat(128)}`, `${TCB}&blSPL=05`],
    ["a level out of range", `/vcek/v1/Milan/${"0".repeat(128)}`, TCB.replace("219", "256")],
    ["a VLEK without a TCB", "/vlek/v1/Milan/cert", ""],
    ["a VLEK of a chip", `/vlek/v1/Milan/${"0".repeat(128)}`, TCB],
    ["a path that goes up", "/vcek/v1/Milan/..", ""],
    ["another version", "/vcek/v2/Milan/crl", ""],
  ] as const) {
    test(`do not include ${what}`, async () => {
      assert.equal(await (await open()).answer(asked(path, query)), undefined);
      assert.equal(upstream.seen.length, 0);
    });
  }

  const other =
    (body: () => Uint8Array | string | Promise<Uint8Array | string>, of: string) =>
    async (request: SeenRequest): Promise<UpstreamReply> => {
      const proper = reply(request);
      return typeof proper !== "string" && request.path.includes(of) ? { ...proper, body: await body() } : proper;
    };
  const vcekPath = (): string => `/vcek/v1/Milan/${chip}`;
  for (const [what, of, body, path] of [
    ["a VCEK in the place of the VLEK", "blSPL", () => vendor.vcek.certificate.raw, () => "/vlek/v1/Milan/cert"],
    ["a VLEK with a flipped bit", "blSPL", () => flipped(vendor.vlek.certificate.raw), () => "/vlek/v1/Milan/cert"],
    ["the VLEK in the place of a VCEK", "blSPL", () => vendor.vlek.certificate.raw, vcekPath],
    ["a VCEK with a flipped bit", "blSPL", () => flipped(vendor.vcek.certificate.raw), vcekPath],
    ["a chain of the other kind", "cert_chain", () => chainPem(vendor.asvk, vendor.ark), vcekPath],
    ["a chain without its root", "cert_chain", () => chainPem(vendor.ask), vcekPath],
    ["a chain with a stranger", "cert_chain", () => chainPem(vendor.ask, vendor.ark, vendor.asvk), vcekPath],
    ["a list with a flipped bit", "crl", () => flipped(crl), () => "/vcek/v1/Milan/crl"],
    [
      "a list that is out of date",
      "crl",
      () => vendor.crl({ nextUpdate: new Date(now.getTime() - 1000) }),
      () => "/vcek/v1/Milan/crl",
    ],
    [
      "a list that takes back the CA itself",
      "crl",
      () => vendor.crl({ revoked: [vendor.ask.certificate.serialNumber] }),
      () => "/vcek/v1/Milan/crl",
    ],
  ] as const) {
    test(`are refused with ${what}`, async () => {
      upstream.reply = other(body, of);
      const amd = await open();
      await assert.rejects(amd.answer(asked(path(), TCB)), { code: "garbage" });
      assert.ok((await stored()).every((key) => key.endsWith("cert-chain") || key.endsWith("crl")));
    });
  }

  test("are refused for another TCB or chip than asked for", async () => {
    upstream.reply = (request) =>
      reply(request.path.includes("blSPL") ? { ...request, path: `/vcek/v1/Milan/${chip}?${TCB}` } : request);
    const amd = await open();
    await assert.rejects(amd.answer(asked(vcekPath(), TCB.replace("219", "220"))), { code: "garbage" });
    await assert.rejects(amd.answer(asked(`/vcek/v1/Milan/${"ab".repeat(64)}`, TCB)), { code: "garbage" });
  });

  test("of another root are refused", async () => {
    const foreign = await createSnpVendor({ now, product: "Milan", keys: await sharedSnpKeys("Genoa") });
    const amd = await open({ root: await trustedRootFromPem(foreign.arkPem) });
    await assert.rejects(amd.answer(asked("/vcek/v1/Milan/cert_chain", "")), { code: "garbage" });
  });

  test("are not proven without the root's list", async () => {
    upstream.reply = (request) =>
      request.path.endsWith("crl") ? { status: 404, headers: {}, body: "" } : reply(request);
    const amd = await open({ absenceMs: 0 });
    await assert.rejects(amd.answer(asked(vcekPath(), TCB)), { code: "unavailable" });
    await assert.rejects(amd.answer(asked("/vcek/v1/Milan/cert_chain", "")), { code: "unavailable" });
    assert.deepEqual(await stored(), []);
  });

  test("leave the store when a list of the root takes back their CA", async () => {
    const amd = await open();
    await amd.answer(asked("/vlek/v1/Milan/cert", TCB));
    await amd.answer(asked(vcekPath(), TCB));
    crl = await vendor.crl({ number: 2, revoked: [vendor.asvk.certificate.serialNumber] });
    await amd.refresh({ kind: "crl", vek: "vcek", product: "Milan" });
    assert.deepEqual(
      (await stored()).filter((key) => key.startsWith("amd/vlek")),
      ["amd/vlek/Milan/crl"],
    );
    assert.ok((await stored()).includes(`amd/vcek/Milan/${chip}/4-0-24-219`));
  });

  test("of a CA that either list of the root takes back do not come again", async () => {
    const amd = await open();
    await amd.answer(asked("/vlek/v1/Milan/cert", TCB));
    crl = await vendor.crl({ number: 2, revoked: [vendor.asvk.certificate.serialNumber] });
    await amd.refresh({ kind: "crl", vek: "vcek", product: "Milan" });
    await assert.rejects(amd.answer(asked("/vlek/v1/Milan/cert", TCB)), { code: "garbage", message: /taken back/ });
    assert.ok((await stored()).every((key) => !key.startsWith("amd/vlek") || key.endsWith("/crl")));
  });

  test("that were proven just before a list of the root took back their CA are kept out", async () => {
    const amd = await open();
    await amd.answer(asked("/vlek/v1/Milan/cert_chain", ""));
    await amd.answer(asked("/vcek/v1/Milan/crl", ""));
    crl = await vendor.crl({ number: 2, revoked: [vendor.asvk.certificate.serialNumber] });
    const write: typeof database.write = async (work) => {
      await amd.refresh({ kind: "crl", vek: "vcek", product: "Milan" });
      return database.write(work);
    };
    const late = await open({ database: { ...database, write } });
    await assert.rejects(late.answer(asked("/vlek/v1/Milan/cert", TCB)), { code: "garbage", message: /taken back/ });
    assert.ok((await stored()).every((key) => !key.startsWith("amd/vlek") || key.endsWith("/crl")));
  });

  test("whose CA either list beside them takes back are not restored from a backup", async () => {
    const amd = await open();
    await amd.answer(asked("/vlek/v1/Milan/cert", TCB));
    await amd.answer(asked("/vcek/v1/Milan/crl", ""));
    const revoking = await vendor.crl({ revoked: [vendor.asvk.certificate.serialNumber] });
    const statement = "UPDATE documents SET body = $1 WHERE key = 'amd/vcek/Milan/crl'";
    await database.write((connection) => connection.query(statement, [revoking]));
    const empty = (await databases["SQLite"]?.start()) as TestDatabase;
    const to = await empty.open();
    const root = await trustedRootFromPem(vendor.arkPem);
    const restoring = restoreBackup(to, await makeBackup(database, now), root);
    await assert.rejects(restoring, { code: "bundle-refused", message: /taken back/ });
    await to.close();
    await empty.stop();
  });

  test("are kept of so many TCBs of a chip and no more, however many are asked for at one time", async () => {
    const levels = Array.from({ length: 20 }, (_, level) => level);
    const { hardwareId } = vendor;
    const machines = await Promise.all(
      levels.map((microcode) => createSnpVendor({ now, product: "Milan", keys, hardwareId, tcb: { microcode } })),
    );
    const [usual] = TCB.split("219");
    upstream.reply = (request) => {
      const [, level] = /ucodeSPL=([0-9]+)$/.exec(request.path) ?? [];
      const body = machines[Number(level)]?.vcek.certificate.raw;
      const headers = { "Content-Type": "application/pkix-cert" };
      return body === undefined ? reply(request) : { status: 200, headers, body };
    };
    await (await open()).answer(asked("/vcek/v1/Milan/crl", ""));
    const waiting = Promise.withResolvers<void>();
    let count = 0;
    const write: typeof database.write = async (work) => {
      count++;
      if (count === levels.length) {
        waiting.resolve();
      }
      await waiting.promise;
      return database.write(work);
    };
    const amd = await open({ database: { ...database, write } });
    await Promise.all(levels.map((level) => amd.answer(asked(vcekPath(), `${usual}${level}`))));
    assert.equal((await stored()).filter((key) => key.startsWith(`amd/vcek/Milan/${chip}/`)).length, 16);
  });

  test("do not go back to an older list", async () => {
    const amd = await open();
    crl = await vendor.crl({ number: 2 });
    await amd.answer(asked("/vcek/v1/Milan/crl", ""));
    crl = await vendor.crl({ number: 1 });
    await assert.rejects(amd.refresh({ kind: "crl", vek: "vcek", product: "Milan" }), { code: "garbage" });
    await assert.rejects(amd.refresh({ kind: "crl", vek: "vlek", product: "Milan" }), { code: "garbage" });
  });

  test("past their end are fetched again, or refused", async () => {
    await (await open()).answer(asked("/vcek/v1/Milan/crl", ""));
    const later = await open({ now: () => new Date(now.getTime() + 2 * YEAR_MS) });
    await assert.rejects(later.answer(asked("/vcek/v1/Milan/crl", "")), { code: "garbage" });
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[changed.length - 9] = (changed.at(-9) ?? 0) ^ 1;
  return changed;
}
