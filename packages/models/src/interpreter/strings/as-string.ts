import { encodeUtf8 } from "@sealserve/core";
import { type DataType, isNumberData, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { FLOATS } from "../float-types.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { WHOLE_TYPES } from "../whole-types.ts";
import { type NumberStyle, printNumber } from "./print-number.ts";

const MAX_PRECISION = 60;
const MAX_WIDTH = 4096;

/** Writes one element. */
type Write = (value: number | bigint) => string;

/** AsString: each number as printf writes it, `true` and `false`. */
export const asString: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const write = readFormat(operation, dtype);
  return {
    outputs: ["string"],
    run: ([tensor]) => {
      const { shape, data } = tensor as Tensor;
      const budget = new OutputBudget();
      budget.takeStrings(data.length);
      const written = isNumberData(data)
        ? Array.from<number | bigint, Uint8Array>(data, (value) => {
            const text = encodeUtf8(write(value));
            budget.takeBytes(text.length);
            return text;
          })
        : data;
      return [{ dtype: "string", shape, data: written }];
    },
  };
};

function readFormat(operation: NodeOperation<KnownInput>, dtype: DataType): Write {
  if (dtype === "bool") {
    return (value) => (Number(value) === 0 ? "false" : "true");
  }
  const pad = readPadding(operation);
  if (FLOATS.includes(dtype)) {
    const [style, precision] = [readStyle(operation), operation.integer("precision", -1)];
    if (precision > MAX_PRECISION) {
      operation.refuse(`its precision is ${precision}`);
    }
    return (value) => pad(printNumber(Number(value), style, precision));
  }
  if (dtype !== "string" && !WHOLE_TYPES.includes(dtype)) {
    operation.refuse(`its input is ${dtype}`);
  }
  return (value) => pad(`${value}`);
}

function readStyle(operation: NodeOperation<KnownInput>): NumberStyle {
  if (operation.flag("scientific", false)) {
    return operation.flag("shortest", false) ? operation.refuse("it is both scientific and shortest") : "scientific";
  }
  return operation.flag("shortest", false) ? "shortest" : "fixed";
}

/** Width and fill as flags of printf. */
function readPadding(operation: NodeOperation<KnownInput>): (text: string) => string {
  const [width, fill] = [operation.integer("width", -1), operation.text("fill", "")];
  if (width > MAX_WIDTH) {
    operation.refuse(`its width is ${width}`);
  }
  switch (fill) {
    case "":
      return (text) => text.padStart(width);
    case "-":
      return (text) => text.padEnd(width);
    case "0":
      return (text) => padWithZeros(text, width);
    case " ":
    case "+":
      return (text) => (text.startsWith("-") ? text : fill + text).padStart(width);
    default:
      return operation.refuse(`its fill is ${JSON.stringify(fill)}`);
  }
}

/** Zeros stand behind the sign, and not before what is no number. */
function padWithZeros(text: string, width: number): string {
  const [, sign = "", rest = ""] = /^(-?)(.*)$/.exec(text) ?? [];
  return /^\d/.test(rest) ? sign + rest.padStart(width - sign.length, "0") : text.padStart(width);
}
