import { encodeUtf8 } from "@sealserve/core";
import type { LoadedModel } from "@sealserve/models";
import {
  dataTypeFromNumber,
  isNumberData,
  parsePredictBody,
  ServingError,
  type SignatureDef,
  type Tensor,
} from "@sealserve/protocol";
import { CliError } from "../errors.ts";
import { inputsFromBody } from "../prediction/inputs.ts";

/** A call, and what it must give. */
export interface ExpectedCase {
  readonly signature: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** How a call went. */
export interface CaseResult {
  readonly signature: string;
  /** What was wrong; undefined when all expected outputs are right. */
  readonly failure: string | undefined;
}

/**
 * Reads calls and their outputs.
 * @throws CliError `usage` for a file of another form, or a signature that the model lacks
 * @throws ServingError for tensors that do not fit their signature
 */
export function parseExpected(text: string, signatures: ReadonlyMap<string, SignatureDef>): ExpectedCase[] {
  return readCases(text).map(({ request, outputs }) => {
    const { signatureName, inputs } = inputsFromBody(JSON.stringify(request), signatures, undefined);
    const types = [...(signatures.get(signatureName)?.outputs ?? [])].flatMap(([name, { dtype }]) => {
      const known = Object.hasOwn(outputs, name) ? dataTypeFromNumber(dtype) : undefined;
      return known === undefined ? [] : [[name, known] as const];
    });
    const unknown = Object.keys(outputs).find((name) => !types.some(([known]) => known === name));
    if (unknown !== undefined) {
      throw new CliError(
        "usage",
        `signature ${JSON.stringify(signatureName)} has no output ${JSON.stringify(unknown)}`,
      );
    }
    const body = encodeUtf8(JSON.stringify({ inputs: outputs }));
    return {
      signature: signatureName,
      inputs,
      outputs: parsePredictBody(body, () => ({ inputs: new Map(types) })).inputs,
    };
  });
}

interface CaseDocument {
  readonly request: unknown;
  readonly outputs: Readonly<Record<string, unknown>>;
}

function readCases(text: string): readonly CaseDocument[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new CliError("usage", "the file of expected outputs is not JSON", { cause });
  }
  const cases = isRecord(document) ? document["cases"] : undefined;
  if (!Array.isArray(cases) || cases.length === 0 || !cases.every(isCase)) {
    throw new CliError("usage", "the file of expected outputs has another form", {
      expected: '{"cases": [{"request": {"inputs": …}, "outputs": {…}}]}, with at least one case and output',
    });
  }
  return cases;
}

function isCase(value: unknown): value is CaseDocument {
  return (
    isRecord(value) &&
    isRecord(value["request"]) &&
    isRecord(value["outputs"]) &&
    Object.keys(value["outputs"]).length > 0
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Runs a call and compares its outputs: equal types, shapes and strings, and numbers within the tolerance. */
export async function runCase(
  model: Pick<LoadedModel, "run">,
  { signature, inputs, outputs }: ExpectedCase,
  tolerance: number,
): Promise<CaseResult> {
  try {
    const given = await model.run(signature, inputs, [...outputs.keys()]);
    const differences = [...outputs].flatMap(
      ([name, tensor]) => findDifference(name, given.get(name), tensor, tolerance) ?? [],
    );
    return { signature, failure: differences[0] };
  } catch (error) {
    if (error instanceof ServingError) {
      return { signature, failure: `the call failed: ${error.message}` };
    }
    throw error;
  }
}

function findDifference(
  name: string,
  given: Tensor | undefined,
  expected: Tensor,
  tolerance: number,
): string | undefined {
  const what = `output ${JSON.stringify(name)}`;
  if (given?.dtype !== expected.dtype || given.shape.join() !== expected.shape.join()) {
    const shown = (tensor: Tensor | undefined) => `${tensor?.dtype} [${tensor?.shape.join(", ")}]`;
    return `${what} is ${shown(given)}, not ${shown(expected)}`;
  }
  const elements = Array.from<unknown>(given.data);
  const wrong = Array.from<unknown>(expected.data).findIndex(
    (value, index) => !isClose(elements[index], value, tolerance),
  );
  if (wrong < 0) {
    return undefined;
  }
  const show = ({ data }: Tensor) =>
    isNumberData(data) ? `${data[wrong]}` : JSON.stringify(Buffer.from(data[wrong] ?? []).toString());
  return `element ${wrong} of ${what} is ${show(given)}, not ${show(expected)}`;
}

function isClose(given: unknown, expected: unknown, tolerance: number): boolean {
  if (expected instanceof Uint8Array) {
    return given instanceof Uint8Array && Buffer.compare(given, expected) === 0;
  }
  const [a, b] = [Number(given), Number(expected)];
  return Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
}
