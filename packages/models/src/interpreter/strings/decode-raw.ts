import { type DataType, invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** DecodeRaw: the bytes of strings of one length as numbers, along a new last axis. */
export const decodeRaw: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const dtype = operation.type("out_type");
  const swapped = !operation.flag("little_endian", true);
  if (!isDecodable(dtype)) {
    operation.refuse(`it makes ${dtype}`);
  }
  const width = makeNumbers(dtype, 0).BYTES_PER_ELEMENT;
  return {
    outputs: [dtype],
    run: ([tensor]) => {
      const strings = stringsOf(tensor);
      const { shape } = tensor as Tensor;
      const length = strings[0]?.length ?? 0;
      if (strings.some((string) => string.length !== length) || length % width !== 0) {
        throw invalidArgument(`DecodeRaw takes strings of one length, which is a multiple of ${width} bytes`);
      }
      new OutputBudget().takeBytes(strings.length * length);
      const data = makeNumbers(dtype, (strings.length * length) / width);
      const bytes = Buffer.from(data.buffer);
      for (const [index, string] of strings.entries()) {
        bytes.set(string, index * length);
      }
      if (swapped) {
        swapBytes(bytes, width);
      }
      return [{ dtype, shape: [...shape, length / width], data }];
    },
  };
};

function isDecodable(dtype: DataType): boolean {
  return /^(float(16|32|64)|bfloat16|u?int(8|16|32|64))$/.test(dtype);
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) {
    bytes.swap16();
  } else if (width === 4) {
    bytes.swap32();
  } else if (width === 8) {
    bytes.swap64();
  }
}
