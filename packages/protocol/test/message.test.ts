import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MessageType } from "../src/protobuf/declaration.ts";
import { enumeration } from "../src/protobuf/enumeration.ts";
import { encoded } from "../src/protobuf/field.ts";
import { messageToJson } from "../src/protobuf/json.ts";
import { numbers, repeated } from "../src/protobuf/list-field.ts";
import { map } from "../src/protobuf/map-field.ts";
import { message } from "../src/protobuf/message.ts";
import { field, oneof, optional, wrapped } from "../src/protobuf/single-field.ts";
import { WireWriter } from "../src/protobuf/wire-writer.ts";
import { repeat } from "./fixtures.ts";

const Color = enumeration("test.Color", { NONE: 0, RED: 1, CRIMSON: 1 });
const Point = message("test.Point", { x: field(1, "sint32"), y: field(2, "sint32") });

const Everything = message("test.Everything", {
  plainText: field(1, "string"),
  rawBytes: field(2, "bytes"),
  flag: field(3, "bool"),
  ratio: field(4, "double"),
  weight: field(5, "float"),
  bigNumber: field(6, "int64"),
  color: field(7, Color),
  point: field(8, Point),
  maybe: optional(9, "int32"),
  names: repeated(10, "string"),
  points: repeated(11, Point),
  counts: repeated(12, "int32"),
  floats: numbers(13, "float"),
  longs: numbers(14, "int64"),
  flags: numbers(15, "bool"),
  byName: map(16, "string", Point),
  byNumber: map(17, "int64", "string"),
  left: oneof("side", 18, "string"),
  right: oneof("side", 19, Point),
  version: wrapped(20, "int64"),
  folded: field(21, encoded(Point)),
});

interface Tree {
  value: number;
  children: readonly Tree[];
}
const Tree: MessageType<Tree> = message("test.Tree", {
  value: field(1, "int32"),
  children: repeated(2, () => Tree),
});

const full = Everything.create({
  plainText: "für alle",
  rawBytes: Uint8Array.of(1, 2, 3),
  flag: true,
  ratio: -0,
  weight: 0.5,
  bigNumber: -(2n ** 63n),
  color: 1,
  point: { x: -1, y: 2 },
  maybe: 0,
  names: ["a", "", "c"],
  points: [
    { x: 1, y: 1 },
    { x: 0, y: 0 },
  ],
  counts: [1, -1, 2 ** 31 - 1],
  floats: Float32Array.of(1.5, Number.NaN),
  longs: BigInt64Array.of(1n, -1n),
  flags: Uint8Array.of(0, 1, 1),
  byName: new Map([
    ["a", { x: 1, y: 2 }],
    ["__proto__", { x: 3, y: 4 }],
  ]),
  byNumber: new Map([[7n, "seven"]]),
  right: { x: 5, y: 6 },
  version: 0n,
  folded: Point.encode({ x: 9 }),
});

describe("declared messages", () => {
  it("bring all their members back", () => {
    assert.deepEqual(Everything.decode(Everything.encode(full)), full);
  });

  it("have the defaults of proto3 for what is not on the wire", () => {
    assert.deepEqual(Everything.decode(new Uint8Array(0)), Everything.create());
    assert.equal(Everything.create().plainText, "");
    assert.equal(Everything.create().bigNumber, 0n);
    assert.equal(Everything.create().point, undefined);
    assert.equal(Everything.create().maybe, undefined);
    assert.equal(Everything.create().version, undefined);
  });

  it("leave defaults out, but not what has presence", () => {
    assert.equal(Everything.encode(Everything.create()).length, 0);
    assert.deepEqual([...Everything.encode({ maybe: 0 })], [0x48, 0]);
    assert.deepEqual([...Everything.encode({ left: "" })], [0x92, 0x01, 0]);
    assert.deepEqual([...Everything.encode({ version: 0n })], [0xa2, 0x01, 0]);
    assert.notEqual(Everything.encode({ ratio: -0 }).length, 0);
  });

  it("can contain themselves", () => {
    const tree = { value: 1, children: [{ value: 2, children: [{ value: 3, children: [] }] }] };
    assert.deepEqual(Tree.decode(Tree.encode(tree)), tree);
  });

  it("pass over unknown fields and known ones of a foreign wire type", () => {
    const bytes = new WireWriter().tag(99, 2).string("unknown").tag(1, 0).uint32(5).tag(3, 0).bool(true).finish();
    assert.deepEqual(Everything.decode(bytes), Everything.create({ flag: true }));
    for (const number of [8, 11, 12, 14, 16, 18, 20]) {
      assert.deepEqual(Everything.decode(new WireWriter().tag(number, 5).fixed32(1).finish()), Everything.create());
    }
  });

  it("read repeated numbers packed, unpacked and mixed", () => {
    const bytes = new WireWriter()
      .tag(12, 0)
      .int32(1)
      .tag(12, 2)
      .delimited((packed) => packed.int32(2).int32(-3))
      .tag(13, 5)
      .float(1)
      .tag(13, 2)
      .delimited((packed) => packed.float(2).float(3))
      .tag(13, 5)
      .float(4)
      .finish();
    const decoded = Everything.decode(bytes);
    assert.deepEqual(decoded.counts, [1, 2, -3]);
    assert.deepEqual(decoded.floats, Float32Array.of(1, 2, 3, 4));
  });

  it("read long lists that are not packed in linear time", () => {
    const writer = new WireWriter();
    for (let index = 0; index < 200_000; index++) {
      writer.tag(14, 0).int64(BigInt(index));
    }
    const { longs } = Everything.decode(writer.finish());
    assert.equal(longs.length, 200_000);
    assert.equal(longs[199_999], 199_999n);
    assert.equal(longs.buffer.byteLength, 8 * 200_000);
  });

  it("merge a message that comes twice, and take the last of scalars", () => {
    const bytes = new WireWriter()
      .tag(8, 2)
      .bytes(Point.encode({ x: 1, y: 1 }))
      .tag(8, 2)
      .bytes(Point.encode({ y: 2 }))
      .tag(1, 2)
      .string("first")
      .tag(1, 2)
      .string("last")
      .finish();
    assert.deepEqual(Everything.decode(bytes), Everything.create({ point: { x: 1, y: 2 }, plainText: "last" }));
  });

  it("keep the last member of a oneof only", () => {
    const bytes = new WireWriter()
      .tag(18, 2)
      .string("left")
      .tag(19, 2)
      .bytes(Point.encode({ x: 1 }))
      .finish();
    assert.deepEqual(Everything.decode(bytes), Everything.create({ right: { x: 1, y: 0 } }));
  });

  it("give map entries without key or value their defaults, and take the last of equal keys", () => {
    const bytes = new WireWriter()
      .tag(16, 2)
      .delimited(() => {})
      .tag(17, 2)
      .delimited((entry) => entry.tag(1, 0).int64(1n).tag(2, 2).string("a"))
      .tag(17, 2)
      .delimited((entry) => entry.tag(2, 2).string("b").tag(1, 0).int64(1n).tag(9, 0).uint32(1))
      .finish();
    const decoded = Everything.decode(bytes);
    assert.deepEqual([...decoded.byName], [["", { x: 0, y: 0 }]]);
    assert.deepEqual([...decoded.byNumber], [[1n, "b"]]);
  });

  it("keep the names of the .proto file", () => {
    assert.deepEqual(
      Everything.fields.slice(0, 2).map(({ protoName }) => protoName),
      ["plain_text", "raw_bytes"],
    );
    assert.equal(Color.nameOf(1), "RED");
    assert.equal(Color.nameOf(5), undefined);
  });

  it("give plain byte arrays also where the input is a Buffer", () => {
    const decoded = Everything.decode(Buffer.from(Everything.encode({ rawBytes: Uint8Array.of(1) })));
    assert.equal(decoded.rawBytes.constructor, Uint8Array);
  });
});

