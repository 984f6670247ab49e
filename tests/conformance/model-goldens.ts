// The public models with computed outputs of ../shared/models, and how outputs are held to them.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type DataType, elementCount, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

type JsonScalar = number | string | boolean | { readonly b64: string };

export type GoldenTensor = {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly values?: readonly JsonScalar[];
  readonly rule?: string;
  readonly sample_indices?: readonly number[];
  readonly sample_values?: readonly JsonScalar[];
  readonly sum?: number;
  readonly abs_sum?: number;
};

export type Golden = {
  readonly signature?: string;
  readonly inputs?: Readonly<Record<string, GoldenTensor>>;
  readonly outputs?: Readonly<Record<string, GoldenTensor>>;
};

export type ModelEntry = {
  readonly name: string;
  readonly format: string;
  readonly dir: string;
  readonly version_dir: string;
  readonly versions?: readonly string[];
  readonly metaGraphs?: readonly { readonly tags: readonly string[] }[];
  readonly goldens: readonly Golden[];
};

/** Sums over many thousand elements gather the rounding of each. */
const SUM_TOLERANCE = 1e-4;

/** Where the models are. */
export const folder = fileURLToPath(new URL("../../../shared/models/", import.meta.url));
/** Why tests on them are skipped; false when they are there. */
export const skip = existsSync(join(folder, "manifest.json")) ? false : `public models are not there: ${folder}`;

/** Holds outputs to expected ones and tells how many there were. */
export function compareOutputs(
  signature: string,
  outputs: ReadonlyMap<string, Tensor>,
  expected: Readonly<Record<string, GoldenTensor>>,
  tolerance: number,
): number {
  assert.deepEqual([...outputs.keys()].sort(), Object.keys(expected).sort());
  for (const [name, golden] of Object.entries(expected)) {
    const output = outputs.get(name);
    assert.ok(output);
    assert.deepEqual([output.dtype, output.shape], [golden.dtype, golden.shape], `${signature} ${name}`);
    compareValues(`${signature} ${name}`, output, golden, tolerance);
  }
  return Object.keys(expected).length;
}

function compareValues(what: string, { data }: Tensor, golden: GoldenTensor, tolerance: number): void {
  const values = golden.values ?? golden.sample_values ?? [];
  assert.ok(values.length > 0 || data.length === 0, what);
  values.forEach((value, index) => {
    const at = golden.sample_indices?.[index] ?? index;
    const actual = data[at];
    if (actual instanceof Uint8Array) {
      assert.deepEqual(Buffer.from(actual), Buffer.from(bytesOf(value)), `${what}[${at}]`);
    } else {
      expectClose(`${what}[${at}]`, Number(actual), Number(value), tolerance * Math.max(1, Math.abs(Number(value))));
    }
  });
  if (golden.sum !== undefined && golden.abs_sum !== undefined && isNumberData(data)) {
    const sum = Array.from<number | bigint, number>(data, Number).reduce((total, value) => total + value, 0);
    expectClose(`sum of ${what}`, sum, golden.sum, Math.max(SUM_TOLERANCE, tolerance) * Math.max(1, golden.abs_sum));
  }
}

/** Fails unless two numbers are as close as that. */
export function expectClose(what: string, actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not ${expected}`);
}

/** Inputs of a call out of the manifest. */
export function tensorsOf(inputs: Readonly<Record<string, GoldenTensor>>): Map<string, Tensor> {
  return new Map(Object.entries(inputs).map(([name, golden]) => [name, tensorOf(golden)]));
}

function tensorOf({ dtype, shape, values, rule }: GoldenTensor): Tensor {
  if (dtype === "string") {
    return { dtype, shape, data: (values ?? []).map(bytesOf) };
  }
  const count = elementCount(shape);
  const elements = rule === undefined ? (values ?? []).map(Number) : elementsByRule(rule, count);
  assert.equal(elements.length, count);
  const data = makeNumbers(dtype, count);
  elements.forEach((value, index) => {
    data[index] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : value;
  });
  return { dtype, shape, data };
}

/** Rules have the form `((i*7919+13+K*101) mod 1000)/1000` or `(i*7919+13+K*101) mod 256`. */
function elementsByRule(rule: string, count: number): number[] {
  const [, factor, modulus, divisor = "1"] = /\(i\*7919\+13\+(\d+)\*101\) mod (\d+)\)?(?:\/(\d+))?$/.exec(rule) ?? [];
  assert.ok(factor && modulus, `unknown rule ${rule}`);
  return Array.from(
    { length: count },
    (_, i) => ((i * 7919 + 13 + Number(factor) * 101) % Number(modulus)) / Number(divisor),
  );
}

function bytesOf(value: JsonScalar): Uint8Array {
  return typeof value === "object" ? Buffer.from(value.b64, "base64") : Buffer.from(String(value));
}

/** The files below a folder, by path. */
export function readFiles(directory: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      files.set(relative(directory, path).replaceAll(sep, "/"), readFileSync(path));
    }
  }
  return files;
}

/** The models that the manifest lists. */
export function readManifest(): ModelEntry[] {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as { models: ModelEntry[] };
  return manifest.models;
}
