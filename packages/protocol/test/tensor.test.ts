import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DataTypeEnum } from "../src/messages/tensorflow/data-type.ts";
import { TensorProto } from "../src/messages/tensorflow/tensor-proto.ts";
import { WireWriter } from "../src/protobuf/wire-writer.ts";
import { FillBudget } from "../src/tensor/budget.ts";
import {
  type DataType,
  dataTypeErrorName,
  dataTypeFromNumber,
  dataTypeNumber,
  dataTypeProtoName,
  dataTypes,
} from "../src/tensor/data-type.ts";
import { decodeTensor } from "../src/tensor/decode.ts";
import { encodeTensor } from "../src/tensor/encode.ts";
import { makeNumbers } from "../src/tensor/storage.ts";
import { checkTensor, elementCount, type Tensor } from "../src/tensor/tensor.ts";
import { bytesOf, makeTensor, repeat, valuesOf } from "./fixtures.ts";

const withValues = dataTypes.map(({ name }) => name).filter((name) => name !== "resource" && name !== "variant");

/** Four elements of every type, with the extremes of its range. */
function sample(dtype: DataType): Tensor {
  if (dtype === "string") {
    return { dtype, shape: [2, 2], data: [bytesOf("a"), bytesOf(""), Uint8Array.of(0xff, 0), new Uint8Array(300)] };
  }
  const isPair = dtype === "complex64" || dtype === "complex128";
  const data = makeNumbers(dtype, isPair ? 8 : 4);
  const bytes = new Uint8Array(data.buffer);
  bytes.set(Uint8Array.from(bytes, (_, index) => (dtype === "bool" ? index % 2 : (index * 37 + 200) & 0x7f)));
  if (dtype.startsWith("int") || dtype.startsWith("qint")) {
    bytes.fill(0xff, 0, data.BYTES_PER_ELEMENT);
  }
  return { dtype, shape: [2, 2], data };
}

describe("data types", () => {
  it("have one number and one name each", () => {
    assert.equal(new Set(dataTypes.map(({ number }) => number)).size, dataTypes.length);
    for (const { name, number, protoName } of dataTypes) {
      assert.equal(dataTypeFromNumber(number), name);
      assert.equal(dataTypeNumber(name), number);
      assert.equal(dataTypeProtoName(name), protoName);
      assert.equal(DataTypeEnum.nameOf(number), protoName);
      assert.equal(DataTypeEnum.nameOf(number + 100), `${protoName}_REF`);
    }
    assert.equal(dataTypeErrorName("float16"), "half");
    assert.equal(dataTypeErrorName("float64"), "double");
  });

  it("do not include the invalid type and reference types", () => {
    assert.equal(dataTypeFromNumber(0), undefined);
    assert.equal(dataTypeFromNumber(101), undefined);
    assert.equal(dataTypeFromNumber(77), undefined);
  });
});

describe("tensors on the wire", () => {
  for (const dtype of withValues) {
    for (const asContent of [false, true]) {
      it(`${dtype} comes back from ${asContent ? "tensor_content" : "the typed list"}`, () => {
        const tensor = sample(dtype);
        assert.deepEqual(decodeTensor(encodeTensor(tensor, { asContent })), tensor);
        const empty = { dtype, shape: [0, 3], data: dtype === "string" ? [] : makeNumbers(dtype, 0) };
        assert.deepEqual(decodeTensor(encodeTensor(empty, { asContent })), empty);
      });
    }
  }

  it("use the field that TensorFlow uses for each type", () => {
    const listOf = (dtype: DataType) => TensorProto.decode(encodeTensor(makeTensor(dtype, [2], [1, 0])));
    assert.deepEqual(listOf("float32").floatVal, Float32Array.of(1, 0));
    assert.deepEqual(listOf("float64").doubleVal, Float64Array.of(1, 0));
    for (const dtype of ["int32", "int16", "int8", "uint8", "uint16", "qint8", "int4"] as const) {
      assert.deepEqual(listOf(dtype).intVal, Int32Array.of(1, 0));
    }
    assert.deepEqual(listOf("string").stringVal, [bytesOf("1"), bytesOf("0")]);
    assert.deepEqual(listOf("int64").int64Val, BigInt64Array.of(1n, 0n));
    assert.deepEqual(listOf("bool").boolVal, Uint8Array.of(1, 0));
    assert.deepEqual(listOf("float16").halfVal, Int32Array.of(1, 0));
    assert.deepEqual(listOf("bfloat16").halfVal, Int32Array.of(1, 0));
    assert.deepEqual(listOf("uint32").uint32Val, Uint32Array.of(1, 0));
    assert.deepEqual(listOf("uint64").uint64Val, BigUint64Array.of(1n, 0n));
    assert.deepEqual(listOf("float8_e5m2").float8Val, Uint8Array.of(1, 0));
    const pairs = { dtype: "complex64", shape: [1], data: Float32Array.of(1, 2) } as const;
    assert.deepEqual(TensorProto.decode(encodeTensor(pairs)).scomplexVal, Float32Array.of(1, 2));
  });

  it("have the bytes that TensorFlow writes", () => {
    const tensor = makeTensor("float32", [3], [1, 2, 5]);
    const head = [0x08, 1, 0x12, 4, 0x12, 2, 0x08, 3];
    const values = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0xa0, 0x40];
    assert.deepEqual([...encodeTensor(tensor)], [...head, 0x2a, 12, ...values]);
    assert.deepEqual([...encodeTensor(tensor, { asContent: true })], [...head, 0x22, 12, ...values]);
  });

  it("round trip whatever the floats are", () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.boolean(), (data, asContent) => {
        const tensor: Tensor = { dtype: "float32", shape: [data.length], data };
        assert.deepEqual(decodeTensor(encodeTensor(tensor, { asContent })), tensor);
      }),
    );
  });

  it("do not share memory with the message they came from", () => {
    const message = encodeTensor(makeTensor("float32", [2], [1, 2]), { asContent: true });
    const tensor = decodeTensor(message);
    message.fill(0);
    assert.deepEqual(valuesOf(tensor), [1, 2]);
    assert.ok(ArrayBuffer.isView(tensor.data) && tensor.data.buffer.byteLength === 8);
  });
});

