import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { broadcastStrides, broadcastTwo } from "../dense/broadcast.ts";
import { integersOf } from "../integers.ts";
import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** Where the units of a string begin, and where it ends: bytes, or characters, which are counted by their first bytes. */
type Units = (string: Uint8Array) => Parts;

interface Parts {
  readonly count: number;
  readonly at: (unit: number) => number;
}

const bytes: Units = (string) => ({ count: string.length, at: (unit) => unit });

const characters: Units = (string) => {
  const starts: number[] = [];
  for (const [place, byte] of string.entries()) {
    if ((byte & 0xc0) !== 0x80) {
      starts.push(place);
    }
  }
  return { count: starts.length, at: (unit) => starts[unit] ?? string.length };
};

function readUnit(operation: NodeOperation<KnownInput>): Units {
  const unit = operation.text("unit", "BYTE");
  const units = unit === "BYTE" ? bytes : unit === "UTF8_CHAR" ? characters : undefined;
  return units ?? operation.refuse(`its unit is ${unit}`);
}

/** StringLength: how many bytes or characters each string has. */
export const stringLength: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const unitsOf = readUnit(operation);
  return {
    outputs: ["int32"],
    run: ([input]) => {
      const { shape } = input as Tensor;
      const strings = stringsOf(input);
      new OutputBudget().take("int32", strings.length);
      return [{ dtype: "int32", shape, data: Int32Array.from(strings, (string) => unitsOf(string).count) }];
    },
  };
};

/** Substr: so many units of each string from a place on, which counts from the back when negative. */
export const substring: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const unitsOf = readUnit(operation);
  return {
    outputs: ["string"],
    run: ([input, from, length], clock) => {
      const [text, position] = [input as Tensor, from as Tensor];
      if (position.shape.join() !== length?.shape.join()) {
        throw invalidArgument("pos and len should have the same shape");
      }
      const shape = broadcastTwo(text.shape, position.shape);
      const count = elementCount(shape);
      new OutputBudget().takeStrings(count);
      const [ofText, ofPlace] = [text, position].map((tensor) => placesIn(tensor.shape, shape)) as [Place, Place];
      const [strings, starts, lengths] = [stringsOf(text), integersOf(position, "pos"), integersOf(length, "len")];
      const partsOf = keepingLast(unitsOf, clock);
      const data = Array.from({ length: count }, (_, index) => {
        const place = ofPlace(index);
        return part(strings[ofText(index)] as Uint8Array, starts[place] ?? 0, lengths[place] ?? 0, partsOf);
      });
      return [{ dtype: "string", shape, data }];
    },
  };
};

/** Looks through a string once for all parts of it that follow each other: a long one may be cut into very many. */
function keepingLast(unitsOf: Units, clock: Clock | undefined): Units {
  let last: { readonly string: Uint8Array; readonly parts: Parts } | undefined;
  return (string) => {
    if (last?.string !== string) {
      clock?.expectTime();
      last = { string, parts: unitsOf(string) };
    }
    return last.parts;
  };
}

type Place = (index: number) => number;

/** Where an element of the whole comes from in a tensor that is repeated to its shape. */
function placesIn(own: readonly number[], whole: readonly number[]): Place {
  const strides = broadcastStrides(own, whole);
  const sizes = whole.map((_, axis) => elementCount(whole.slice(axis + 1)));
  return (index) =>
    strides.reduce(
      (at, stride, axis) => at + (Math.floor(index / (sizes[axis] ?? 1)) % (whole[axis] ?? 1)) * stride,
      0,
    );
}

function part(string: Uint8Array, from: number, length: number, unitsOf: Units): Uint8Array {
  const { count, at } = unitsOf(string);
  const start = from < 0 ? from + count : from;
  if (start < 0 || start > count) {
    throw invalidArgument(`pos ${from} out of range for a string of ${count}`);
  }
  const end = length < 0 ? count : Math.min(start + length, count);
  return string.subarray(at(start), at(end));
}
