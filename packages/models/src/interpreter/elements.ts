import { type DataType, makeNumbers, type Tensor } from "@sealserve/protocol";

type Numbers = ReturnType<typeof makeNumbers>;

/** Elements of a tensor that is being made. */
export interface Elements {
  readonly data: Tensor["data"];
  /** Copies elements of the same type in, from `offset` on. */
  set(source: Tensor["data"], offset: number): void;
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
  return {
    data,
    set: (source, offset) => {
      for (const [index, string] of (source as readonly Uint8Array[]).entries()) {
        data[offset + index] = string;
      }
    },
    fill: (source) => data.fill(source[0] as Uint8Array),
  };
}

function numberElements(data: Numbers): Elements {
  const bytes = new Uint8Array(data.buffer);
  return {
    data,
    set: (source, offset) => {
      const { buffer, byteOffset, byteLength } = source as Numbers;
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset * data.BYTES_PER_ELEMENT);
    },
    fill: (source) => data.fill(source[0] as never),
  };
}
