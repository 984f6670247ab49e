import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { after, describe, it } from "node:test";
import { trustedRootFromPem, verifyCollateral } from "@sealserve/attestation";
import { decodeHex, encodeHex, sliceJsonMember } from "@sealserve/core";
import { freshCollateral } from "../src/platform/fresh-collateral.ts";
import { startPccsServer } from "../src/platform/pccs-server.ts";
import { createVendor } from "../src/vendor/vendor.ts";

const now = new Date();
const vendor = await createVendor({ now });
const { fmspc } = vendor.machine;
const collateral = await vendor.collateral();
const tdxCollateral = await vendor.collateral({ tee: "tdx" });
const server = await startPccsServer({
  fmspc,
  collateral: async () => collateral,
  tdxCollateral: async () => tdxCollateral,
});
after(() => server.close());
const tdxUrl = server.url.replace("/sgx/", "/tdx/");

const ask = (operation: string, options?: RequestInit): Promise<Response> =>
  fetch(`${server.url}${operation}`, options);

async function expectStatus(status: number, ...operations: string[]): Promise<void> {
  for (const operation of operations) {
    const response = await ask(operation);
    assert.equal(response.status, status, operation);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    await response.text();
  }
}

describe("simulated collateral service", () => {
  it("serves TCB info byte for byte as it was signed", async () => {
    for (const asked of [fmspc.toUpperCase(), fmspc.toLowerCase()]) {
      const response = await ask(`/tcb?fmspc=${asked}`);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
      const chain = response.headers.get("tcb-info-issuer-chain") ?? "";
      assert.equal(decodeURIComponent(chain), collateral.tcbInfoIssuerChain);
      assert.match(chain, /%0A$/);
      const body = await response.text();
      assert.equal(sliceJsonMember(body, "tcbInfo"), collateral.tcbInfo);
      assert.deepEqual(JSON.parse(body).signature, collateral.tcbInfoSignature);
    }
  });

  it("serves the QE identity", async () => {
    const response = await ask("/qe/identity?update=standard");
    const chain = response.headers.get("sgx-enclave-identity-issuer-chain") ?? "";
    assert.equal(decodeURIComponent(chain), collateral.qeIdentityIssuerChain);
    assert.equal(sliceJsonMember(await response.text(), "enclaveIdentity"), collateral.qeIdentity);
  });

  it("serves TCB info and QE identity of TDX below the TDX path", async () => {
    const tcb = await fetch(`${tdxUrl}/tcb?fmspc=${fmspc}&update=early`);
    const tcbChain = tcb.headers.get("tcb-info-issuer-chain") ?? "";
    assert.equal(decodeURIComponent(tcbChain), tdxCollateral.tcbInfoIssuerChain);
    assert.equal(sliceJsonMember(await tcb.text(), "tcbInfo"), tdxCollateral.tcbInfo);
    const identity = await fetch(`${tdxUrl}/qe/identity`);
    const chain = identity.headers.get("sgx-enclave-identity-issuer-chain") ?? "";
    assert.equal(decodeURIComponent(chain), tdxCollateral.qeIdentityIssuerChain);
    assert.equal(sliceJsonMember(await identity.text(), "enclaveIdentity"), tdxCollateral.qeIdentity);
    for (const [status, operation] of [
      [400, "/tcb"],
      [400, "/qe/identity?update=late"],
      [404, "/tcb?fmspc=00906ED50000"],
      [404, "/pckcrl?ca=platform"],
      [404, "/rootcacrl"],
      [404, ""],
    ] as const) {
      assert.equal((await fetch(tdxUrl + operation)).status, status, operation);
    }
  });

  it("knows of no TDX when it was given none", async () => {
    const plain = await startPccsServer({ fmspc, collateral: async () => collateral });
    for (const operation of [`/tcb?fmspc=${fmspc}`, "/qe/identity"]) {
      assert.equal((await fetch(plain.url.replace("/sgx/", "/tdx/") + operation)).status, 404, operation);
      assert.equal((await fetch(plain.url + operation)).status, 200, operation);
    }
    await plain.close();
  });

  it("serves the PCK CRL as DER on demand and else as hex", async () => {
    const der = await ask("/pckcrl?ca=platform&encoding=der");
    assert.equal(der.headers.get("content-type"), "application/pkix-crl");
    assert.equal(decodeURIComponent(der.headers.get("sgx-pck-crl-issuer-chain") ?? ""), collateral.pckCrlIssuerChain);
    assert.equal(encodeHex(await der.bytes()), encodeHex(collateral.pckCrl));
    for (const query of ["?ca=PLATFORM", "?ca=platform&encoding=pem"]) {
      const hex = await ask(`/pckcrl${query}`);
      assert.equal(hex.headers.get("content-type"), "application/x-pem-file; charset=utf-8");
      assert.equal(encodeHex(decodeHex(await hex.text())), encodeHex(collateral.pckCrl));
    }
  });

  it("serves the root CRL as hex", async () => {
    const response = await ask("/rootcacrl?encoding=der");
    assert.equal(response.headers.get("content-type"), "application/pkix-crl; charset=utf-8");
    assert.equal(await response.text(), encodeHex(collateral.rootCaCrl));
  });

  it("says in every answer that it is simulated", async () => {
    for (const operation of ["/rootcacrl", "/tcb", "/missing"]) {
      const { headers } = await ask(operation);
      assert.match(headers.get("warning") ?? "", /simulated.*NOT SECURE/);
      assert.match(headers.get("server") ?? "", /simulator NOT SECURE/);
      assert.match(headers.get("request-id") ?? "", /^[0-9a-f]{32}$/);
    }
  });

  it("refuses parameters that are none", async () => {
    await expectStatus(
      400,
      "/tcb",
      "/tcb?fmspc=",
      "/tcb?fmspc=00",
      `/tcb?fmspc=${fmspc}00`,
      "/tcb?fmspc=zzzzzzzzzzzz",
      "/tcb?fmspc=%zz",
      `/tcb?FMSPC=${fmspc}`,
      `/tcb?fmspc=${fmspc}&update=all`,
      `/tcb?fmspc=${fmspc}&update=`,
      "/qe/identity?update=late",
      "/pckcrl",
      "/pckcrl?ca=root",
    );
  });

  it("takes the first of repeated parameters", async () => {
    assert.equal((await ask(`/tcb?fmspc=${fmspc}&fmspc=00`)).status, 200);
    await expectStatus(400, `/tcb?fmspc=00&fmspc=${fmspc}`);
  });

  it("knows no other platform, no Processor CA and no other operation", async () => {
    await expectStatus(
      404,
      "/tcb?fmspc=00906ED50000",
      "/pckcrl?ca=processor",
      "/qve/identity",
      "/pckcert",
      "",
      "/tcb/../../../secret",
      "/%2e%2e/tcb",
    );
    assert.equal((await fetch(server.url.replace("v4", "v3"))).status, 404);
  });

  it("answers GET and HEAD only", async () => {
    const head = await ask("/rootcacrl", { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      assert.equal((await ask("/rootcacrl", { method })).status, 404, method);
    }
  });

  it("bears a request target that is no path", async () => {
    const { port } = new URL(server.url);
    const status = await new Promise((resolve, reject) => {
      httpRequest({ port, path: "http://[", method: "GET" }, (response) => resolve(response.statusCode))
        .on("error", reject)
        .end();
    });
    assert.equal(status, 404);
  });

  it("answers 500 without detail when collateral cannot be made", async () => {
    const failing = await startPccsServer({ fmspc, collateral: () => Promise.reject(new Error("secret detail")) });
    const response = await fetch(`${failing.url}/rootcacrl`);
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "Internal server error occurred.");
    await failing.close();
  });

  it("listens on this machine only", async () => {
    for (const host of ["0.0.0.0", "::", "", "192.0.2.1", "example.com", "127.0.0.1.example.com", "1127.0.0.1"]) {
      await assert.rejects(startPccsServer({ fmspc, collateral: async () => collateral }, { host }), {
        code: "pccs-not-loopback",
      });
    }
  });

  it("says so when its port is taken", async () => {
    const port = Number(new URL(server.url).port);
    await assert.rejects(startPccsServer({ fmspc, collateral: async () => collateral }, { port }), {
      code: "pccs-not-started",
      actual: "EADDRINUSE",
    });
  });

  it("signs its documents anew each day, so that they never run out", async () => {
    let time = now;
    const current = freshCollateral(vendor, () => time);
    const digests = new Set<string>();
    for (let hours = 0; hours <= 60 * 24; hours += 12) {
      time = new Date(now.getTime() + hours * 3_600_000);
      const fresh = await current();
      digests.add(createHash("sha256").update(fresh.tcbInfo).digest("hex"));
      const { earliestExpiry } = await verifyCollateral(fresh, {
        now: time,
        root: await trustedRootFromPem(vendor.rootPem),
      });
      assert.ok(earliestExpiry.getTime() - time.getTime() > 28 * 24 * 3_600_000);
    }
    assert.equal(digests.size, 61);
  });
});
