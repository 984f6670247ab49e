import type { DataType } from "@sealserve/protocol";

/** Types of whole numbers. */
export const WHOLE_TYPES: readonly DataType[] = [
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
];
