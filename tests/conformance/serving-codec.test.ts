// What TensorFlow Serving reads from the JSON of requests, and how it writes answers.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Example,
  encodeClassifyAnswer,
  encodeErrorAnswer,
  encodePredictAnswer,
  encodeRegressAnswer,
  type Feature,
  parseExamplesBody,
  parsePredictBody,
  ServingError,
} from "@sealserve/protocol";
import { bytesOf, tensorFromCase, textOf, typeOfProtoName, valuesOf } from "../../packages/protocol/test/fixtures.ts";
import { casesOf, skipWithoutCases } from "../support/serving-cases.ts";

type CaseTensors = Readonly<Record<string, Parameters<typeof tensorFromCase>[0]>>;

/** What is expected of a body or an answer that is refused. */
interface Refusal {
  readonly code?: string;
  readonly error?: string;
  readonly error_contains?: string;
}

interface PredictBodyExpect extends Refusal {
  readonly format?: string;
  readonly signature_name?: string;
  readonly tensors?: CaseTensors;
}

interface AnswerExpect extends Refusal {
  readonly json?: unknown;
  readonly number_tokens?: readonly string[];
}

type CaseFeature = Readonly<Record<string, readonly (string | number)[]>>;

interface ExamplesBodyExpect extends Refusal {
  readonly input_kind?: string;
  readonly examples?: readonly Readonly<Record<string, CaseFeature>>[];
}

const NUMBER_TOKEN = /-?(?:NaN|Infinity|[0-9][0-9.e+-]*)/g;

function expectRefusal(expect: Refusal, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, expect.code ?? "INVALID_ARGUMENT");
    assert.equal(error.message, expect.error ?? error.message);
    assert.ok(error.message.includes(expect.error_contains ?? ""), error.message);
    return true;
  });
}

function expectAnswer(expect: AnswerExpect, encode: () => Uint8Array): void {
  if (expect.code !== undefined) {
    expectRefusal(expect, encode);
    return;
  }
  const text = textOf(encode());
  if (expect.json !== undefined) {
    assert.deepEqual(JSON.parse(text), expect.json);
  }
  if (expect.number_tokens !== undefined) {
    assert.deepEqual(text.replace(/"[^"]*"/g, "").match(NUMBER_TOKEN), expect.number_tokens);
  }
}

function bodyOf(body: string): Uint8Array {
  const deep = "[".repeat(500_000) + "]".repeat(500_000);
  return bytesOf(body.replace('<500000 x "["><500000 x "]">', deep));
}

/** A feature as the cases write it: the elements under the name of their kind. */
function featureForm({ bytesList, floatList, int64List }: Feature): CaseFeature {
  return {
    ...(bytesList && { bytes: bytesList.value.map(textOf) }),
    ...(floatList && { float: Array.from(floatList.value) }),
    ...(int64List && { int64: Array.from(int64List.value, Number) }),
  };
}

function exampleForm(bytes: Uint8Array): Record<string, CaseFeature> {
  const feature = Example.decode(bytes).features?.feature ?? new Map<string, Feature>();
  return Object.fromEntries(Array.from(feature, ([name, value]) => [name, featureForm(value)]));
}

describe("TensorFlow Serving's codecs", { skip: skipWithoutCases }, () => {
  const predictBodies = casesOf<{ body: string; signature_inputs: Record<string, string> }, PredictBodyExpect>(
    "codec.decode.predict",
  );
  for (const { id, request, expect } of predictBodies) {
    it(`predict body: ${id}`, () => {
      const types = new Map(
        Object.entries(request.signature_inputs).map(([name, type]) => [name, typeOfProtoName(type)]),
      );
      const parse = () => parsePredictBody(bodyOf(request.body), { inputs: types });
      if (expect.tensors === undefined) {
        expectRefusal(expect, parse);
        return;
      }
      const body = parse();
      assert.equal(body.format, expect.format === "columnar" ? "column" : expect.format);
      assert.equal(body.signatureName, expect.signature_name ?? "");
      assert.deepEqual([...body.inputs.keys()].sort(), Object.keys(expect.tensors).sort());
      for (const [name, expected] of Object.entries(expect.tensors)) {
        const wanted = tensorFromCase(expected);
        const { dtype, shape, data } = body.inputs.get(name) ?? {};
        assert.deepEqual({ dtype, shape }, { dtype: wanted.dtype, shape: wanted.shape });
        assert.deepEqual(valuesOf({ ...wanted, data: data ?? [] }), valuesOf(wanted));
      }
    });
  }

  for (const { id, request, expect } of casesOf<{ body: string }, ExamplesBodyExpect>(
    "codec.decode.classify_regress",
  )) {
    it(`examples body: ${id}`, () => {
      if (expect.examples === undefined) {
        expectRefusal(expect, () => parseExamplesBody(bodyOf(request.body)));
        return;
      }
      const { input } = parseExamplesBody(bodyOf(request.body));
      assert.deepEqual(Object.keys(input), [expect.input_kind === "example_list" ? "exampleList" : "unexpected"]);
      assert.deepEqual(input.exampleList?.examples.map(exampleForm), expect.examples);
    });
  }

  for (const { id, request, expect } of casesOf<{ tensors: CaseTensors; format: string }, AnswerExpect>(
    "codec.encode.predict",
  )) {
    it(`predict answer: ${id}`, () => {
      const tensors = new Map(Object.entries(request.tensors).map(([name, tensor]) => [name, tensorFromCase(tensor)]));
      expectAnswer(expect, () => encodePredictAnswer(tensors, request.format === "row" ? "row" : "column"));
    });
  }

  for (const { id, request, expect } of casesOf<{ classifications: [string, number][][] }, AnswerExpect>(
    "codec.encode.classify",
  )) {
    it(`classify answer: ${id}`, () => {
      const classifications = request.classifications.map((classes) => ({
        classes: classes.map(([label, score]) => ({ label: bytesOf(label), score: Math.fround(score) })),
      }));
      expectAnswer(expect, () => encodeClassifyAnswer({ classifications }));
    });
  }

  for (const { id, request, expect } of casesOf<{ regressions: number[] }, AnswerExpect>("codec.encode.regress")) {
    it(`regress answer: ${id}`, () => {
      const regressions = request.regressions.map((value) => ({ value: Math.fround(value) }));
      expectAnswer(expect, () => encodeRegressAnswer({ regressions }));
    });
  }

  for (const { id, request, expect } of casesOf<{ status: [string, string] }, AnswerExpect>("codec.encode.error")) {
    it(`error answer: ${id}`, () => {
      expectAnswer(expect, () => encodeErrorAnswer(request.status[1]));
    });
  }
});
