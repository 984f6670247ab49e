import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { parseSgxQuote, type SgxQuote, verifyCollateral, verifyEvidence } from "@sealserve/attestation";
import { encodeHex, encodeUtf8 } from "@sealserve/core";
import { createVendor, startPccsServer } from "@sealserve/simulator";
import { pccsSource } from "../src/pccs-source.ts";
import { type Answer, now, quoteOf, root, startServer, vendor } from "./fixtures.ts";
import { changing, collateral, fmspc, origin, pccs, quote, refused } from "./proper-pccs.ts";

describe("collateral from a PCCS", () => {
  it("comes as the vendor signed it, and verifies", async () => {
    for (const url of [pccs.url, `${pccs.url}/`, origin, `${origin}/`]) {
      const fetched = await pccsSource({ url }).fetchCollateral(quote);
      assert.deepEqual(fetched, {
        ...collateral,
        rootCaCrl: Uint8Array.from(collateral.rootCaCrl),
        pckCrl: fetched.pckCrl,
      });
      assert.equal(encodeHex(fetched.pckCrl), encodeHex(collateral.pckCrl));
      assert.equal((await verifyEvidence(quote, fetched, { now, root })).tcbStatus, "UpToDate");
    }
  });

  it("is asked for with four requests that name the platform of the quote and nothing else", async () => {
    const server = await startServer(changing("none", () => ({})));
    await pccsSource({ url: server.origin }).fetchCollateral(quote);
    assert.deepEqual([...server.asked].sort(), [
      "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
      "/sgx/certification/v4/qe/identity",
      "/sgx/certification/v4/rootcacrl",
      `/sgx/certification/v4/tcb?fmspc=${fmspc.toUpperCase()}`,
    ]);
    server.close();
  });

  it("is asked for as early or standard where the operator says so", async () => {
    const server = await startServer(changing("none", () => ({})));
    await pccsSource({ url: server.origin, update: "early" }).fetchCollateral(quote);
    assert.deepEqual(server.asked.filter((asked) => asked.includes("update=early")).length, 2);
    server.close();
  });

  it("comes from where the operator says, whatever the quote contains", async () => {
    const server = await startServer((_request, response) => response.writeHead(404).end());
    const withUrl = await quoteOf(vendor, { authenticationData: encodeUtf8(`${server.origin}/sgx/certification/v4/`) });
    await pccsSource({ url: origin }).fetchCollateral(withUrl);
    assert.deepEqual(server.asked, []);
    server.close();
  });

  it("is asked for at the Processor CA for a quote of such a platform", async () => {
    const other = await createVendor({
      now,
      certificates: { platformCa: { commonName: "Intel SGX PCK Processor CA" } },
    });
    const waiting: ServerResponse[] = [];
    const server = await startServer((_request, response) => {
      waiting.push(response);
      if (waiting.length === 4) {
        for (const each of waiting) {
          each.writeHead(404).end();
        }
      }
    });
    await assert.rejects(pccsSource({ url: server.origin }).fetchCollateral(await quoteOf(other)), {
      code: "pccs-refused",
    });
    assert.ok(server.asked.some((asked) => asked.endsWith("/pckcrl?ca=processor&encoding=der")));
    server.close();
  });

  it("may have its lists as DER or as hex of either case", async () => {
    for (const encode of [
      (der: Uint8Array) => der,
      (der: Uint8Array) => encodeHex(der),
      (der: Uint8Array) => encodeHex(der).toUpperCase(),
    ]) {
      const server = await startServer((request, response) =>
        changing("crl", () => ({
          body: encode(request.url?.includes("rootcacrl") ? collateral.rootCaCrl : collateral.pckCrl),
        }))(request, response),
      );
      const fetched = await pccsSource({ url: server.origin }).fetchCollateral(quote);
      await verifyCollateral(fetched, { now, root });
      server.close();
    }
  });

  it("may have the older name of the TCB info's chain", async () => {
    const server = await startServer(
      changing("/tcb", ({ headers }) => ({
        headers: {
          "tcb-info-issuer-chain": undefined,
          "sgx-tcb-info-issuer-chain": headers.get("tcb-info-issuer-chain") ?? "",
        },
      })),
    );
    await pccsSource({ url: server.origin }).fetchCollateral(quote);
    server.close();
  });

  it("keeps the exact text of signed documents, spaces included", async () => {
    const spaced = await vendor.collateral({ tcbInfo: { rewrite: (json) => json.replaceAll(",", " , ") } });
    const server = await startPccsServer({ fmspc, collateral: async () => spaced });
    const fetched = await pccsSource({ url: server.url }).fetchCollateral(quote);
    assert.equal(fetched.tcbInfo, spaced.tcbInfo);
    await verifyCollateral(fetched, { now, root });
    await server.close();
  });
});

describe("a PCCS source", () => {
  for (const url of [
    "",
    "pccs.example.com",
    "ftp://pccs.example.com",
    "file:///etc/passwd",
    "https://",
    "https://user:secret@pccs.example.com",
    "https://pccs.example.com/sgx/certification/v3",
    "https://pccs.example.com/other",
    "https://pccs.example.com/?x=1",
    "https://pccs.example.com/#x",
  ]) {
    it(`refuses the URL ${JSON.stringify(url)} without repeating it`, () => {
      assert.throws(
        () => pccsSource({ url }),
        (error: Error) => "code" in error && error.code === "pccs-url-invalid" && !error.message.includes("secret"),
      );
    });
  }

  const chainOf = (data: Uint8Array | string, type = 5): Promise<SgxQuote> =>
    quoteOf(vendor, { certificationData: { type, data: typeof data === "string" ? encodeUtf8(data) : data } });
  const never: Answer = () => assert.fail("nothing may be asked");

  it("asks nothing for a quote without a usable PCK certificate", async () => {
    const [leaf = "", platformCa = "", rootPem = ""] = vendor.pckChainPem.split(/(?<=END CERTIFICATE-----\n)/);
    const withoutExtension = await createVendor({ now, certificates: { pck: { sgxExtension: "absent" } } });
    const ofUnknownCa = await createVendor({ now, certificates: { platformCa: { commonName: "Some CA" } } });
    await refused(never, "pck-chain-missing", {}, await chainOf(new Uint8Array(404), 3));
    for (const data of [
      "",
      "\0",
      "garbage",
      Uint8Array.of(0xff, 0xfe),
      platformCa + rootPem,
      leaf + leaf + platformCa + rootPem,
      withoutExtension.pckChainPem,
      ofUnknownCa.pckChainPem,
    ]) {
      await refused(never, "pck-chain-unusable", {}, await chainOf(data));
    }
  });

  it("does not care for the order of the chain in the quote", async () => {
    const [leaf = "", platformCa = "", rootPem = ""] = vendor.pckChainPem.split(/(?<=END CERTIFICATE-----\n)/);
    const server = await startServer(changing("none", () => ({})));
    await pccsSource({ url: server.origin }).fetchCollateral(await chainOf(`${rootPem}${leaf}${platformCa}\0`));
    assert.ok(server.asked.includes(`/sgx/certification/v4/tcb?fmspc=${fmspc.toUpperCase()}`));
    server.close();
  });

  it("uses the fetch it was given", async () => {
    const asked: string[] = [];
    const source = pccsSource({
      url: "https://pccs.example.com",
      fetch: (input, init) => {
        asked.push(input);
        return fetch(input.replace("https://pccs.example.com", origin), init);
      },
    });
    await source.fetchCollateral(parseSgxQuote(quote.raw));
    assert.equal(asked.length, 4);
  });
});
