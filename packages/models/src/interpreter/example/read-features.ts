import { type DataType, NumberList, type Tensor, WireReader, wireTypes } from "@sealserve/protocol";

import type { FeatureValues } from "./feature-values.ts";
import { readSingleValue } from "./single-value.ts";

const FEATURES_FIELD = 1;
const ENTRY_FIELD = 1;
const KEY_FIELD = 1;
const FEATURE_FIELD = 2;
const VALUES_FIELD = 1;

/** Strings of a feature, and of all features of a call: each becomes an object. */
export const MAX_STRINGS = 2 ** 20;

/** Types of values that a feature can hold. */
export const featureTypes: ReadonlySet<DataType> = new Set<FeatureValues["dtype"]>(["string", "float32", "int64"]);

interface ValueList {
  /** Takes the reader's current field; false, and nothing taken, when its wire type does not fit. */
  read(reader: WireReader): boolean;
  finish(): Tensor["data"];
}

interface ValueKind {
  readonly dtype: FeatureValues["dtype"];
  readonly makeList: () => ValueList;
}

/** Kinds of values by the field of `tensorflow.Feature` that holds them: one of these is set. */
const valueKinds: ReadonlyMap<number, ValueKind> = new Map<number, ValueKind>([
  [1, { dtype: "string", makeList: () => new StringList() }],
  [2, { dtype: "float32", makeList: () => new NumberList("float") }],
  [3, { dtype: "int64", makeList: () => new NumberList("int64") }],
]);

class StringList implements ValueList {
  readonly #strings: Uint8Array[] = [];

  read(reader: WireReader): boolean {
    if (reader.wireType !== wireTypes.lengthDelimited) {
      return false;
    }
    reader.countElements(1);
    this.#strings.push(reader.bytes());
    return true;
  }

  finish(): Uint8Array[] {
    return this.#strings;
  }
}

/**
 * The features of a serialized Example whose keys are in `wanted`, each still encoded, by the numbers that `wanted` gives
 * them. Of several with one key the last one counts, as in any protobuf map: TensorFlow Serving puts the features that
 * all Examples share in front of each.
 * @throws ProtocolError
 */
export function readFeatures(example: Uint8Array, wanted: ReadonlyMap<string, number>): (Uint8Array | undefined)[] {
  const found: (Uint8Array | undefined)[] = Array.from({ length: wanted.size });
  const reader = new WireReader(example);
  forEachDelimited(reader, FEATURES_FIELD, () => {
    forEachDelimited(reader, ENTRY_FIELD, () => {
      const [key, feature] = readEntry(reader);
      const number = wanted.get(key);
      if (number !== undefined) {
        found[number] = feature;
      }
    });
  });
  return found;
}

/** Steps into each field with this number; passes over all others. */
function forEachDelimited(reader: WireReader, fieldNumber: number, read: () => void): void {
  while (reader.next()) {
    if (reader.fieldNumber === fieldNumber && reader.wireType === wireTypes.lengthDelimited) {
      const outerEnd = reader.enter();
      read();
      reader.leave(outerEnd);
    } else {
      reader.skip();
    }
  }
}

function readEntry(reader: WireReader): [key: string, feature: Uint8Array] {
  let key = "";
  let feature = new Uint8Array();
  while (reader.next()) {
    const field = reader.wireType === wireTypes.lengthDelimited ? reader.fieldNumber : undefined;
    if (field === KEY_FIELD) {
      key = reader.string();
    } else if (field === FEATURE_FIELD) {
      feature = reader.bytes() as Uint8Array<ArrayBuffer>;
    } else {
      reader.skip();
    }
  }
  return [key, feature];
}

/**
 * The values of an encoded `tensorflow.Feature`; undefined when it holds none of any kind. Strings are views.
 * @throws ProtocolError
 */
export function readFeatureValues(feature: Uint8Array): FeatureValues | undefined {
  return readSingleValue(feature) ?? readByFields(feature);
}

/** As {@link readFeatureValues}, whatever the feature's form. */
export function readByFields(feature: Uint8Array): FeatureValues | undefined {
  const reader = new WireReader(feature, { maxElements: MAX_STRINGS });
  let kind: ValueKind | undefined;
  let list: ValueList | undefined;
  while (reader.next()) {
    const next = reader.wireType === wireTypes.lengthDelimited ? valueKinds.get(reader.fieldNumber) : undefined;
    if (next === undefined) {
      reader.skip();
      continue;
    }
    list = next === kind && list !== undefined ? list : next.makeList();
    kind = next;
    readList(reader, list);
  }
  return kind && list && { dtype: kind.dtype, data: list.finish() };
}

function readList(reader: WireReader, list: ValueList): void {
  const outerEnd = reader.enter();
  while (reader.next()) {
    if (reader.fieldNumber !== VALUES_FIELD || !list.read(reader)) {
      reader.skip();
    }
  }
  reader.leave(outerEnd);
}
