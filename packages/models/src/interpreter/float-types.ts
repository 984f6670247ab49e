import type { DataType } from "@sealserve/protocol";

/** Types of floating point that the interpreter computes in. */
export const FLOATS: readonly DataType[] = ["float32", "float64"];
