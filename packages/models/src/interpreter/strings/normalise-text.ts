import { isUtf8 } from "node:buffer";

import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "./strings.ts";

const FORMS: ReadonlySet<string> = new Set(["NFC", "NFD", "NFKC", "NFKD"]);

/** NormalizeUTF8 of TensorFlow Text: each text in one of Unicode's normalisation forms (UAX 15). */
export const normaliseText: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const form = operation.text("normalization_form", "NFKC").toUpperCase();
  if (!FORMS.has(form)) {
    operation.refuse(`its normalization form is ${JSON.stringify(form)}`);
  }
  return {
    outputs: ["string"],
    run: ([tensor]) => {
      const budget = new OutputBudget();
      const strings = stringsOf(tensor);
      budget.takeStrings(strings.length);
      const data = strings.map((string) => {
        const normalised = encodeUtf8(expectText(string).normalize(form));
        budget.takeBytes(normalised.length);
        return normalised;
      });
      return [{ ...(tensor as Tensor), data }];
    },
  };
};

function expectText(string: Uint8Array): string {
  if (!isUtf8(string)) {
    throw invalidArgument("a text that is to be normalised is not UTF-8");
  }
  return Buffer.from(string).toString();
}
