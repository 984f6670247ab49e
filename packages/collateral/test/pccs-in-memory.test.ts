// A PCCS without a network: what runs in a browser too, where nothing but `fetch` is there.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Collateral, verifyEvidence } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import { cachedSource } from "../src/cached-source.ts";
import type { Fetch } from "../src/pccs-request.ts";
import { pccsSource } from "../src/pccs-source.ts";
import { now, quoteOf, root, vendor } from "./fixtures.ts";

const collateral = await vendor.collateral({ now });
const url = "https://pccs.example:8081";

const answer = (body: string | Uint8Array, headers: Record<string, string>): Response =>
  new Response(typeof body === "string" ? body : Uint8Array.from(body), { headers });
const chain = (pem: string): string => encodeURIComponent(pem);

/** Answers as a PCCS does, by the operation. */
function answerOf(operation: string, made: Collateral): Response {
  switch (operation) {
    case "tcb":
      return answer(`{"tcbInfo":${made.tcbInfo},"signature":"${made.tcbInfoSignature}"}`, {
        "TCB-Info-Issuer-Chain": chain(made.tcbInfoIssuerChain),
      });
    case "identity":
      return answer(`{"enclaveIdentity":${made.qeIdentity},"signature":"${made.qeIdentitySignature}"}`, {
        "SGX-Enclave-Identity-Issuer-Chain": chain(made.qeIdentityIssuerChain),
      });
    case "pckcrl":
      return answer(made.pckCrl, { "SGX-PCK-CRL-Issuer-Chain": chain(made.pckCrlIssuerChain) });
    case "rootcacrl":
      return answer(encodeHex(made.rootCaCrl), {});
    default:
      return new Response("No cache data for this platform.", { status: 404 });
  }
}

function inMemory(made: Collateral = collateral): { readonly fetch: Fetch; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (address) => {
      const { origin, pathname } = new URL(address);
      asked.push(`${origin}${pathname}`);
      return answerOf(pathname.split("/").at(-1) ?? "", made);
    },
  };
}

describe("a PCCS that is reached by a fetch of one's own", () => {
  it("gives collateral by which evidence is verified, once for many quotes", async () => {
    const { fetch, asked } = inMemory();
    const source = cachedSource(pccsSource({ url, fetch }), { now: () => now, root });
    const quote = await quoteOf();
    for (let count = 0; count < 3; count++) {
      const verified = await verifyEvidence(quote, await source.verifiedFor(quote), { now, root });
      assert.equal(verified.tcbStatus, "UpToDate");
    }
    assert.equal(asked.length, 4);
    assert.ok(asked.every((address) => address.startsWith(`${url}/sgx/certification/v4/`)));
  });

  it("is not believed with a changed document", async () => {
    const changed = { ...collateral, tcbInfo: collateral.tcbInfo.replace("UpToDate", "OutOfDate") };
    const source = cachedSource(pccsSource({ url, ...inMemory(changed) }), { now: () => now, root });
    await assert.rejects(source.verifiedFor(await quoteOf()), { code: "tcb-info-signature-invalid" });
  });

  it("does not go back behind what was verified (A4)", async () => {
    const later = new Date(now.getTime() + 3_600_000);
    let made = await vendor.collateral({ now: later });
    const fetch: Fetch = (address, init) => inMemory(made).fetch(address, init);
    let time = later;
    const source = cachedSource(pccsSource({ url, fetch }), { now: () => time, root });
    const quote = await quoteOf();
    const first = await source.verifiedFor(quote);
    made = collateral;
    time = new Date(later.getTime() + 2 * 86_400_000);
    assert.equal(await source.verifiedFor(quote), first, "the last good, in its window");
  });

  it("is told apart when it does not answer, refuses or has nothing", async () => {
    const quote = await quoteOf();
    const ask = (fetch: Fetch) => pccsSource({ url, fetch }).fetchCollateral(quote);
    const broken: Fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    await assert.rejects(ask(broken), { name: "CollateralError", code: "pccs-unreachable" });
    await assert.rejects(
      ask(async () => new Response("", { status: 404 })),
      { code: "pccs-refused" },
    );
    await assert.rejects(
      ask(async () => Response.redirect("https://elsewhere.example/", 302)),
      { code: "pccs-refused" },
    );
  });
});
