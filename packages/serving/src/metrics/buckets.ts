import { exponentialBuckets } from "./histogram.ts";

/** Microseconds: TensorFlow Serving's limits for all its latencies. */
export const LATENCY_MICROS = exponentialBuckets(10, 1.8, 33);
/** Seconds, from a tenth of a millisecond to a minute and a half. */
export const SECONDS = exponentialBuckets(0.0001, 2, 20);
/** Rows, requests and examples. */
export const COUNTS = exponentialBuckets(1, 2, 15);

/** Microseconds of a time in milliseconds. */
export const MICROS_PER_MS = 1000;
