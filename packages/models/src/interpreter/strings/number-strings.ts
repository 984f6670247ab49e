import { elementCount, type Tensor } from "@sealserve/protocol";

import type { Kernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { stringsOf } from "./strings.ts";

/** Gives each string of `count` tensors a number of its own, from 0 on, so that the engine can move numbers instead. */
export function numberPlaces(count: number): Kernel {
  return numbering(count, () => {
    let next = 0n;
    return () => next++;
  });
}

/** Gives the strings of `count` tensors numbers that are equal where the strings are. */
export function numberValues(count: number): Kernel {
  return numbering(count, () => {
    const known = new Map<string, bigint>();
    return (string) => {
      const text = Buffer.from(string.buffer, string.byteOffset, string.length).toString("latin1");
      const number = known.get(text) ?? BigInt(known.size);
      known.set(text, number);
      return number;
    };
  });
}

/** Puts strings where the numbers of {@link numberPlaces} are. Inputs: the numbers, then the tensors of strings. */
export const stringsByPlace: Kernel = {
  outputs: ["string"],
  run: ([places, ...tensors]) => {
    const { shape, data } = places as Tensor;
    new OutputBudget().take("string", elementCount(shape));
    const strings = tensors.flatMap(stringsOf);
    const numbers = Array.from<unknown>(data);
    return [{ dtype: "string", shape, data: numbers.map((place) => strings[Number(place)] as Uint8Array) }];
  },
};

function numbering(count: number, start: () => (string: Uint8Array) => bigint): Kernel {
  return {
    outputs: Array.from({ length: count }, () => "int64"),
    run: (tensors) => {
      const budget = new OutputBudget();
      const numberOf = start();
      return tensors.map((tensor): Tensor => {
        budget.take("int64", tensor.data.length);
        return { dtype: "int64", shape: tensor.shape, data: BigInt64Array.from(stringsOf(tensor).map(numberOf)) };
      });
    },
  };
}
