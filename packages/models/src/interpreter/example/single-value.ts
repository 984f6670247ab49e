import { copyLittleEndian } from "@sealserve/protocol";

import type { FeatureValues } from "./feature-values.ts";

/** Tags of `tensorflow.Feature` and of the lists in it (feature.proto), all of which are delimited but for the last two. */
const BYTES_LIST = 0x0a;
const FLOAT_LIST = 0x12;
const INT64_LIST = 0x1a;
const VALUES = 0x0a;
const ONE_FLOAT = 0x0d;
const ONE_INT64 = 0x08;

/** From here on a byte goes on in the next one, as a length and as a number. */
const CONTINUED = 0x80;
const FLOAT_BYTES = 4;
/** Bytes of a number whose 7 bits each fit a whole number of 32 bits. */
const MAX_VARINT_BYTES = 4;

/**
 * The value of an encoded `tensorflow.Feature` that holds a single short one, written as every protobuf writer writes it; undefined for any other, right or
 * wrong, which has to be read field by field. Features of tables are nearly all of this kind.
 */
export function readSingleValue(feature: Uint8Array): FeatureValues | undefined {
  const [tag, valueTag] = [feature[0], feature[2]];
  // Lengths that are equal to these are below 128: they have one byte each.
  if (feature[1] !== feature.length - 2 || feature.length > CONTINUED) {
    return undefined;
  }
  if (valueTag === VALUES && feature[3] === feature.length - 4) {
    return oneOf(tag, feature, 4);
  }
  if (tag === FLOAT_LIST && valueTag === ONE_FLOAT) {
    return oneFloat(feature, 3);
  }
  return tag === INT64_LIST && valueTag === ONE_INT64 ? oneInt64(feature, 3) : undefined;
}

/** Of a list whose one delimited field is a text, or numbers one behind the other. */
function oneOf(listTag: number | undefined, feature: Uint8Array, start: number): FeatureValues | undefined {
  if (listTag === BYTES_LIST) {
    return { dtype: "string", data: [feature.subarray(start)] };
  }
  if (listTag === FLOAT_LIST) {
    return oneFloat(feature, start);
  }
  return listTag === INT64_LIST ? oneInt64(feature, start) : undefined;
}

function oneFloat(feature: Uint8Array, start: number): FeatureValues | undefined {
  if (feature.length !== start + FLOAT_BYTES) {
    return undefined;
  }
  const data = new Float32Array(1);
  copyLittleEndian(feature.subarray(start), data);
  return { dtype: "float32", data };
}

function oneInt64(feature: Uint8Array, start: number): FeatureValues | undefined {
  const last = feature.length - 1;
  if (last < start || last - start >= MAX_VARINT_BYTES || (feature[last] as number) >= CONTINUED) {
    return undefined;
  }
  let value = 0;
  for (let at = last; at >= start; at--) {
    const byte = feature[at] as number;
    if (at < last && byte < CONTINUED) {
      return undefined;
    }
    value = value * CONTINUED + (byte % CONTINUED);
  }
  return { dtype: "int64", data: BigInt64Array.of(BigInt(value)) };
}
