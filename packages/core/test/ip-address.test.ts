import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeHex, encodeHex } from "../src/bytes/hex.ts";
import { formatIpAddress, parseIpAddress } from "../src/x509/ip-address.ts";
import { assertRefused } from "./refusal.ts";

const sparse = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => bytes.map((byte) => (byte < 128 ? 0 : byte)));
const addresses = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), sparse);

describe("IP addresses", () => {
  it("round-trip", () => {
    fc.assert(
      fc.property(addresses, (bytes) => {
        assert.equal(encodeHex(parseIpAddress(formatIpAddress(bytes))), encodeHex(bytes));
      }),
    );
  });

  it("are written as text that Node takes for an address", () => {
    fc.assert(
      fc.property(addresses, (bytes) => {
        assert.equal(isIP(formatIpAddress(bytes)), bytes.length === 4 ? 4 : 6);
      }),
    );
  });

  const canonical: Record<string, string> = {
    "::": "0".repeat(32),
    "::1": `${"0".repeat(31)}1`,
    "2001:db8::1": "20010db8000000000000000000000001",
    "2001:db8:0:1:1:1:1:1": "20010db8000000010001000100010001",
    "2001:0:0:1::1": "20010000000000010000000000000001",
    "1::": "00010000000000000000000000000000",
    "192.0.2.255": "c00002ff",
  };
  for (const [text, hex] of Object.entries(canonical)) {
    it(`writes and reads ${text}`, () => {
      assert.equal(encodeHex(parseIpAddress(text)), hex);
      assert.equal(formatIpAddress(decodeHex(hex)), text);
    });
  }

  for (const text of [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.1.1.1",
    "1.2.3.-4",
    " 1.2.3.4",
    "1.2.3.4\n",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "1::2::3",
    "12345::",
    "g::",
    "::1%eth0",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7:",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assertRefused("bad-der", () => parseIpAddress(text)));
  }
});
