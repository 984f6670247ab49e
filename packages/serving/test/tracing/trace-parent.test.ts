import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTraceParent } from "../../src/tracing/trace-parent.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

test("a caller's trace is read from its header, of this version and of later ones", () => {
  for (const [header, isSampled] of [
    [`00-${traceId}-${spanId}-01`, true],
    [`00-${traceId}-${spanId}-00`, false],
    [`00-${traceId}-${spanId}-fe`, false],
    [`cc-${traceId}-${spanId}-03`, true],
    [`cc-${traceId}-${spanId}-01-what-the-future-holds`, true],
  ] as const) {
    assert.deepEqual(parseTraceParent(header), { traceId, spanId, isSampled }, header);
  }
});

for (const header of [
  undefined,
  "",
  `00-${traceId}-${spanId}`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId}-${spanId}-01.`,
  `cc-${traceId}-${spanId}-01.`,
  `ff-${traceId}-${spanId}-01`,
  `0-${traceId}-${spanId}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.slice(1)}-${spanId}-01`,
  `00-${traceId}-${spanId}0-01`,
  `00-${traceId}-${spanId}-g1`,
  `00-${traceId}-${spanId}-01\n`,
  ` 00-${traceId}-${spanId}-01`,
  `cc-${traceId}-${spanId}-01-${"x".repeat(1000)}`,
]) {
  test(`no trace: ${JSON.stringify(header?.slice(0, 80))}`, () => assert.equal(parseTraceParent(header), undefined));
}

test("whatever comes, ids are hexadecimal digits", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parent = parseTraceParent(text);
      assert.ok(parent === undefined || /^[0-9a-f]{32} [0-9a-f]{16}$/.test(`${parent.traceId} ${parent.spanId}`));
    }),
  );
});
