import assert from "node:assert/strict";
import { once } from "node:events";
import https from "node:https";
import { after, before, describe, test } from "node:test";
import { createVendor } from "@sealserve/simulator";
import { DAY_MS, fmspc, now, root, vendor } from "./support/documents.ts";
import { asAdmin, json, startService, type TestService } from "./support/service.ts";
import { BASE, CERTIFICATE_PATH, CPU_SVN, type UploadFile, uploadOf } from "./support/upload.ts";

let service: TestService;
let time = now;
before(async () => {
  service = await startService({ root, now: () => time });
});
after(() => service.stop());

const put = (body: string | UploadFile, headers: Record<string, string> = { ...asAdmin, ...json }) =>
  service.client.send({
    method: "PUT",
    path: `${BASE}/platformcollateral`,
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const statusOf = async (path: string): Promise<number> => (await service.client.send({ path })).status;
const tcbPath = `${BASE}/tcb?fmspc=${fmspc}`;

test("an upload may have the same certificate twice", async (context) => {
  const other = await startService({ root, now: () => now });
  context.after(() => other.stop());
  const file = await uploadOf();
  const [certs] = file.collaterals.pck_certs.map((entry) => entry.certs);
  certs?.push(...certs);
  const headers = { ...asAdmin, ...json };
  const body = JSON.stringify(file);
  const { status } = await other.client.send({ method: "PUT", path: `${BASE}/platformcollateral`, headers, body });
  assert.deepEqual([status, (await other.client.send({ path: CERTIFICATE_PATH })).status], [200, 200]);
});

describe("an upload that is refused leaves nothing behind", () => {
  const cases: readonly [string, (file: UploadFile) => unknown, number][] = [
    [
      "without a signature",
      ({ collaterals }) => {
        collaterals.qeidentity = collaterals.qeidentity.replace(/,"signature":"[^"]*"/, "");
      },
      400,
    ],
    [
      "signed over something else",
      ({ collaterals }) => {
        collaterals.qeidentity = collaterals.qeidentity.replace('"version":2', '"version":2,"more":1');
      },
      460,
    ],
    [
      "with a TCB info that was changed",
      ({ collaterals: { tcbinfos } }) => {
        const { sgx_tcbinfo } = tcbinfos[0] as { sgx_tcbinfo: { tcbInfo: { tcbEvaluationDataNumber: number } } };
        sgx_tcbinfo.tcbInfo.tcbEvaluationDataNumber = 99;
      },
      460,
    ],
    [
      "of another FMSPC",
      ({ collaterals: { tcbinfos } }) => Object.assign(tcbinfos[0] as object, { fmspc: "0".repeat(12) }),
      400,
    ],
    [
      "with the chain of another kind",
      ({ collaterals: { certificates } }) =>
        Object.assign(certificates, {
          "TCB-Info-Issuer-Chain": (certificates["SGX-PCK-Certificate-Issuer-Chain"] as { PLATFORM: string }).PLATFORM,
        }),
      460,
    ],
    [
      "without the chain of its TCB info",
      ({ collaterals: { certificates } }) => delete certificates["TCB-Info-Issuer-Chain"],
      400,
    ],
    ["without TCB info for its certificates", ({ collaterals }) => Object.assign(collaterals, { tcbinfos: [] }), 400],
    ["with a platform without certificates", ({ collaterals }) => collaterals.pck_certs[0]?.certs.pop(), 400],
    [
      "with a raw TCB that has no certificate",
      ({ platforms }) => Object.assign(platforms[0] as object, { cpu_svn: "00".repeat(16) }),
      400,
    ],
    [
      "of another PCEID",
      ({ collaterals }) => Object.assign(collaterals.pck_certs[0] as object, { pce_id: "0001" }),
      400,
    ],
    ["of another API version", ({ collaterals }) => Object.assign(collaterals, { version: 3 }), 400],
    ["with a CRL that is no hex", ({ collaterals }) => Object.assign(collaterals, { rootcacrl: "xyz" }), 400],
    [
      "with a CRL that is cut",
      ({ collaterals }) => Object.assign(collaterals, { rootcacrl: collaterals.rootcacrl.slice(0, -8) }),
      460,
    ],
    [
      "with a distribution point elsewhere",
      ({ collaterals }) => Object.assign(collaterals, { rootcacrl_cdp: "https://example.com/x" }),
      400,
    ],
  ];
  for (const [name, change, status] of cases) {
    test(name, async () => {
      const file = await uploadOf();
      change(file);
      assert.equal((await put(file)).status, status);
      assert.equal(await statusOf(tcbPath), 404);
      assert.equal(await statusOf(CERTIFICATE_PATH), 461);
    });
  }

  test("under another root", async () => {
    assert.equal((await put(await uploadOf({}, await createVendor({ now })))).status, 460);
  });

  test("expired, or from the future", async () => {
    for (const days of [60, -60]) {
      const issued = new Date(now.getTime() + days * DAY_MS);
      assert.equal((await put(await uploadOf({ now: issued }))).status, 460);
    }
  });

  test("of an issuer that its own list of the root takes back", async () => {
    const revoked = [vendor.tcbSigning.certificate.serialNumber];
    assert.equal((await put(await uploadOf({ rootCaCrl: { revoked } }))).status, 460);
  });

  test("no JSON, with a member twice, in another encoding or of another type", async () => {
    const text = JSON.stringify(await uploadOf());
    assert.equal((await put(text.slice(0, -1))).status, 400);
    assert.equal((await put(text.replace('"platforms":', '"platforms":[],"platforms":'))).status, 400);
    assert.equal((await put(text, { ...asAdmin, "content-type": "application/json; charset=utf-16" })).status, 400);
    assert.equal((await put(text, { ...asAdmin, "content-type": "text/plain" })).status, 400);
    assert.equal((await put(`[${"[".repeat(100)}${"]".repeat(100)}]`)).status, 400);
  });

  test("too large, whether it says so or not", async () => {
    const large = JSON.stringify({ pad: "x".repeat(2 * 1024 * 1024) });
    assert.equal((await put(large)).status, 413);
    const chunked = await put(large, { ...asAdmin, ...json, "transfer-encoding": "chunked" });
    assert.equal(chunked.status, 413);
  });

  test("too large, as soon as that shows", async () => {
    const { port } = new URL(service.server.url);
    const path = `${BASE}/platformcollateral`;
    const request = https.request({
      port,
      method: "PUT",
      path,
      headers: { ...asAdmin, ...json },
      rejectUnauthorized: false,
    });
    request.on("error", () => undefined);
    request.write("x".repeat(3 * 1024 * 1024)); // and no end
    const [response] = await once(request, "response");
    assert.equal(response.statusCode, 413);
    request.destroy();
  });

  test("by somebody without the administrator's token", async () => {
    const file = await uploadOf();
    for (const headers of [
      {},
      { "admin-token": "" },
      { "admin-token": "user-pass-1" },
      { "user-token": "admin-pass-1" },
    ]) {
      assert.equal((await put(file, { ...json, ...headers } as Record<string, string>)).status, 401);
    }
  });
});

describe("an upload", () => {
  test("is served as it was signed", async () => {
    const file = await uploadOf({ tcbEvaluationDataNumber: 5 });
    assert.equal((await put(file)).status, 200);
    const tcb = await service.client.send({ path: tcbPath });
    assert.equal(tcb.body.toString(), JSON.stringify(file.collaterals.tcbinfos[0]?.["sgx_tcbinfo"]));
    assert.equal(tcb.headers["cache-control"], "max-age=3600");
    assert.equal(tcb.headers.warning, undefined);
    const certificate = await service.client.send({ path: CERTIFICATE_PATH });
    assert.equal(certificate.headers["sgx-tcbm"], `${CPU_SVN}0D00`);
    assert.equal(await statusOf(`${BASE}/rootcacrl`), 200);
  });

  test("again is no step back; one with anything older is", async () => {
    assert.equal((await put(await uploadOf({ tcbEvaluationDataNumber: 5 }))).status, 200);
    const yesterday = new Date(now.getTime() - DAY_MS);
    assert.equal((await put(await uploadOf({ tcbEvaluationDataNumber: 5, now: yesterday }))).status, 460);
    assert.equal((await put(await uploadOf({ tcbEvaluationDataNumber: 4 }))).status, 460);
  });

  test("answers by the number of the evaluation that is asked for, or not at all", async () => {
    assert.equal(await statusOf(`${tcbPath}&tcbEvaluationDataNumber=5`), 200);
    assert.equal(await statusOf(`${tcbPath}&tcbEvaluationDataNumber=4`), 410);
    assert.equal(await statusOf(`${tcbPath}&tcbEvaluationDataNumber=6`), 404);
    assert.equal(await statusOf(`${tcbPath}&tcbEvaluationDataNumber=5&update=early`), 400);
  });

  test("of an evaluation between the two that are kept may still come", async () => {
    const file = await uploadOf({ tcbEvaluationDataNumber: 5 });
    const early = await uploadOf({ tcbEvaluationDataNumber: 9 });
    Object.assign(file.collaterals.tcbinfos[0] as object, {
      sgx_tcbinfo_early: early.collaterals.tcbinfos[0]?.["sgx_tcbinfo"],
    });
    assert.equal((await put(file)).status, 200);
    const statuses = [4, 5, 7, 9, 10].map((number) => statusOf(`${tcbPath}&tcbEvaluationDataNumber=${number}`));
    assert.deepEqual(await Promise.all(statuses), [410, 200, 404, 200, 404]);
  });

  test("past its next update is served with a warning, never silently", async () => {
    time = new Date(now.getTime() + 60 * DAY_MS);
    const stale = await service.client.send({ path: tcbPath });
    assert.deepEqual([stale.status, stale.headers.warning], [200, '110 - "Response is Stale"']);
    assert.equal(stale.headers["cache-control"], undefined);
    time = now;
  });
});

test("a service that refuses stale documents answers what clients ask again for", async () => {
  let clock = now;
  const strict = await startService({ root, now: () => clock, stale: "refuse" });
  const body = JSON.stringify(await uploadOf());
  await strict.client.send({
    method: "PUT",
    path: `${BASE}/platformcollateral`,
    headers: { ...asAdmin, ...json },
    body,
  });
  assert.equal((await strict.client.send({ path: tcbPath })).status, 200);
  clock = new Date(now.getTime() + 60 * DAY_MS);
  const refused = await strict.client.send({ path: tcbPath });
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "5"]);
  await strict.stop();
});
