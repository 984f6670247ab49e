import { ByteReader, crc32c, maskCrc } from "@sealserve/core";

import { ModelError, refuseMalformed } from "../errors.ts";
import { decompressSnappy } from "./snappy.ts";
import { KeyOrder, parseTableBlock, type TableEntry } from "./table-block.ts";
import {
  BLOCK_TRAILER_BYTES,
  COMPRESSION_NONE,
  COMPRESSION_SNAPPY,
  FOOTER_BYTES,
  FOOTER_MAGIC,
} from "./table-format.ts";
import { readVarint } from "./varint.ts";

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/**
 * All entries of a LevelDB-format table, in key order. Every block that is read has its CRC-32C checked.
 * Format: LevelDB table_format.md, as used for TensorFlow's `variables.index`.
 * @throws ModelError `bad-checkpoint`, `checksum-mismatch`, `too-large`
 */
export function parseTable(file: Uint8Array): TableEntry[] {
  return refuseMalformed("bad-checkpoint", "checkpoint table", () => {
    const index = parseTableBlock(readBlock(file, parseFooter(file)), new KeyOrder());
    const handles = index.map(({ value }) => parseHandle(new ByteReader(value)));
    const order = new KeyOrder();
    return handles.flatMap((handle) => parseTableBlock(readBlock(file, handle), order));
  });
}

/** The handle of the index block; that of the meta-index, which names optional filters, is skipped. */
function parseFooter(file: Uint8Array): BlockHandle {
  if (file.length < FOOTER_BYTES) {
    throw new ModelError("bad-checkpoint", "checkpoint table is shorter than its footer");
  }
  const footer = file.subarray(file.length - FOOTER_BYTES);
  const magic = new ByteReader(footer.subarray(FOOTER_BYTES - 8)).u64();
  if (magic !== FOOTER_MAGIC) {
    throw new ModelError("bad-checkpoint", "checkpoint table does not end with the table magic", {
      expected: FOOTER_MAGIC.toString(16),
      actual: magic.toString(16),
    });
  }
  const reader = new ByteReader(footer);
  parseHandle(reader);
  return parseHandle(reader);
}

function parseHandle(reader: ByteReader): BlockHandle {
  return { offset: readVarint(reader), size: readVarint(reader) };
}

/** Content of one block, checked against its trailer (compression type, masked CRC) and decompressed. */
function readBlock(file: Uint8Array, { offset, size }: BlockHandle): Uint8Array {
  if (offset + size + BLOCK_TRAILER_BYTES > file.length - FOOTER_BYTES) {
    throw new ModelError("bad-checkpoint", "checkpoint table points outside of its file");
  }
  const typeAt = offset + size;
  const trailer = new ByteReader(file.subarray(typeAt, typeAt + BLOCK_TRAILER_BYTES));
  const compression = trailer.u8();
  const stored = trailer.u32();
  const computed = maskCrc(crc32c(file.subarray(offset, typeAt + 1)));
  if (computed !== stored) {
    throw new ModelError("checksum-mismatch", `block at offset ${offset} of the checkpoint table is damaged`);
  }
  return decompress(compression, file.subarray(offset, typeAt));
}

function decompress(compression: number, content: Uint8Array): Uint8Array {
  switch (compression) {
    case COMPRESSION_NONE:
      return content;
    case COMPRESSION_SNAPPY:
      return decompressSnappy(content);
    default:
      throw new ModelError("bad-checkpoint", "checkpoint table uses an unknown compression", {
        expected: "0 (none) or 1 (Snappy)",
        actual: `${compression}`,
      });
  }
}
