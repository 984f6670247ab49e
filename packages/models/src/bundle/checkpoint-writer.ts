import { crc32c, maskCrc } from "@sealserve/core";
import {
  BundleEntryProto,
  BundleHeaderProto,
  type DataType,
  dataTypeNumber,
  TensorShapeProto,
  VersionDef,
} from "@sealserve/protocol";

import { CHECKPOINT_INDEX_FILE, checkpointShardFile } from "../model-files.ts";
import { keyOfName } from "./table-block.ts";
import { encodeTable } from "./table-writer.ts";

/** A tensor to store: its elements as raw little-endian bytes, and their masked checksum where that is not of these bytes. */
export interface CheckpointTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly checksum?: number;
}

/**
 * A tensor bundle in one shard, as the files that a SavedModel has under `variables/` (tensor_bundle.proto, version 1).
 * @param tensors by checkpoint key
 */
export function encodeCheckpoint(tensors: ReadonlyMap<string, CheckpointTensor>): Map<string, Uint8Array> {
  const sorted = [...tensors].map(([name, tensor]) => ({ key: keyOfName(name), tensor }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : 1));
  const shard = new Uint8Array(sorted.reduce((length, { tensor }) => length + tensor.bytes.length, 0));
  const entries = [{ key: "", value: encodeHeader() }];
  let offset = 0;
  for (const { key, tensor } of sorted) {
    shard.set(tensor.bytes, offset);
    entries.push({ key, value: encodeEntry(tensor, offset) });
    offset += tensor.bytes.length;
  }
  return new Map([
    [CHECKPOINT_INDEX_FILE, encodeTable(entries)],
    [checkpointShardFile(0, 1), shard],
  ]);
}

function encodeHeader(): Uint8Array {
  return BundleHeaderProto.encode({ numShards: 1, version: VersionDef.create({ producer: 1 }) });
}

function encodeEntry({ dtype, shape, bytes, checksum }: CheckpointTensor, offset: number): Uint8Array {
  return BundleEntryProto.encode({
    dtype: dataTypeNumber(dtype),
    shape: TensorShapeProto.create({ dim: shape.map((size) => ({ size: BigInt(size), name: "" })) }),
    offset: BigInt(offset),
    size: BigInt(bytes.length),
    crc32c: checksum ?? maskCrc(crc32c(bytes)),
  });
}