describe("reading a TensorProto", () => {
  function decode(members: Partial<TensorProto>, dims: readonly number[] = []): Tensor {
    const dim = dims.map((size) => ({ size: BigInt(size), name: "" }));
    return decodeTensor(TensorProto.encode({ tensorShape: { dim, unknownRank: false }, ...members }));
  }

  it("repeats the last value up to the size of the shape", () => {
    assert.deepEqual(valuesOf(decode({ dtype: 1, floatVal: Float32Array.of(1, 2) }, [2, 2])), [1, 2, 2, 2]);
    assert.deepEqual(valuesOf(decode({ dtype: 7, stringVal: [bytesOf("a"), bytesOf("b")] }, [4])), [
      "a",
      "b",
      "b",
      "b",
    ]);
    const pairs = Float32Array.of(1, 2, 3, 4);
    assert.deepEqual(valuesOf(decode({ dtype: 8, scomplexVal: pairs }, [3])), [1, 2, 3, 4, 3, 4]);
    assert.deepEqual(valuesOf(decode({ dtype: 4, intVal: Int32Array.of(255) }, [2])), [255, 255]);
    assert.deepEqual(valuesOf(decode({ dtype: 24, float8Val: Uint8Array.of(9) }, [2])), [9, 9]);
  });

  it("gives zeros or empty strings where there are no values", () => {
    assert.deepEqual(valuesOf(decode({ dtype: 1 }, [3])), [0, 0, 0]);
    assert.deepEqual(valuesOf(decode({ dtype: 9 }, [2])), [0n, 0n]);
    assert.deepEqual(valuesOf(decode({ dtype: 7 }, [2])), ["", ""]);
  });

  it("ignores values beyond the size of the shape", () => {
    assert.deepEqual(valuesOf(decode({ dtype: 3, intVal: Int32Array.of(1, 2, 3) }, [2])), [1, 2]);
    assert.deepEqual(valuesOf(decode({ dtype: 7, stringVal: [bytesOf("a"), bytesOf("b")] }, [1])), ["a"]);
  });

  it("takes a tensor without a shape as a scalar", () => {
    const tensor = decodeTensor(TensorProto.encode({ dtype: 1, floatVal: Float32Array.of(7) }));
    assert.deepEqual(tensor, { dtype: "float32", shape: [], data: Float32Array.of(7) });
  });

  it("prefers content, and then ignores the list", () => {
    const content = Uint8Array.of(0, 0, 0x80, 0x3f);
    assert.deepEqual(valuesOf(decode({ dtype: 1, tensorContent: content, floatVal: Float32Array.of(9) }, [1])), [1]);
  });

  it("keeps the lower bits of integers that are too large for their type", () => {
    assert.deepEqual(valuesOf(decode({ dtype: 4, intVal: Int32Array.of(256 + 7) }, [1])), [7]);
  });

  it("takes any byte but zero as true", () => {
    assert.deepEqual(valuesOf(decode({ dtype: 10, tensorContent: Uint8Array.of(0, 1, 2, 255) }, [4])), [0, 1, 1, 1]);
  });

  it("reads typed lists that are not packed, and fields in any order", () => {
    const bytes = new WireWriter()
      .tag(5, 5)
      .float(1)
      .tag(5, 5)
      .float(2)
      .tag(2, 2)
      .delimited((shape) => shape.tag(2, 2).delimited((dim) => dim.tag(1, 0).int64(2n)))
      .tag(1, 0)
      .uint32(1)
      .tag(200, 0)
      .uint32(1)
      .finish();
    assert.deepEqual(decodeTensor(bytes), makeTensor("float32", [2], [1, 2]));
  });

  it("refuses content that does not have the size of the shape", () => {
    const content = new Uint8Array(4);
    assert.throws(() => decode({ dtype: 1, tensorContent: content }, [2]), { code: "bad-tensor" });
    assert.throws(() => decode({ dtype: 1, tensorContent: content }, [0]), { code: "bad-tensor" });
    assert.throws(() => decode({ dtype: 1, tensorContent: new Uint8Array(5) }, [1]), { code: "bad-tensor" });
  });

  it("refuses string content whose lengths do not add up", () => {
    for (const content of [[2, 1, 0x61, 0x61], [1, 1, 0x61], [1, 1, 0x61, 0x61, 0x61], [1]]) {
      assert.throws(() => decode({ dtype: 7, tensorContent: Uint8Array.from(content) }, [2]), {
        code: "bad-tensor",
      });
    }
    assert.throws(() => decode({ dtype: 7, tensorContent: Uint8Array.of(0x80, 0x80) }, [2]), { code: "truncated" });
  });

  it("refuses types that are unknown, or have no values to send", () => {
    for (const dtype of [0, 20, 21, 101, 999]) {
      assert.throws(() => decode({ dtype }, [1]), { code: "unsupported-dtype" });
    }
  });

  it("refuses shapes that no tensor has", () => {
    assert.throws(() => decode({ dtype: 1 }, [-1]), { code: "bad-shape" });
    assert.throws(() => decode({ dtype: 1 }, [2 ** 31, 2 ** 31, 2 ** 31]), { code: "bad-shape" });
    assert.throws(() => decode({ dtype: 1 }, [2 ** 52, 2 ** 52, 0]), { code: "bad-shape" });
    assert.throws(() => decode({ dtype: 1 }, repeat(255, 1)), { code: "bad-shape" });
    const unknownRank = TensorProto.encode({ dtype: 1, tensorShape: { dim: [], unknownRank: true } });
    assert.throws(() => decodeTensor(unknownRank), { code: "bad-shape" });
  });

  it("refuses to fill far more memory than was sent", () => {
    assert.throws(() => decode({ dtype: 1, floatVal: Float32Array.of(1) }, [10 ** 9]), { code: "too-large" });
    assert.throws(() => decode({ dtype: 7 }, [10 ** 9]), { code: "too-large" });
    const bytes = TensorProto.encode({
      dtype: 1,
      tensorShape: { dim: [{ size: 100n, name: "" }], unknownRank: false },
    });
    const fill = new FillBudget(1000);
    decodeTensor(bytes, { fill });
    decodeTensor(bytes, { fill });
    assert.throws(() => decodeTensor(bytes, { fill }), { code: "too-large" });
  });

  it("refuses more strings than the limit, in a list or in content", () => {
    const strings = Array.from({ length: 20 }, () => new Uint8Array(0));
    const tensor: Tensor = { dtype: "string", shape: [20], data: strings };
    for (const asContent of [false, true]) {
      const bytes = encodeTensor(tensor, { asContent });
      assert.throws(() => decodeTensor(bytes, { maxElements: 19 }), { code: "too-many-elements" });
    }
  });
});

