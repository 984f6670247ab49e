import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** A string in the alphabet for addresses, with or without padding that fills up a group of four. */
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?$/;

/** EncodeBase64: bytes as text in the alphabet for addresses, padded if asked for. */
export const encodeBase64: MakeKernel = (operation) => {
  const padded = operation.flag("pad", false);
  return eachString(operation, (string) => {
    const text = Buffer.from(string).toString("base64url");
    return Buffer.from(padded ? text.padEnd(Math.ceil(text.length / 4) * 4, "=") : text);
  });
};

/** DecodeBase64: the bytes of such a text. */
export const decodeBase64: MakeKernel = (operation) =>
  eachString(operation, (string) => {
    const text = Buffer.from(string.buffer, string.byteOffset, string.length).toString("latin1");
    if (!BASE64URL.test(text)) {
      throw invalidArgument("Invalid character found in base64.");
    }
    return Buffer.from(text, "base64url");
  });

function eachString(operation: NodeOperation<KnownInput>, change: (string: Uint8Array) => Buffer): Kernel {
  expectStrings(operation, [0]);
  return {
    outputs: ["string"],
    run: ([input]) => {
      const budget = new OutputBudget();
      const strings = stringsOf(input);
      budget.takeStrings(strings.length);
      budget.takeBytes(strings.reduce((total, { length }) => total + 4 * Math.ceil(length / 3), 0));
      return [{ ...(input as Tensor), data: strings.map((string) => Uint8Array.from(change(string))) }];
    },
  };
}
