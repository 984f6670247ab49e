// What Intel's own service offers and its PCCS does not: passed on, proven where anybody signs it.
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { trustedRootFromPem } from "@sealserve/attestation";
import { openUpstream } from "../src/open-upstream.ts";
import { upstreamParts } from "../src/server/upstream-parts.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { INTEL_PCS } from "../src/upstream/pcs-address.ts";
import type { TestDatabase } from "./support/databases.ts";
import { asAdmin, startService, type TestService } from "./support/service.ts";
import { encryptedPpid, evaluationNumbers, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamReply, type UpstreamServer } from "./support/upstream-server.ts";

const SGX = "/sgx/certification/v4";
const TDX = "/tdx/certification/v4";
const MANIFEST = "ABCD";
const RAW = "cpusvn=0C0C0303FF0100000000000000000000&pcesvn=0D00&pceid=0000";
const ppid = encryptedPpid("01");
/** Some time ago, as documents of a second later are valid too, however fast the tests come to them. */
const now = new Date(Date.now() - 10_000);

describe("operations of Intel's own service", () => {
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let service: TestService;

  const start = async (
    mode: "LAZY" | "REQ" | "OFFLINE",
    missBurst = 500,
    database?: TestDatabase,
  ): Promise<TestService> => {
    const root = await trustedRootFromPem(pcs.vendor.rootPem);
    const options = {
      ...upstream.settings,
      url: INTEL_PCS,
      attempts: { attempts: 1 },
      root,
      now: () => new Date(),
      onFailure: () => undefined,
    };
    const changes = {
      root,
      limits: { missesPerSecond: 0.001, missBurst },
      fill: async (store: SqlDatabase) => upstreamParts(openUpstream({ ...options, mode }, store)),
    };
    return startService(changes, database);
  };
  const send = async (path: string, body?: object) => {
    const posted = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await service.client.send({ path, ...(body === undefined ? {} : posted) });
    return { status: answer.status, headers: answer.headers, text: answer.body.toString() };
  };
  const askedFor = (part: string): number => upstream.seen.filter(({ path }) => path.includes(part)).length;

  before(async () => {
    pcs = await simulatedPcs(now);
    await pcs.addPlatform({ ppid, notAvailable: 1 });
    await pcs.addPlatform({ ppid: MANIFEST });
  });
  beforeEach(async () => {
    upstream = await startUpstream(pcs.reply);
    service = await start("LAZY");
  });
  afterEach(async () => {
    await service.stop();
    await upstream.close();
  });

  test("list signed evaluation numbers with their chain, once fetched", async () => {
    for (const base of [SGX, TDX]) {
      const first = await send(`${base}/tcbevaluationdatanumbers`);
      assert.equal(first.status, 200);
      const document = JSON.parse(first.text).tcbEvaluationDataNumbers;
      assert.equal(document.id, base === SGX ? "SGX" : "TDX");
      assert.match(first.headers["tcb-evaluation-data-numbers-issuer-chain"] as string, /^-----BEGIN%20CERTIFICATE/);
      assert.match(first.headers["cache-control"] as string, /^max-age=\d+$/);
      assert.equal((await send(`${base}/tcbevaluationdatanumbers`)).text, first.text);
    }
    assert.equal(askedFor("tcbevaluationdatanumbers"), 2);
  });

  const wrongNumbers: readonly (readonly [string, () => Promise<UpstreamReply>])[] = [
    ["of the other TEE", () => evaluationNumbers(pcs.vendor, "TDX", now)],
    ["of another vendor", async () => evaluationNumbers((await simulatedPcs(now)).vendor, "SGX", now)],
    ["past their window", () => evaluationNumbers(pcs.vendor, "SGX", new Date(now.getTime() - 40 * 86_400_000))],
    ["with a changed number", async () => changed(await evaluationNumbers(pcs.vendor, "SGX", now))],
  ];
  for (const [what, make] of wrongNumbers) {
    test(`refuse evaluation numbers ${what}`, async () => {
      const reply = await make();
      upstream.reply = (request) => (request.path.includes("evaluationdata") ? reply : pcs.reply(request));
      assert.equal((await send(`${SGX}/tcbevaluationdatanumbers`)).status, 503);
      upstream.reply = pcs.reply;
      assert.equal((await send(`${SGX}/tcbevaluationdatanumbers`)).status, 200);
    });
  }

  test("identify the quote appraisal enclave, and no other in its place", async () => {
    const { status, text } = await send(`${SGX}/qae/identity`);
    assert.deepEqual([status, JSON.parse(text).enclaveIdentity.id], [200, "QAE"]);
    upstream.reply = (request) => pcs.reply({ ...request, path: request.path.replace("qae/", "qve/") });
    assert.equal((await send(`${SGX}/qae/identity?update=early`)).status, 503);
  });

  test("answer an evaluation number that nobody asked for before, and refuse those that are not", async () => {
    const of = (number: number): string => `${SGX}/qe/identity?tcbEvaluationDataNumber=${number}`;
    const statuses = [];
    for (const number of [1, 0, 2]) {
      statuses.push((await send(of(number))).status);
    }
    assert.deepEqual(statuses, [200, 410, 404]);
  });

  const EVALUATIONS: Readonly<Record<string, number>> = {
    "update=standard": 4,
    "update=early": 7,
    "tcbEvaluationDataNumber=5": 5,
    "tcbEvaluationDataNumber=6": 5,
  };
  /** Upstream has the evaluations 4, 5 and 7, and sends the wrong one for 6. */
  const withEvaluations = async (issued: Date): Promise<void> => {
    const variants = await Promise.all(
      Object.entries(EVALUATIONS).map(
        async ([query, number]) => [query, await pcs.variant(issued, { tcbEvaluationDataNumber: number })] as const,
      ),
    );
    upstream.reply = (request) => {
      const [, variant] = variants.find(([query]) => request.path.endsWith(query)) ?? [];
      return (variant ?? pcs).reply(request);
    };
  };
  const evaluation = async (number: number, path = "/tcb?fmspc=53494D554C38&") => {
    const { status, text } = await send(`${SGX}${path}tcbEvaluationDataNumber=${number}`);
    return status === 200 ? Object.values<{ tcbEvaluationDataNumber: number }>(JSON.parse(text))[0] : { status };
  };

  test("pass on what lies between the standard evaluation and the early one, from memory, and no other number", async () => {
    await withEvaluations(now);
    for (const path of ["/tcb?fmspc=53494D554C38&", "/qe/identity?"]) {
      for (const number of [4, 5, 7]) {
        const found = await evaluation(number, path);
        assert.equal(found && "tcbEvaluationDataNumber" in found && found.tcbEvaluationDataNumber, number);
      }
    }
    assert.deepEqual(await evaluation(3), { status: 410 });
    assert.deepEqual(await evaluation(8), { status: 404 });
    assert.deepEqual(await evaluation(6), { status: 503 });
    await send(`${SGX}/tcb?tcbEvaluationDataNumber=5&fmspc=53494D554C38`);
    assert.equal(askedFor("tcb?fmspc=53494D554C38&tcbEvaluationDataNumber=5"), 1);
    assert.equal(askedFor("tcbEvaluationDataNumber=8") + askedFor("tcbEvaluationDataNumber=3"), 0);
  });

  test("never go back behind an evaluation that was passed on before", async () => {
    await withEvaluations(now);
    await evaluation(5);
    await service.server.close();
    service = await start("LAZY", 500, service.database);
    await withEvaluations(new Date(now.getTime() - 86_400_000));
    assert.deepEqual(await evaluation(5), { status: 503 });
  });

  test("forget what is in memory when the root takes back who vouched for it", async () => {
    const list = `${SGX}/pckcerts?encrypted_ppid=${ppid}&pceid=0000`;
    await withEvaluations(now);
    assert.deepEqual([(await send(list)).status, (await send(list)).status, askedFor("/pckcerts")], [200, 200, 1]);
    assert.ok(await evaluation(5));
    const { platformCa, tcbSigning } = pcs.vendor;
    const revoked = [platformCa, tcbSigning].map(({ certificate }) => certificate.serialNumber);
    const later = new Date(now.getTime() + 1000);
    const { reply } = await pcs.variant(later, { rootCaCrl: { revoked, number: 2 } });
    const { reply: usual } = upstream;
    upstream.reply = (request) => (request.host.startsWith("certificates.") ? reply(request) : usual(request));
    await service.client.send({ method: "POST", path: `${SGX}/refresh`, headers: asAdmin });
    assert.deepEqual([(await send(list)).status, await evaluation(5)], [503, { status: 503 }]);
  });

  test("list FMSPCs from memory, by group, and refuse what is no list of them", async () => {
    upstream.reply = () => ({ status: 200, headers: { "Content-Type": "application/json" }, body: '[{"fmspc":"x"}]' });
    assert.equal((await send(`${SGX}/fmspcs?platform=E3`)).status, 503);
    upstream.reply = pcs.reply;
    const { status, text } = await send(`${SGX}/fmspcs`);
    assert.deepEqual([status, JSON.parse(text)], [200, [{ fmspc: "53494D554C38", platform: "E5" }]]);
    await send(`${SGX}/fmspcs?platform=all`);
    assert.equal(askedFor("/fmspcs?platform=all"), 1);
    assert.equal((await send(`${SGX}/fmspcs?platform=e5`)).status, 400);
  });

  test("list the certificates of a platform by PPID or manifest, proven and without those that do not exist", async () => {
    const byPpid = await send(`${SGX}/pckcerts?encrypted_ppid=${ppid}&pceid=0000`);
    assert.equal(byPpid.status, 200);
    assert.deepEqual(
      [byPpid.headers["sgx-fmspc"], byPpid.headers["sgx-pck-certificate-ca-type"]],
      ["53494D554C38", "platform"],
    );
    const [entry, ...others] = JSON.parse(byPpid.text);
    assert.deepEqual([others.length, entry.tcbm.length, entry.tcb.sgxtcbcomp01svn, entry.tcb.pcesvn], [0, 36, 12, 13]);
    assert.match(decodeURIComponent(entry.cert), /^-----BEGIN CERTIFICATE-----/);
    const byManifest = await send(`${SGX}/pckcerts`, { platformManifest: MANIFEST, pceid: "0000" });
    assert.deepEqual([byManifest.status, JSON.parse(byManifest.text)[0].tcbm], [200, entry.tcbm]);
    await send(`${SGX}/pckcerts?encrypted_ppid=${ppid}&pceid=0000`);
    assert.equal(askedFor("/pckcerts"), 2);
  });

  test("select the certificate for a raw TCB without a QE id", async () => {
    const byPpid = await send(`${SGX}/pckcert?encrypted_ppid=${ppid}&${RAW}`);
    assert.equal(byPpid.status, 200);
    assert.match(byPpid.headers["sgx-tcbm"] as string, /^[0-9A-F]{36}$/);
    const body = { platformManifest: MANIFEST, pceid: "0000", cpusvn: "F".repeat(32), pcesvn: "FFFF" };
    const byManifest = await send(`${SGX}/pckcert`, body);
    assert.deepEqual([byManifest.status, byManifest.headers["sgx-tcbm"]], [200, byPpid.headers["sgx-tcbm"]]);
    const low = `cpusvn=${"0".repeat(32)}&pcesvn=0000&pceid=0000`;
    assert.equal((await send(`${SGX}/pckcert?encrypted_ppid=${ppid}&${low}`)).status, 404);
  });

  test("refuse platforms that are none, before upstream is asked", async () => {
    const statuses = [
      await send(`${SGX}/pckcerts?encrypted_ppid=${"0".repeat(768)}&pceid=0000`),
      await send(`${SGX}/pckcerts?encrypted_ppid=00&pceid=0000`),
      await send(`${SGX}/pckcerts`, { pceid: "0000" }),
      await send(`${SGX}/pckcerts`, { platformManifest: "no hex", pceid: "0000" }),
      await send(`${SGX}/pckcert`, { platformManifest: MANIFEST, pceid: "0000", cpusvn: "00", pcesvn: "0000" }),
    ].map(({ status }) => status);
    assert.deepEqual([statuses, upstream.seen.length], [[404, 400, 400, 400, 400], 0]);
  });

  test("refuse certificates of several platforms in one list", async () => {
    const other = await simulatedPcs(now);
    await other.addPlatform({ ppid });
    upstream.reply = async (request) => {
      const [own, foreign] = await Promise.all([pcs.reply(request), other.reply(request)]);
      return typeof own === "string" || typeof foreign === "string" || !request.path.includes("/pckcerts")
        ? own
        : {
            ...own,
            body: JSON.stringify([...JSON.parse(own.body.toString()), ...JSON.parse(foreign.body.toString())]),
          };
    };
    assert.equal((await send(`${SGX}/pckcerts?encrypted_ppid=${ppid}&pceid=0000`)).status, 503);
  });

  test("are not passed on in the modes REQ and OFFLINE, and have no API version 3", async () => {
    for (const mode of ["REQ", "OFFLINE"] as const) {
      await service.stop();
      service = await start(mode);
      const paths = [
        "/fmspcs",
        "/tcbevaluationdatanumbers",
        "/qae/identity",
        `/pckcerts?encrypted_ppid=${ppid}&pceid=0000`,
      ];
      for (const path of paths) {
        assert.equal((await send(`${SGX}${path}`)).status, 404);
      }
    }
    assert.equal((await send("/sgx/certification/v3/fmspcs")).status, 404);
    await service.stop();
    service = await start("LAZY");
    assert.equal((await send(`/sgx/certification/v3/pckcert?encrypted_ppid=${ppid}&${RAW}`)).status, 400);
    assert.equal(upstream.seen.length, 0);
  });

  test("and every other miss stop for a client that has had its share, but not what is stored or on its way", async () => {
    await service.stop();
    service = await start("LAZY", 3);
    const tcb = `${SGX}/tcb?fmspc=53494D554C38`;
    assert.deepEqual(
      new Set((await Promise.all(Array.from({ length: 8 }, () => send(tcb)))).map(({ status }) => status)),
      new Set([200]),
    );
    const statuses = [];
    for (const fmspc of ["A", "B", "C", "D"]) {
      statuses.push((await send(`${SGX}/tcb?fmspc=${fmspc.repeat(12)}`)).status);
    }
    assert.deepEqual(statuses, [404, 404, 503, 503]);
    const refused = await send("/vcek/v1/Milan/cert_chain");
    assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "5"]);
    assert.equal((await send(`${SGX}/fmspcs`)).status, 503);
    assert.equal((await send(tcb)).status, 200);
    assert.equal(askedFor("fmspc=CCCC"), 0);
    assert.deepEqual(service.faults, [], "what a caller may not have is no fault");
  });
});

function changed(reply: UpstreamReply): UpstreamReply {
  return typeof reply === "string"
    ? reply
    : { ...reply, body: reply.body.toString().replace('"tcbEvaluationDataNumber":2', '"tcbEvaluationDataNumber":3') };
}