describe("declared messages refuse", () => {
  it("two members of one oneof to be written", () => {
    assert.throws(() => Everything.encode({ left: "a", right: { x: 1, y: 1 } }), { code: "oneof-conflict" });
  });

  it("messages inside each other beyond the limit", () => {
    let bytes = new Uint8Array(0);
    for (let depth = 0; depth < 101; depth++) {
      bytes = new WireWriter().tag(2, 2).bytes(bytes).finish();
    }
    assert.throws(() => Tree.decode(bytes), { code: "too-deep" });
    assert.equal(Tree.decode(bytes, { maxDepth: 101 }).children.length, 1);
  });

  it("more list elements or map entries than the limit", () => {
    const names = Everything.encode({ names: repeat(11, "") });
    assert.throws(() => Everything.decode(names, { maxElements: 10 }), { code: "too-many-elements" });
    const counts = Everything.encode({ counts: repeat(11, 1) });
    assert.throws(() => Everything.decode(counts, { maxElements: 10 }), { code: "too-many-elements" });
    const entries = new Map(Array.from({ length: 11 }, (_, index) => [BigInt(index), ""]));
    const map11 = Everything.encode({ byNumber: entries });
    assert.throws(() => Everything.decode(map11, { maxElements: 10 }), { code: "too-many-elements" });
    assert.equal(Everything.decode(map11, { maxElements: 11 }).byNumber.size, 11);
  });

  it("a packed list that ends inside an element", () => {
    assert.throws(() => Everything.decode(Uint8Array.of(0x6a, 3, 0, 0, 0)), { code: "bad-packed-field" });
    assert.throws(() => Everything.decode(Uint8Array.of(0x62, 1, 0x80)), { code: "truncated" });
    assert.throws(() => Everything.decode(Uint8Array.of(0x72, 1, 0x80)), { code: "truncated" });
  });

  it("a string that is not UTF-8", () => {
    assert.throws(() => Everything.decode(Uint8Array.of(0x0a, 1, 0xff)), { code: "bad-utf8" });
  });
});

describe("JSON form", () => {
  it("prints names, defaults, long integers, enumerations and bytes by the rules of protobuf", () => {
    const json = messageToJson(Everything, { ...full, floats: Float32Array.of(0.1, Number.NaN) });
    assert.deepEqual(JSON.parse(JSON.stringify(json)), {
      plain_text: "für alle",
      raw_bytes: "AQID",
      flag: true,
      ratio: 0,
      weight: 0.5,
      big_number: "-9223372036854775808",
      color: "RED",
      point: { x: -1, y: 2 },
      maybe: 0,
      names: ["a", "", "c"],
      points: [
        { x: 1, y: 1 },
        { x: 0, y: 0 },
      ],
      counts: [1, -1, 2147483647],
      floats: [0.1, "NaN"],
      longs: ["1", "-1"],
      flags: [false, true, true],
      by_name: JSON.parse('{"a": {"x": 1, "y": 2}, "__proto__": {"x": 3, "y": 4}}') as unknown,
      by_number: { 7: "seven" },
      right: { x: 5, y: 6 },
      version: "0",
      folded: { x: 9, y: 0 },
    });
  });

  it("prints an enumeration value without a name as its number", () => {
    assert.deepEqual({ ...(messageToJson(Everything, Everything.create({ color: 9 })) as object) }.valueOf(), {
      ...(messageToJson(Everything, Everything.create()) as object),
      color: 9,
    });
  });
});
