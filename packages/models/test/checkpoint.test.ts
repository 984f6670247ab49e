import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c, maskCrc } from "@sealserve/core";
import { BundleEntryProto, BundleHeaderProto, TensorShapeProto } from "@sealserve/protocol";

import { openCheckpoint } from "../src/bundle/checkpoint.ts";
import { encodeCheckpoint } from "../src/bundle/checkpoint-writer.ts";
import { encodeTable } from "../src/bundle/table-writer.ts";
import { parseTensorSlice, sliceKey } from "../src/bundle/tensor-slice.ts";
import { modelError } from "./fixtures/errors.ts";
import { floatVariable } from "./fixtures/saved-model.ts";

const INDEX = "variables/variables.index";
const SHARD = "variables/variables.data-00000-of-00001";

function checkpointFiles(): Map<string, Uint8Array> {
  return encodeCheckpoint(
    new Map([
      ["dense/kernel", floatVariable([2, 2], [1, 2, 3, 4])],
      ["dense/bias", floatVariable([2], [5, 6])],
    ]),
  );
}

function withIndex(header: Partial<BundleHeaderProto>, entry: Partial<BundleEntryProto> = {}): Map<string, Uint8Array> {
  const rows = [
    { key: "", value: BundleHeaderProto.encode(header) },
    { key: "v", value: BundleEntryProto.encode({ dtype: 1, ...entry }) },
  ];
  return new Map([
    [INDEX, encodeTable(rows)],
    [SHARD, new Uint8Array(16)],
  ]);
}

