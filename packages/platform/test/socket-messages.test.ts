import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeBase64, encodeHex } from "@sealserve/core";
import fc from "fast-check";
import {
  decodePlatformRequest,
  decodePlatformResponse,
  encodePlatformRequest,
  encodePlatformResponse,
  MAXIMUM_MESSAGE_LENGTH,
} from "../src/socket-messages.ts";

const withoutLineEnd = (line: string): string => {
  assert.equal(line.indexOf("\n"), line.length - 1);
  return line.slice(0, -1);
};

describe("messages on a platform's socket", () => {
  it("requests come back as they went", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (reportData) => {
        const line = withoutLineEnd(encodePlatformRequest({ quote: { reportData } }));
        assert.deepEqual(decodePlatformRequest(line).quote.reportData, Uint8Array.from(reportData));
      }),
    );
  });

  it("quotes come back as they went", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), (quote) => {
        const line = withoutLineEnd(encodePlatformResponse({ quote }));
        assert.deepEqual(decodePlatformResponse(line), { quote: Uint8Array.from(quote) });
      }),
    );
  });

  it("refusals come back as they went", () => {
    const error = { code: "bad-message", message: "nicht verstanden: “x”" };
    assert.deepEqual(decodePlatformResponse(withoutLineEnd(encodePlatformResponse({ error }))), { error });
  });

  it("have the form that was agreed", () => {
    const reportData = new Uint8Array(64).fill(0xab);
    assert.equal(encodePlatformRequest({ quote: { reportData } }), `{"quote":{"reportData":"${"ab".repeat(64)}"}}\n`);
    assert.equal(encodePlatformResponse({ quote: Uint8Array.of(1, 2) }), '{"quote":"AQI="}\n');
    assert.equal(
      encodePlatformResponse({ error: { code: "a", message: "b" } }),
      '{"error":{"code":"a","message":"b"}}\n',
    );
  });

  const hex = encodeHex(new Uint8Array(64));
  for (const [what, line] of [
    ["an empty line", ""],
    ["no JSON", "quote please"],
    ["an array", "[]"],
    ["null", "null"],
    ["no members", "{}"],
    ["another member", '{"report":{}}'],
    ["a further member", `{"quote":{"reportData":"${hex}"},"purpose":"x"}`],
    ["a further inner member", `{"quote":{"reportData":"${hex}","mrEnclave":"00"}}`],
    ["a member twice", `{"quote":{"reportData":"${hex}","reportData":"${hex}"}}`],
    ["report data too short", `{"quote":{"reportData":"${hex.slice(2)}"}}`],
    ["report data too long", `{"quote":{"reportData":"${hex}00"}}`],
    ["report data of odd length", `{"quote":{"reportData":"${hex}0"}}`],
    ["report data that is no hex", `{"quote":{"reportData":"${"zz".repeat(64)}"}}`],
    ["report data that is no text", '{"quote":{"reportData":64}}'],
    ["a quote that is text", `{"quote":"${hex}"}`],
    ["a quote that is an array", '{"quote":[]}'],
    ["text behind the document", `{"quote":{"reportData":"${hex}"}}{}`],
    ["deep nesting", `${"[".repeat(100)}${"]".repeat(100)}`],
    ["a message over the limit", `{"quote":{"reportData":"${hex}"${" ".repeat(MAXIMUM_MESSAGE_LENGTH)}}}`],
  ] as const) {
    it(`refuses a request that is ${what}`, () => {
      assert.throws(() => decodePlatformRequest(line), { name: "PlatformError", code: "bad-message" });
    });
  }

  for (const [what, line] of [
    ["no JSON", "ok"],
    ["no members", "{}"],
    ["an empty quote", '{"quote":""}'],
    ["no base64", '{"quote":"%%%%"}'],
    ["base64 without padding", '{"quote":"AQI"}'],
    ["a quote and an error", '{"quote":"AQI=","error":{"code":"a","message":"b"}}'],
    ["an error without a code", '{"error":{"message":"b"}}'],
    ["an error without a message", '{"error":{"code":"a"}}'],
    ["an error with more", '{"error":{"code":"a","message":"b","quote":"AQI="}}'],
    ["an error code with other characters", '{"error":{"code":"A B","message":"b"}}'],
    ["an error message of two lines", '{"error":{"code":"a","message":"b\\nforged log line"}}'],
    ["an error message with an escape sequence", '{"error":{"code":"a","message":"\\u001b[2J"}}'],
    ["an empty error message", '{"error":{"code":"a","message":""}}'],
    ["an endless error message", `{"error":{"code":"a","message":"${"b".repeat(501)}"}}`],
    ["a member twice", `{"quote":"AQI=","quote":"${encodeBase64(Uint8Array.of(3))}"}`],
  ] as const) {
    it(`refuses an answer that is ${what}`, () => {
      assert.throws(() => decodePlatformResponse(line), { name: "PlatformError", code: "bad-message" });
    });
  }
});
