import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { int64Tensor } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { coordinatesAt, volume } from "./coordinates.ts";

/** Memory that a set takes without what is in it. */
const SET_BYTES = 256;

type Value = string | number | bigint;
type Combine = (a: ReadonlySet<Value>, b: ReadonlySet<Value>) => readonly Value[];

const combinations: ReadonlyMap<string, Combine> = new Map<string, Combine>([
  ["a-b", (a, b) => [...a].filter((value) => !b.has(value))],
  ["b-a", (a, b) => [...b].filter((value) => !a.has(value))],
  ["intersection", (a, b) => [...a].filter((value) => b.has(value))],
  ["union", (a, b) => [...new Set([...a, ...b])]],
]);

/** DenseToDenseSetOperation: the last axis of both inputs holds sets, which are combined one by one into a sparse tensor. */
export const combineSets: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const name = operation.text("set_operation", "").toLowerCase();
  const combine = combinations.get(name) ?? operation.refuse(`its set operation is ${JSON.stringify(name)}`);
  return {
    outputs: ["int64", dtype, "int64"],
    run: ([first, second]) => {
      const [a, b] = [first as Tensor, second as Tensor];
      const groups = a.shape.slice(0, -1);
      if (a.shape.length < 2 || groups.join() !== b.shape.slice(0, -1).join() || a.shape.length !== b.shape.length) {
        throw invalidArgument("Both inputs of a set operation must be groups of sets of one shape");
      }
      const count = volume(groups);
      new OutputBudget().takeBytes(count * 2 * SET_BYTES);
      const [setsA, setsB] = [setsOf(a, count), setsOf(b, count)];
      const results = setsA.map((set, index) => [...combine(set, setsB[index] ?? new Set())].sort(compare));
      return sparseSets(dtype, groups, results);
    },
  };
};

function setsOf({ shape, data }: Tensor, count: number): ReadonlySet<Value>[] {
  const width = shape.at(-1) ?? 0;
  const values = isNumberData(data)
    ? Array.from<number | bigint, Value>(data, (value) => value)
    : data.map((value) => Buffer.from(value).toString("latin1"));
  return Array.from({ length: count }, (_, index) => new Set(values.slice(index * width, (index + 1) * width)));
}

function sparseSets(dtype: Tensor["dtype"], groups: readonly number[], sets: readonly (readonly Value[])[]): Tensor[] {
  const total = sets.reduce((sum, { length }) => sum + length, 0);
  const rank = groups.length + 1;
  const budget = new OutputBudget();
  budget.take("int64", total * rank);
  budget.take(dtype, total);
  const elements = makeElements(dtype, total);
  for (const [index, value] of sets.flat().entries()) {
    elements.set(
      typeof value === "string" ? [new Uint8Array(Buffer.from(value, "latin1"))] : oneOf(dtype, value),
      index,
    );
  }
  const indices = sets.flatMap((set, group) => set.flatMap((_, index) => [...coordinatesAt(group, groups), index]));
  const widest = sets.reduce((most, { length }) => Math.max(most, length), 0);
  return [
    int64Tensor([total, rank], indices),
    { dtype, shape: [total], data: elements.data },
    int64Tensor([rank], [...groups, widest]),
  ];
}

function oneOf(dtype: Tensor["dtype"], value: number | bigint): Tensor["data"] {
  const { data } = makeElements(dtype, 1);
  if (isNumberData(data)) {
    data[0] = value as never;
  }
  return data;
}

function compare(a: Value, b: Value): number {
  return a < b ? -1 : Number(a > b);
}
