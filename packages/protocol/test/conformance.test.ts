import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { encodeErrorAnswer } from "../src/rest/error-answer.ts";
import { parseRestPath } from "../src/rest/path.ts";
import { encodePredictAnswer } from "../src/rest/predict-answer.ts";
import { parsePredictBody } from "../src/rest/predict-body.ts";
import { ServingError } from "../src/status/serving-error.ts";
import { bytesOf, tensorFromCase, typeOfProtoName, valuesOf } from "./fixtures.ts";

/** Public cases of TensorFlow Serving's behaviour, beside the checkout. */
const file = new URL("../../../../shared/spec/tf-serving-cases.json", import.meta.url);

interface CaseTensor {
  readonly dtype: string;
  readonly shape: number[];
  readonly values: (string | number | boolean)[];
}

interface Case {
  readonly id: string;
  readonly layer: string;
  readonly request: {
    readonly body?: string;
    readonly signature_inputs?: Record<string, string>;
    readonly tensors?: Record<string, CaseTensor>;
    readonly format?: string;
    readonly status?: [string, string];
    readonly method?: string;
    readonly path?: string;
  };
  readonly expect: {
    readonly format?: string;
    readonly signature_name?: string;
    readonly tensors?: Record<string, CaseTensor>;
    readonly code?: string;
    readonly error?: string;
    readonly error_contains?: string;
    readonly json?: { readonly error?: string };
    readonly number_tokens?: string[];
    readonly http?: number;
  };
}

const cases: Case[] = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] }).cases : [];

function ofLayer(layer: string): Case[] {
  return cases.filter((entry) => entry.layer === layer);
}

function bodyOf(entry: Case): Uint8Array {
  const deep = "[".repeat(500_000) + "]".repeat(500_000);
  return bytesOf((entry.request.body ?? "").replace('<500000 x "["><500000 x "]">', deep));
}

function expectRefusal(entry: Case, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, entry.expect.code ?? "INVALID_ARGUMENT");
    if (entry.expect.error !== undefined) {
      assert.equal(error.message, entry.expect.error);
    }
    assert.ok(error.message.includes(entry.expect.error_contains ?? ""), error.message);
    return true;
  });
}

describe("public cases of TensorFlow Serving", {
  skip: cases.length === 0 && "no ../shared beside the checkout",
}, () => {
  for (const entry of ofLayer("codec.decode.predict")) {
    it(`predict body: ${entry.id}`, () => {
      const types = new Map(
        Object.entries(entry.request.signature_inputs ?? {}).map(([name, type]) => [name, typeOfProtoName(type)]),
      );
      const parse = () => parsePredictBody(bodyOf(entry), { inputs: types });
      if (entry.expect.tensors === undefined) {
        expectRefusal(entry, parse);
        return;
      }
      const body = parse();
      assert.equal(body.format, entry.expect.format === "columnar" ? "column" : entry.expect.format);
      assert.equal(body.signatureName, entry.expect.signature_name ?? "");
      assert.deepEqual([...body.inputs.keys()].sort(), Object.keys(entry.expect.tensors).sort());
      for (const [name, expected] of Object.entries(entry.expect.tensors)) {
        const tensor = body.inputs.get(name);
        assert.ok(tensor !== undefined);
        const wanted = tensorFromCase(expected);
        assert.deepEqual(
          { dtype: tensor.dtype, shape: tensor.shape, values: valuesOf(tensor) },
          { dtype: wanted.dtype, shape: wanted.shape, values: valuesOf(wanted) },
        );
      }
    });
  }

  for (const entry of ofLayer("codec.encode.predict")) {
    it(`predict answer: ${entry.id}`, () => {
      const tensors = new Map(
        Object.entries(entry.request.tensors ?? {}).map(([name, tensor]) => [name, tensorFromCase(tensor)]),
      );
      const encode = () => encodePredictAnswer(tensors, entry.request.format === "row" ? "row" : "column");
      if (entry.expect.code !== undefined) {
        expectRefusal(entry, encode);
        return;
      }
      const text = new TextDecoder().decode(encode());
      if (entry.expect.json !== undefined) {
        assert.deepEqual(JSON.parse(text), entry.expect.json);
      }
      if (entry.expect.number_tokens !== undefined) {
        const tokens = text.replace(/"[^"]*"/g, "").match(/-?(?:NaN|Infinity|[0-9][0-9.e+-]*)/g);
        assert.deepEqual(tokens, entry.expect.number_tokens);
      }
    });
  }

  for (const entry of ofLayer("codec.encode.error")) {
    it(`error answer: ${entry.id}`, () => {
      const [, message] = entry.request.status ?? ["", ""];
      assert.deepEqual(JSON.parse(new TextDecoder().decode(encodeErrorAnswer(message))), entry.expect.json);
    });
  }

  const pathCases = ofLayer("rest").filter(({ expect }) =>
    /Malformed|Missing model name/.test(expect.json?.error ?? ""),
  );
  for (const entry of pathCases) {
    it(`path: ${entry.id}`, () => {
      assert.throws(() => parseRestPath(entry.request.method ?? "", entry.request.path ?? ""), {
        code: "INVALID_ARGUMENT",
        message: entry.expect.json?.error,
      });
    });
  }
});
