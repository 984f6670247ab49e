import assert from "node:assert/strict";
import { after, test } from "node:test";

import { crc32c, maskCrc } from "@sealserve/core";
import { AttrList, dataTypeNumber } from "@sealserve/protocol";

import type { CheckpointTensor } from "../src/bundle/checkpoint-writer.ts";
import { encodeVarint } from "../src/bundle/varint.ts";
import { constantNode, node, textTensor, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, int64s, texts } from "./fixtures/tensors.ts";

after(closeModels);

/** Strings as TensorFlow stores them: lengths as varints, their checksum, the bytes. */
function storedStrings(strings: readonly string[], parts: Partial<CheckpointTensor> = {}): CheckpointTensor {
  const lengths = Buffer.from(Uint32Array.from(strings, (string) => string.length).buffer);
  const ofLengths = Buffer.alloc(4);
  ofLengths.writeUInt32LE(maskCrc(crc32c(lengths)));
  const content = Buffer.from(strings.join(""));
  return {
    dtype: "string",
    shape: [strings.length],
    bytes: Buffer.concat([Uint8Array.from(strings.flatMap(({ length }) => encodeVarint(length))), ofLengths, content]),
    checksum: maskCrc(crc32c(Buffer.concat([lengths, ofLengths, content]))),
    ...parts,
  };
}

const storedNumbers = (values: readonly number[]): CheckpointTensor => ({
  dtype: "int64",
  shape: [values.length],
  bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

/** A mutable table that is restored from the checkpoint, as StringLookup of Keras saves it. */
const files = (keys: CheckpointTensor, values: CheckpointTensor = storedNumbers([1, 2])) =>
  savedModelFiles({
    nodes: [
      node("table", "MutableHashTableV2", [], {
        key_dtype: typeAttr("string"),
        value_dtype: typeAttr("int64"),
        shared_name: { s: Buffer.from("words") },
      }),
      constantNode("names", textTensor(["words-keys", "words-values"])),
      constantNode("slices", textTensor([""])),
      node("restored", "RestoreV2", ["names", "names", "slices"], {
        dtypes: { list: AttrList.create({ type: [dataTypeNumber("string"), dataTypeNumber("int64")] }) },
      }),
      node("import", "LookupTableImportV2", ["table", "restored", "restored:1"]),
      node("restore", "NoOp", ["^import"]),
      node("x", "Placeholder", [], { dtype: typeAttr("string") }),
      constantNode("missing", int64s([], [-1])),
      node("found", "LookupTableFindV2", ["table", "x", "missing"]),
    ],
    restoreOperation: "restore",
    variables: { "words-keys": keys, "words-values": values },
    signatures: { s: { inputs: { x: ["x:0", "string"] }, outputs: { found: ["found:0", "int64"] } } },
  });

test("a table is filled from the checkpoint", async () => {
  const model = await load(files(storedStrings(["fox", "quick"])));
  const found = await model.run("s", feed(texts(["quick", "dog", "fox"])), []);
  assert.deepEqual(found.get("found"), int64s([3], [2, -1, 1]));
});

test("damaged strings of a checkpoint are refused", () => {
  const refused = (parts: Partial<CheckpointTensor>, code: Parameters<typeof modelError>[0]) =>
    assert.throws(() => prepareSavedModel(files(storedStrings(["fox", "quick"], parts))), modelError(code));
  const { bytes } = storedStrings(["fox", "quick"]);
  const flipped = (place: number) => bytes.map((byte, at) => (at === place ? byte ^ 1 : byte));
  refused({ checksum: 1 }, "checksum-mismatch");
  refused({ bytes: flipped(3) }, "checksum-mismatch");
  refused({ bytes: flipped(bytes.length - 1) }, "checksum-mismatch");
  refused({ bytes: flipped(0) }, "bad-checkpoint");
  refused({ bytes: bytes.subarray(0, 5) }, "bad-checkpoint");
  refused({ bytes: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f) }, "bad-checkpoint");
  refused({ shape: [2 ** 40] }, "bad-checkpoint");
});

test("keys and values of different types or numbers are refused", () => {
  const refused = (values: CheckpointTensor, code: Parameters<typeof modelError>[0]) =>
    assert.throws(() => prepareSavedModel(files(storedStrings(["fox", "quick"]), values)), modelError(code));
  refused(storedNumbers([1]), "bad-graph");
  refused(storedStrings(["a", "b"]), "bad-graph");
  refused({ ...storedNumbers([1, 2]), shape: [3] }, "bad-checkpoint");
});