describe("writing a tensor refuses", () => {
  it("data of another length than the shape asks for", () => {
    assert.throws(() => encodeTensor(makeTensor("float32", [3], [1, 2])), { code: "bad-tensor" });
    assert.throws(() => checkTensor({ dtype: "complex64", shape: [2], data: new Float32Array(2) }), {
      code: "bad-tensor",
    });
  });

  it("data of another kind than the type asks for", () => {
    assert.throws(() => encodeTensor({ dtype: "float32", shape: [1], data: new Float64Array(1) }), {
      code: "bad-tensor",
    });
    assert.throws(() => encodeTensor({ dtype: "string", shape: [1], data: new Uint8Array(1) }), { code: "bad-tensor" });
    assert.throws(() => encodeTensor({ dtype: "uint8", shape: [1], data: [new Uint8Array(1)] }), {
      code: "bad-tensor",
    });
  });

  it("impossible shapes and types without values", () => {
    assert.throws(() => elementCount([1.5]), { code: "bad-shape" });
    assert.throws(() => elementCount([2, 0.5]), { code: "bad-shape" });
    assert.throws(() => elementCount([Number.NaN]), { code: "bad-shape" });
    assert.throws(() => encodeTensor({ dtype: "variant", shape: [], data: [] }), { code: "unsupported-dtype" });
    assert.throws(() => makeNumbers("string", 1), { code: "unsupported-dtype" });
  });
});
