import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RaTlsError } from "../src/errors.ts";
import {
  decodeEvidenceAnswer,
  decodeEvidenceRequest,
  encodeEvidenceAnswer,
  encodeEvidenceRequest,
} from "../src/evidence-exchange.ts";

const nonce = new Uint8Array(32).fill(7);
const answer = {
  tee: "sgx" as const,
  evidence: Uint8Array.of(1, 2, 3),
  model: "half_plus_two",
  manifestDigest: new Uint8Array(32).fill(8),
};

function refuses(decode: (text: string) => unknown, text: string): void {
  assert.throws(
    () => decode(text),
    (error) => error instanceof RaTlsError && error.code === "bad-message",
    text,
  );
}

describe("evidence request", () => {
  it("is read back as written", () => {
    assert.equal(encodeEvidenceRequest({ nonce }), `{"nonce":"${"07".repeat(32)}"}`);
    assert.deepEqual(decodeEvidenceRequest(encodeEvidenceRequest({ nonce })), { nonce });
  });

  it("is refused when it is not exactly one nonce of 32 bytes", () => {
    const hex = "07".repeat(32);
    const malformed = [
      "",
      "null",
      "[]",
      "{}",
      `"${hex}"`,
      `{"other":"${hex}"}`,
      `{"nonce":1}`,
      `{"nonce":["${hex}"]}`,
      `{"nonce":"${hex}00"}`,
      `{"nonce":"${hex.slice(2)}"}`,
      `{"nonce":"0x${hex.slice(2)}"}`,
      `{"nonce":"${hex}","nonce":"${hex}"}`,
      `{"nonce":"${hex}","extra":"1"}`,
      `{"nonce":"${hex}"} x`,
      `{"nonce":"${hex}"${" ".repeat(2000)}}`,
    ];
    for (const text of malformed) {
      refuses(decodeEvidenceRequest, text);
    }
  });
});

describe("evidence answer", () => {
  it("is read back as written", () => {
    assert.deepEqual(decodeEvidenceAnswer(encodeEvidenceAnswer(answer)), answer);
  });

  it("is refused when a member is missing, unknown, empty or malformed", () => {
    const members = JSON.parse(encodeEvidenceAnswer(answer)) as Record<string, string>;
    for (const name of Object.keys(members)) {
      const { [name]: _removed, ...rest } = members;
      refuses(decodeEvidenceAnswer, JSON.stringify(rest));
      refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, [name]: "" }));
      refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, [name]: 1 }));
    }
    refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, extra: "" }));
    refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, tee: "cca" }));
    refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, tee: "SGX" }));
    refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, evidence: "AQI" }));
    refuses(decodeEvidenceAnswer, JSON.stringify({ ...members, manifestDigest: "08" }));
  });

  it("is refused when it is longer than any evidence", () => {
    refuses(decodeEvidenceAnswer, encodeEvidenceAnswer({ ...answer, evidence: new Uint8Array(65536) }));
  });
});
