import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../src/bytes/compare.ts";
import { decodeHex, encodeHex } from "../src/bytes/hex.ts";
import { type DerElement, parseDer } from "../src/der/element.ts";
import { encodeElement, encodeInteger, encodeSequence } from "../src/der/encode.ts";
import { DerFields, derSequence, derSet } from "../src/der/fields.ts";
import { CoreError } from "../src/errors.ts";
import { assertRefused } from "./refusal.ts";

const hex = (text: string) => decodeHex(text.replaceAll(" ", ""));
const refuses = (text: string) => assertRefused("bad-der", () => parseDer(hex(text)));

function visitAll(element: DerElement): number {
  const children = (element.tag & 0x20) === 0 ? [] : element.children();
  return children.reduce((count, child) => count + visitAll(child), 1);
}

describe("DER reader", () => {
  it("shows tag, content and raw bytes as views", () => {
    const bytes = hex("30 06 020105 040106");
    const [integer, octets] = parseDer(bytes).children();
    assert.equal(integer?.tag, 0x02);
    assert.equal(encodeHex(octets?.raw ?? bytes), "040106");
    assert.equal(octets?.content.buffer, bytes.buffer);
  });

  it("reads lengths of one to four octets", () => {
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536, 1 << 24]) {
      const element = parseDer(encodeElement(0x04, new Uint8Array(length)));
      assert.equal(element.content.length, length);
    }
  });

  it("refuses indefinite length", () => {
    refuses("30 80 020105 0000");
    refuses("24 80 0401ff 0000");
  });

  it("refuses lengths that are not in their shortest form", () => {
    refuses("04 81 01 ff");
    refuses("04 81 7f".concat("00".repeat(127)));
    refuses("04 82 0001 ff");
    refuses("04 82 00ff".concat("00".repeat(255)));
    refuses("04 83 000100".concat("00".repeat(256)));
    refuses("04 84 00000001 ff");
  });

  it("refuses lengths of more than four octets, without allocating them", () => {
    refuses("04 85 0000000001 ff");
    refuses("04 84 ffffffff ff");
    refuses("04 ff");
  });

  it("refuses tag numbers above 30", () => {
    refuses("1f 01 00");
    refuses("bf 1f 00");
  });

  it("refuses bytes behind the end, and no bytes at all", () => {
    refuses("0500 00");
    refuses("");
    refuses("05");
  });

  it("refuses children of a primitive element", () => {
    assertRefused("bad-der", () => parseDer(hex("04 03 020105")).children());
  });

  it("refuses children that do not fill their parent exactly", () => {
    for (const text of ["30 01 02", "30 02 0205", "30 03 020205", "30 04 020105 02", "30 05 020105 0201"]) {
      const element = parseDer(hex(text));
      assertRefused("bad-der", () => element.children());
    }
  });

  it("refuses more than 32 levels, without needing stack for a hundred thousand", () => {
    const nest = (levels: number) =>
      Array.from({ length: levels - 1 }).reduce<Uint8Array>((inner) => encodeSequence(inner), encodeSequence());
    assert.equal(visitAll(parseDer(nest(32))), 32);
    assertRefused("bad-der", () => visitAll(parseDer(nest(33))));
    assertRefused("bad-der", () => parseDer(hex("3080".repeat(100_000))));
  });

  it("refuses more than 100,000 elements, in one or in many", () => {
    const nulls = (count: number) => parseDer(encodeSequence(hex("0500".repeat(count))));
    assert.equal(nulls(99_999).children().length, 99_999);
    assertRefused("bad-der", () => nulls(100_000).children());
    const sets = encodeSequence(...Array.from({ length: 100 }, () => encodeSequence(hex("0500".repeat(1000)))));
    assertRefused("bad-der", () => visitAll(parseDer(sets)));
  });

  it("does not let an element reach beyond the one that holds it", () => {
    const [inner, last] = parseDer(hex("30 07 3003 0405ff 0500")).children();
    assert.equal(encodeHex(last?.raw ?? new Uint8Array()), "0500");
    assertRefused("bad-der", () => inner?.children());
    for (const text of ["30 06 3002 0481 0500", "30 05 3001 04 0500", "30 06 3002 0482 0500"]) {
      const [held] = parseDer(hex(text)).children();
      assertRefused("bad-der", () => held?.children());
    }
  });

  it("refuses every cut of a structure, and every extension", () => {
    const whole = encodeSequence(encodeInteger(5), encodeSequence(encodeElement(0x04, new Uint8Array(200))));
    assert.equal(visitAll(parseDer(whole)), 4);
    for (let length = 0; length < whole.length; length++) {
      assertRefused("bad-der", () => parseDer(whole.subarray(0, length)));
    }
    assertRefused("bad-der", () => parseDer(concatBytes(whole, Uint8Array.of(0))));
  });

  it("either refuses random bytes or accounts for each of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
        const bytes = concatBytes(Uint8Array.of(0x30, tail.length), tail);
        try {
          const children = parseDer(bytes).children();
          assert.equal(encodeHex(concatBytes(...children.map(({ raw }) => raw))), encodeHex(tail));
          assert.equal(
            encodeHex(concatBytes(...children.map(({ tag, content }) => encodeElement(tag, content)))),
            encodeHex(tail),
          );
        } catch (error) {
          assert.ok(error instanceof CoreError && error.code === "bad-der");
        }
      }),
    );
  });
});

describe("fields of a structure", () => {
  const fields = () => new DerFields(derSequence(parseDer(hex("30 05 020105 0500"))), "test");

  it("come in order, optional ones by their tag", () => {
    const reader = fields();
    assert.equal(reader.optional(0x01), undefined);
    assert.equal(reader.next(0x02).content[0], 5);
    assert.equal(reader.optional(0x01, 0x05)?.tag, 0x05);
    assert.equal(reader.optional(0x05), undefined);
    reader.expectEnd();
  });

  it("are refused when missing, of another tag, or too many", () => {
    assertRefused("bad-der", () => fields().next(0x05));
    assertRefused("bad-der", () => fields().expectEnd());
    const reader = fields();
    reader.next();
    reader.next();
    assertRefused("bad-der", () => reader.next());
  });

  it("SEQUENCE and SET are told apart", () => {
    assertRefused("bad-der", () => derSequence(parseDer(hex("3100"))));
    assertRefused("bad-der", () => derSet(parseDer(hex("3000"))));
  });
});
