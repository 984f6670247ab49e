import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseIntelQuote } from "@sealserve/attestation";
import { platformOf } from "../src/platform-identity.ts";
import { PlatformMemory } from "../src/platform-memory.ts";
import { quoteOf, quoteOfMachine } from "./fixtures.ts";

describe("memory of platforms", () => {
  it("says of every chain what it says itself, the first time and later", async () => {
    const memory = new PlatformMemory();
    const quotes = [await quoteOf(), await quoteOfMachine("00a067110000")].map((quote) => parseIntelQuote(quote.raw));
    for (const quote of [...quotes, ...quotes]) {
      assert.deepEqual(memory.platformOf(quote), platformOf(quote));
    }
    const [first, other] = quotes.map((quote) => memory.platformOf(quote));
    assert.notEqual(first?.fmspc, other?.fmspc);
  });

  it("refuses a chain that cannot be read each time", async () => {
    const memory = new PlatformMemory();
    const quote = parseIntelQuote((await quoteOf()).raw);
    const certificationData = { ...quote.certificationData, pckCertificateChain: new Uint8Array(100) };
    for (let time = 0; time < 2; time++) {
      assert.throws(() => memory.platformOf({ ...quote, certificationData }), { code: "pck-chain-unusable" });
    }
  });
});
