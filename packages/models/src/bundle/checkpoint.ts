import { crc32c, maskCrc } from "@sealserve/core";
import {
  BundleEntryProto,
  BundleHeaderProto,
  type DataType,
  dataTypeFromNumber,
  elementCount,
  type MessageType,
  makeNumbers,
  type Tensor,
} from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import { CHECKPOINT_INDEX_FILE, checkpointShardFile, type ReadableFiles } from "../model-files.ts";
import { elementBytes } from "../onnx/element-type.ts";
import { parseStoredStrings } from "./stored-strings.ts";
import { keyOfName } from "./table-block.ts";
import { parseTable } from "./table-reader.ts";
import { sliceKey, type TensorSlice } from "./tensor-slice.ts";

const LITTLE_ENDIAN = 0;
const HEADER_KEY = "";

/** Where a checkpoint keeps a tensor whose bytes have been checked: raw little-endian elements, row-major. */
export interface StoredTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Path of the shard among the model's files. */
  readonly file: string;
  /** First byte in the shard. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A tensor bundle (tensor_bundle.proto): the variables of a SavedModel. */
export interface Checkpoint {
  readonly shardFiles: readonly string[];
  /**
   * The tensor under `key`, with its CRC-32C checked.
   * @param slice the part of it that is meant; it has to be stored as such
   * @throws ModelError `missing-variable`, `checksum-mismatch`, `bad-checkpoint`, `unsupported-type`
   */
  locate(key: string, slice?: TensorSlice): StoredTensor;
  /**
   * The tensor under `key` with its elements, for what is needed when the model is loaded. Strings are views into the shard.
   * @throws ModelError as {@link locate}
   */
  read(key: string): Tensor;
}

/**
 * Opens the checkpoint of a SavedModel; undefined when the model has none.
 * @throws ModelError `bad-checkpoint`, `checksum-mismatch`, `missing-shard`
 */
export function openCheckpoint(files: ReadableFiles): Checkpoint | undefined {
  const index = files.get(CHECKPOINT_INDEX_FILE);
  if (index === undefined) {
    return undefined;
  }
  const entries = new Map(parseTable(index).map(({ key, value }) => [key, value]));
  const shards = parseShards(entries.get(HEADER_KEY), files);
  return new Bundle(entries, shards);
}

class Bundle implements Checkpoint {
  readonly shardFiles: readonly string[];
  readonly #entries: ReadonlyMap<string, Uint8Array>;
  readonly #shards: readonly Shard[];
  readonly #located = new Map<string, StoredTensor>();
  /** Bytes of the shards that no variable has taken: variables do not overlap. */
  #bytesLeft: number;

  constructor(entries: ReadonlyMap<string, Uint8Array>, shards: readonly Shard[]) {
    this.#entries = entries;
    this.#shards = shards;
    this.shardFiles = shards.map(({ file }) => file);
    this.#bytesLeft = shards.reduce((total, { content }) => total + content.length, 0);
  }

  locate(key: string, slice?: TensorSlice): StoredTensor {
    if (slice !== undefined) {
      return this.#locateSlice(key, slice);
    }
    const tensor = this.#located.get(key) ?? this.#take(locateTensor(key, this.#entry(key), this.#shards));
    this.#located.set(key, tensor);
    return tensor;
  }

  #locateSlice(key: string, slice: TensorSlice): StoredTensor {
    const stored = sliceKey(key, slice);
    const entry = this.#entries.get(stored);
    if (entry === undefined) {
      throw new ModelError(
        "unsupported-type",
        `variable ${JSON.stringify(key)} is not stored in the slice ${slice.text}`,
      );
    }
    const known = this.#located.get(stored);
    const tensor = known ?? this.#take(locateTensor(key, decode(BundleEntryProto, entry), this.#shards));
    this.#located.set(stored, tensor);
    const { extents } = slice;
    const fits = extents.every(({ length }, axis) => length === undefined || length === tensor.shape[axis]);
    if (tensor.shape.length !== extents.length || !fits) {
      throw new ModelError(
        "bad-checkpoint",
        `the slice ${slice.text} of variable ${JSON.stringify(key)} has other sizes`,
      );
    }
    return tensor;
  }

  read(key: string): Tensor {
    const entry = this.#entry(key);
    if (dataTypeFromNumber(entry.dtype) === "string") {
      const stored = this.#located.get(key) ?? this.#take(locateBytes(key, "string", entry, this.#shards));
      this.#located.set(key, stored);
      return readStrings(key, entry, stored);
    }
    return numbersOf(key, this.locate(key));
  }

  #entry(key: string): BundleEntryProto {
    const entry = this.#entries.get(keyOfName(key));
    if (entry === undefined || key === HEADER_KEY) {
      throw new ModelError("missing-variable", `the checkpoint has no tensor ${JSON.stringify(key)}`);
    }
    return decode(BundleEntryProto, entry);
  }

  #take(tensor: StoredTensor): StoredTensor {
    this.#bytesLeft -= tensor.bytes.length;
    if (this.#bytesLeft < 0) {
      throw new ModelError("bad-checkpoint", "variables of the checkpoint overlap");
    }
    return tensor;
  }
}

