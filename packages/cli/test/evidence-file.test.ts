import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64, encodeHex, encodeUtf8 } from "@sealserve/core";
import { decodeEvidenceFile } from "../src/evidence/evidence-file.ts";

const evidence = new Uint8Array([3, 0, 2, 0, 0, 0, 0, 0, 0xff, 0x41]);

test("evidence is read as binary, hex or base64", () => {
  const base64 = encodeBase64(evidence);
  for (const content of [
    evidence,
    encodeUtf8(encodeHex(evidence)),
    encodeUtf8(`0x${encodeHex(evidence).toUpperCase()}\n`),
    encodeUtf8(`${base64.slice(0, 8)}\r\n${base64.slice(8)}\n`),
  ]) {
    assert.deepEqual(Uint8Array.from(decodeEvidenceFile(content, "quote")), evidence);
  }
});

test("an empty file, a huge file and other text are refused", () => {
  assert.throws(() => decodeEvidenceFile(new Uint8Array(), "quote"), { code: "usage", message: /quote/ });
  assert.throws(() => decodeEvidenceFile(new Uint8Array((1 << 20) + 1), "quote"), { code: "usage" });
  assert.throws(() => decodeEvidenceFile(encodeUtf8("not evidence!"), "quote"), {
    code: "usage",
    message: /quote/,
    actual: "other text",
  });
});
