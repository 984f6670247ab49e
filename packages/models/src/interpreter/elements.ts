import { type DataType, makeNumbers, type Tensor } from "@sealserve/protocol";

type Numbers = ReturnType<typeof makeNumbers>;

/** Numbers up to which a view of them costs more than to copy them one by one. */
const MAX_COPIED_ONE_BY_ONE = 16;

/** Elements of a tensor that is being made. */
export interface Elements {
  readonly data: Tensor["data"];
  /** Copies elements of the same type in, from `offset` on. */
  set(source: Tensor["data"], offset: number): void;
  /** Copies `count` elements of the same type, from `from` on in the source, in from `offset` on. */
  copy(source: Tensor["data"], from: number, count: number, offset: number): void;
  /** Gives all elements the value of the one in `source`. */
  fill(source: Tensor["data"]): void;
}

/** Elements that are all 0 or empty strings at first. */
export function makeElements(dtype: DataType, length: number): Elements {
  return dtype === "string" ? stringElements(length) : numberElements(makeNumbers(dtype, length));
}

function stringElements(length: number): Elements {
  const empty = new Uint8Array();
  const data: Uint8Array[] = Array.from({ length }, () => empty);
  const copy: Elements["copy"] = (source, from, count, offset) => {
    for (let index = 0; index < count; index++) {
      data[offset + index] = source[from + index] as Uint8Array;
    }
  };
  return {
    data,
    set: (source, offset) => copy(source, 0, source.length, offset),
    copy,
    fill: (source) => data.fill(source[0] as Uint8Array),
  };
}

function numberElements(data: Numbers): Elements {
  const copy: Elements["copy"] = (source, from, count, offset) => {
    const numbers = source as Numbers;
    if (count > MAX_COPIED_ONE_BY_ONE) {
      data.set(numbers.subarray(from, from + count) as never, offset);
      return;
    }
    for (let index = 0; index < count; index++) {
      data[offset + index] = numbers[from + index] as never;
    }
  };
  return {
    data,
    set: (source, offset) => copy(source, 0, source.length, offset),
    copy,
    fill: (source) => data.fill(source[0] as never),
  };
}