test("tensors are found with their place in the shard", () => {
  const checkpoint = openCheckpoint(checkpointFiles());
  const kernel = checkpoint?.locate("dense/kernel");
  assert.deepEqual(kernel?.shape, [2, 2]);
  assert.equal(kernel?.dtype, "float32");
  assert.equal(kernel?.file, SHARD);
  assert.equal(kernel?.offset, 8);
  assert.deepEqual(kernel?.bytes, new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  assert.deepEqual(checkpoint?.shardFiles, [SHARD]);
});

test("a model without an index has no checkpoint", () => {
  assert.equal(openCheckpoint(new Map([[SHARD, new Uint8Array()]])), undefined);
});

test("a flipped byte in the data shard is refused, for the tensor that it is in", () => {
  for (const offset of [0, 7, 8, 23]) {
    const files = checkpointFiles();
    const shard = files.get(SHARD);
    assert.ok(shard);
    shard[offset] = (shard[offset] ?? 0) ^ 1;
    const damaged = offset < 8 ? "dense/bias" : "dense/kernel";
    assert.throws(() => openCheckpoint(files)?.locate(damaged), modelError("checksum-mismatch", new RegExp(damaged)));
  }
});

test("a shard that is cut off is refused", () => {
  const files = checkpointFiles();
  files.set(SHARD, files.get(SHARD)?.subarray(0, 20) ?? new Uint8Array());
  assert.throws(
    () => openCheckpoint(files)?.locate("dense/kernel"),
    modelError("bad-checkpoint", /outside of its shard/),
  );
});

test("a missing shard is refused before any tensor is asked for", () => {
  const files = checkpointFiles();
  files.delete(SHARD);
  assert.throws(() => openCheckpoint(files), modelError("missing-shard", /data-00000-of-00001/));
  assert.throws(() => openCheckpoint(withIndex({ numShards: 2 })), modelError("missing-shard", /of-00002/));
});

test("a flipped byte in the index is refused", () => {
  const files = checkpointFiles();
  const index = files.get(INDEX);
  assert.ok(index);
  index[3] = (index[3] ?? 0) ^ 1;
  assert.throws(() => openCheckpoint(files), modelError("checksum-mismatch"));
});

test("an index without header, without shards or in the other byte order is refused", () => {
  const headless = new Map([[INDEX, encodeTable([{ key: "v", value: new Uint8Array() }])]]);
  assert.throws(() => openCheckpoint(headless), modelError("bad-checkpoint", /header/));
  assert.throws(() => openCheckpoint(withIndex({ numShards: 0 })), modelError("bad-checkpoint", /no shards/));
  assert.throws(() => openCheckpoint(withIndex({ numShards: -1 })), modelError("bad-checkpoint", /no shards/));
  assert.throws(() => openCheckpoint(withIndex({ numShards: 1, endianness: 1 })), modelError("unsupported-type"));
});

test("an index entry that is no message is refused", () => {
  const rows = [{ key: "", value: Uint8Array.of(0xff, 0xff) }];
  assert.throws(() => openCheckpoint(new Map([[INDEX, encodeTable(rows)]])), modelError("bad-checkpoint"));
});

test("a tensor that is not there, or that only the header's key names, is refused", () => {
  const checkpoint = openCheckpoint(checkpointFiles());
  assert.throws(() => checkpoint?.locate("dense/other"), modelError("missing-variable", /dense\/other/));
  assert.throws(() => checkpoint?.locate(""), modelError("missing-variable"));
});

test("entries that point outside of the shards are refused", () => {
  const outside = modelError("bad-checkpoint", /outside/);
  for (const entry of [
    { shardId: 1 },
    { shardId: -1 },
    { offset: 17n },
    { size: 17n },
    { offset: -4n, size: 4n },
    { size: -1n },
  ]) {
    assert.throws(() => openCheckpoint(withIndex({ numShards: 1 }, entry))?.locate("v"), outside);
  }
});

test("strings, handles and sliced tensors are refused by name", () => {
  for (const entry of [{ dtype: 7 }, { dtype: 20 }, { dtype: 0 }, { slices: [new Uint8Array()] }]) {
    assert.throws(
      () => openCheckpoint(withIndex({ numShards: 1 }, entry))?.locate("v"),
      modelError("unsupported-type", /variable "v"/),
    );
  }
});

test("variables that overlap are refused, one variable asked for again is not", () => {
  const files = checkpointFiles();
  const checkpoint = openCheckpoint(files);
  assert.equal(checkpoint?.locate("dense/kernel"), checkpoint?.locate("dense/kernel"));
  assert.doesNotThrow(() => checkpoint?.locate("dense/bias"));
  const crc = maskCrc(crc32c(new Uint8Array(16)));
  const entry = BundleEntryProto.encode({ dtype: 1, size: 16n, crc32c: crc });
  const rows = [
    { key: "", value: BundleHeaderProto.encode({ numShards: 1 }) },
    { key: "a", value: entry },
    { key: "b", value: entry },
  ];
  const overlapping = openCheckpoint(
    new Map([
      [INDEX, encodeTable(rows)],
      [SHARD, new Uint8Array(16)],
    ]),
  );
  assert.doesNotThrow(() => overlapping?.locate("a"));
  assert.throws(() => overlapping?.locate("b"), modelError("bad-checkpoint", /overlap/));
});

const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");

test("parts of tensors have keys that keep their order", () => {
  const keyOf = (text: string): string | undefined => {
    const slice = parseTensorSlice(text);
    return slice && hex(sliceKey("emb", slice));
  };
  const name = "00656d620001";
  assert.equal(keyOf("12 4 0,4:0,4"), `${name}010280848084`);
  assert.equal(keyOf("12 4 8,4:-"), `${name}01028884807f`);
  // Numbers from 64 and from 8192 on take two and three bytes.
  assert.equal(keyOf("100000 63,64"), `${name}0101bfc040`);
  assert.equal(keyOf("100000 8191,8192"), `${name}0101dfffe02000`);
  const odd = parseTensorSlice("2 0,1");
  assert.equal(odd && hex(sliceKey("\u0000é", odd)), "0000ffc3a9000101018081");
});

test("a part that is all of a tensor is the tensor, and what names no part is refused", () => {
  for (const whole of ["", "12 4 0,12:0,4", "12 4 -:-", "12 4 -:0,4"]) {
    assert.equal(parseTensorSlice(whole), undefined);
  }
  for (const wrong of [
    "12",
    "12 4 0,4",
    "12 0,4:0,4",
    "12 a,4",
    "12 0",
    "12 0,4,5",
    "12 -1,4",
    "12 0,4 ",
    `12 0,${"9".repeat(16)}`,
  ]) {
    assert.throws(() => parseTensorSlice(wrong), modelError("bad-graph", /does not name a part/), wrong);
  }
});

test("a part of a tensor is found if it is stored as such, in its sizes and undamaged", () => {
  const slice = parseTensorSlice("4 2,2");
  assert.ok(slice);
  const bytes = Uint8Array.from({ length: 16 }, (_, at) => at);
  const open = (size: bigint, crc = maskCrc(crc32c(bytes.subarray(8)))) => {
    const shape = TensorShapeProto.create({ dim: [{ size, name: "" }] });
    const rows = [
      { key: "", value: BundleHeaderProto.encode({ numShards: 1 }) },
      {
        key: sliceKey("v", slice),
        value: BundleEntryProto.encode({ dtype: 1, shape, offset: 8n, size: 8n, crc32c: crc }),
      },
      { key: "v", value: BundleEntryProto.encode({ dtype: 1, slices: [new Uint8Array()] }) },
    ];
    return openCheckpoint(
      new Map([
        [INDEX, encodeTable(rows)],
        [SHARD, bytes],
      ]),
    );
  };
  const checkpoint = open(2n);
  const located = checkpoint?.locate("v", slice);
  assert.deepEqual([located?.offset, located?.shape], [8, [2]]);
  assert.equal(checkpoint?.locate("v", slice), located);
  const other = parseTensorSlice("4 0,2");
  assert.throws(() => checkpoint?.locate("v", other), modelError("unsupported-type", /not stored in the slice 4 0,2/));
  assert.throws(() => checkpoint?.locate("v"), modelError("unsupported-type", /stored in slices/));
  assert.throws(() => open(4n)?.locate("v", slice), modelError("bad-checkpoint", /other sizes/));
  assert.throws(() => open(2n, 0)?.locate("v", slice), modelError("checksum-mismatch"));
});
