import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { equalBytes } from "../src/bytes/compare.ts";
import { decodePem, encodePem } from "../src/pem/pem.ts";
import { assertRefused } from "./refusal.ts";

const block = encodePem(
  "CERTIFICATE",
  Uint8Array.from({ length: 100 }, (_, index) => index),
);

describe("PEM", () => {
  it("round-trips any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const [decoded] = decodePem(encodePem("PRIVATE KEY", bytes), "PRIVATE KEY");
        assert.ok(decoded !== undefined && equalBytes(decoded.bytes, bytes));
      }),
    );
  });

  it("writes lines of 64 characters", () => {
    assert.deepEqual(
      block.split("\n").map((line) => line.length),
      [27, 64, 64, 8, 25, 0],
    );
  });

  it("keeps the order of several blocks and their labels", () => {
    const text = encodePem("A", Uint8Array.of(1)) + encodePem("B C", Uint8Array.of(2));
    assert.deepEqual(
      decodePem(text).map(({ label, bytes }) => [label, ...bytes]),
      [
        ["A", 1],
        ["B C", 2],
      ],
    );
  });

  it("tolerates CRLF, blank lines around blocks, spaces around lines and NUL bytes at the end", () => {
    const loose = `\n\n  ${block.replaceAll("\n", " \r\n")}\n\t\n${block}\n\0\0`;
    assert.equal(decodePem(loose).length, 2);
  });

  const refused: Record<string, string> = {
    "empty text": "",
    "white space only": " \n\0",
    "text in front of a block": `subject=/CN=x\n${block}`,
    "text behind a block": `${block}x`,
    "NUL in the middle": `${block}\0${block}`,
    "missing end line": block.slice(0, -26),
    "missing begin line": block.slice(28),
    "other label at the end": block.replace("END CERTIFICATE", "END CERTIFICATF"),
    "two blocks with one end": block.slice(0, -26) + block,
    "begin line with more text": block.replace("-----\n", "----- x\n"),
    "no label at the start": "-----BEGIN -----\nAAAA\n-----END undefined-----\n",
    "lower-case label": block.replaceAll("CERTIFICATE", "certificate"),
    "headers of encrypted PEM": block.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n"),
    "base64 without padding": block.replaceAll("=", ""),
    "space inside a line": block.replace("AAEC", "AA EC"),
    "blocks on one line": block.replaceAll("\n", ""),
    "empty block": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => assertRefused("bad-pem", () => decodePem(text)));
  }

  it("refuses a block with another label than the one asked for", () => {
    assertRefused("bad-pem", () => decodePem(block, "PRIVATE KEY"));
    assertRefused("bad-pem", () => decodePem(block + encodePem("X", Uint8Array.of(1)), "CERTIFICATE"));
  });

  it("refuses long runs of white space in linear time", { timeout: 5000 }, () => {
    const run = " ".repeat(500_000);
    assertRefused("bad-pem", () => decodePem(`x${run}x`));
    assertRefused("bad-pem", () => decodePem(`x${"\0".repeat(500_000)}x`));
  });

  it("refuses texts that are too long", () => {
    const filled = (length: number) => `${block}${" ".repeat(length - block.length)}`;
    assert.equal(decodePem(filled(1 << 19)).length, 1);
    assertRefused("bad-pem", () => decodePem(filled((1 << 19) + 1)));
  });

  it("refuses more lines than there can be", () => {
    const spaced = (lines: number) => `${block}${"\n".repeat(lines - 10)}${block}`;
    assert.equal(decodePem(spaced(16_384)).length, 2);
    assertRefused("bad-pem", () => decodePem(spaced(16_385)));
  });
});