interface Shard {
  readonly file: string;
  readonly content: Uint8Array;
}

function parseShards(header: Uint8Array | undefined, files: ReadableFiles): Shard[] {
  if (header === undefined) {
    throw new ModelError("bad-checkpoint", "the checkpoint index has no header entry");
  }
  const { numShards, endianness } = decode(BundleHeaderProto, header);
  if (endianness !== LITTLE_ENDIAN) {
    throw new ModelError("unsupported-type", "the checkpoint is in big-endian byte order");
  }
  if (numShards < 1) {
    throw new ModelError("bad-checkpoint", "the checkpoint index counts no shards", { actual: `${numShards}` });
  }
  const shards: Shard[] = [];
  for (let shard = 0; shard < numShards; shard++) {
    const file = checkpointShardFile(shard, numShards);
    const content = files.get(file);
    if (content === undefined) {
      throw new ModelError("missing-shard", `the model lacks ${file}, which its checkpoint index names`);
    }
    shards.push({ file, content });
  }
  return shards;
}

function locateTensor(key: string, entry: BundleEntryProto, shards: readonly Shard[]): StoredTensor {
  const name = JSON.stringify(key);
  const dtype = dataTypeFromNumber(entry.dtype);
  if (dtype === undefined || dtype === "string" || dtype === "variant" || dtype === "resource") {
    throw new ModelError("unsupported-type", `variable ${name} has type ${dtype ?? entry.dtype}`);
  }
  const tensor = locateBytes(key, dtype, entry, shards);
  if (maskCrc(crc32c(tensor.bytes)) !== entry.crc32c) {
    throw new ModelError("checksum-mismatch", `variable ${name} is damaged in ${tensor.file}`);
  }
  return tensor;
}

/** {@link locateTensor} of any type, and without the checksum. */
function locateBytes(key: string, dtype: DataType, entry: BundleEntryProto, shards: readonly Shard[]): StoredTensor {
  const name = JSON.stringify(key);
  if (entry.slices.length > 0) {
    throw new ModelError("unsupported-type", `variable ${name} is stored in slices`);
  }
  const shard = shards[entry.shardId];
  const offset = Number(entry.offset);
  const size = Number(entry.size);
  if (shard === undefined || offset < 0 || size < 0 || offset + size > shard.content.length) {
    throw new ModelError("bad-checkpoint", `variable ${name} lies outside of its shard`, {
      expected: `${offset + size} bytes in shard ${entry.shardId}`,
      actual: `${shard?.content.length ?? 0} bytes`,
    });
  }
  const bytes = shard.content.subarray(offset, offset + size);
  return { dtype, shape: (entry.shape?.dim ?? []).map((dim) => Number(dim.size)), file: shard.file, offset, bytes };
}

function readStrings(key: string, entry: BundleEntryProto, { dtype, shape, bytes }: StoredTensor): Tensor {
  const data = refuseMalformed("bad-checkpoint", `tensor ${JSON.stringify(key)}`, () =>
    parseStoredStrings(bytes, elementCount(shape), entry.crc32c),
  );
  return { dtype, shape, data };
}

function numbersOf(key: string, { dtype, shape, bytes }: StoredTensor): Tensor {
  const count = refuseMalformed("bad-checkpoint", `shape of tensor ${JSON.stringify(key)}`, () => elementCount(shape));
  if (elementBytes(dtype) === undefined || count * (elementBytes(dtype) ?? 0) !== bytes.length) {
    throw new ModelError("bad-checkpoint", `data of tensor ${JSON.stringify(key)} do not fit their shape`);
  }
  const data = makeNumbers(dtype, count);
  new Uint8Array(data.buffer).set(bytes);
  return { dtype, shape, data };
}

function decode<T>(type: MessageType<T>, bytes: Uint8Array): T {
  return refuseMalformed("bad-checkpoint", "checkpoint index", () => type.decode(bytes));
}
