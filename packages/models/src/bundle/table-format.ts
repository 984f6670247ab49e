/** Constants of the LevelDB table format (table_format.md). */
export const FOOTER_BYTES = 48;
export const FOOTER_MAGIC = 0xdb4775248b80fb57n;
/** Compression type (1 byte) and masked CRC-32C (4 bytes) behind each block. */
export const BLOCK_TRAILER_BYTES = 5;
export const COMPRESSION_NONE = 0;
export const COMPRESSION_SNAPPY = 1;
