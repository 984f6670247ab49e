import type { DataType, Tensor } from "@sealserve/protocol";

import type { StoredTensor } from "../bundle/checkpoint.ts";
import { ModelError } from "../errors.ts";
import type { OnnxGraph, Value } from "../importer/onnx-graph.ts";
import type { WeightPlaces } from "../importer/weights/weight-places.ts";
import type { LookupTable } from "../interpreter/lookup/lookup-table.ts";
import type { PartialShape } from "../interpreter/tensor-list/partial-shape.ts";

/** Branches that a value is in, one inside of the other; real models have two or three. Each step has a list of its own. */
const MAX_BRANCHES = 64;

/** Branches that depend on each other's conditions, by keys in alphabetical order. */
export type Branches = readonly string[];

/** What may be in branches of the older control flow: it is there only when all of them are taken. */
interface InBranches {
  readonly branches?: Branches;
}

/** The branches that a value is in. */
export function branchesOf(origin: Origin): Branches {
  return origin.kind === "list" ? [] : (origin.branches ?? []);
}

/** All branches that some of the values are in. */
export function commonBranches(origins: readonly Origin[]): Branches {
  return joinBranches(origins.map(branchesOf));
}

/** Several sets of branches as one. @throws ModelError `too-large` */
export function joinBranches(branches: readonly Branches[]): Branches {
  const all = [...new Set(branches.flat())].sort();
  if (all.length > MAX_BRANCHES) {
    throw new ModelError("too-large", `a value of the graph is in more than ${MAX_BRANCHES} branches at once`);
  }
  return all;
}

/** A value that the caller gives or that a step of the plan computes. */
export interface RunValue extends InBranches {
  readonly kind: "run";
  /** Its name in the plan. */
  readonly name: string;
  readonly dtype: DataType;
  /** Of one that a caller gives the shape that the signature declares, to which nobody is held. */
  readonly declared?: readonly number[] | undefined;
  /** When it is there: behind the steps of this stage. */
  readonly stage: number;
  /** The value in the graph of its island, and that island's key; undefined when no island computes it. */
  readonly inIsland?: { readonly value: Value; readonly island: string };
  /** Whether a kernel of the interpreter computes it. */
  readonly byKernel?: boolean;
  /** Whether it has about as many elements as a tensor has axes, and a kernel computes it. */
  readonly few?: boolean;
  /** Computes it in an island instead, where what is known of its parts counts; `valueIn` gives values of that island. */
  readonly inEngine?: (graph: OnnxGraph, valueIn: (origin: Origin) => Value) => Value;
  /** Whether it counts the turns of a loop from 0 on. */
  readonly counts?: boolean;
}

/** A value that the model's file holds or that follows from such values. */
export interface ConstantValue extends InBranches {
  readonly kind: "constant";
  readonly dtype: DataType;
  readonly constant: Tensor;
}

/** The value of a variable. */
export interface VariableValue extends InBranches {
  readonly kind: "variable";
  readonly dtype: DataType;
  /** Its key in the checkpoint. */
  readonly key: string;
  readonly stored: StoredTensor;
}

/** A handle of a variable, which has no value of its own. */
export interface VariableHandle extends InBranches {
  readonly kind: "handle";
  readonly dtype: "resource";
  readonly identity: string;
}

/** A handle of a table of the model. */
export interface TableHandle extends InBranches {
  readonly kind: "table";
  readonly dtype: "resource";
  readonly table: LookupTable;
}

/** A list of tensors that need not be made where what takes it can do with what it is made of. */
export interface UnmadeList {
  readonly kind: "list";
  readonly dtype: "variant";
  readonly content: ListContent;
  /** Makes the list: gives the same value each time. */
  readonly make: () => Origin;
}

/** What a list is made of. Its elements are of one type, and their shape of the list's. */
export type ListContent = { readonly elementType: DataType; readonly elementShape: PartialShape } & (
  | {
      /** The entries of a tensor along its first axis, which is computed when it is asked for. */
      readonly kind: "rows";
      readonly rows: () => Origin;
    }
  | {
      /** So many elements that have not been set. */
      readonly kind: "unset";
      readonly length: Origin;
    }
  | {
      /** A list of which no element has been set, with one element set. */
      readonly kind: "set";
      readonly list: UnmadeList;
      readonly index: Origin;
      readonly item: Origin;
    }
);

/** Where a value of a signature's graph comes from, past the operations that only hand it on. */
export type Origin = RunValue | ConstantValue | VariableValue | VariableHandle | TableHandle | UnmadeList;

/** The origin as something that steps can take: a list is made. */
export function made(origin: Origin): Origin {
  return origin.kind === "list" ? origin.make() : origin;
}

/** The value of a variable by its identity, the same object each time; undefined when nothing restores it. */
export type FindVariable = (identity: string) => VariableValue | undefined;

/** The table with an identity; undefined when what it holds is not known before the model runs, or nothing fills it. */
export type FindTable = (identity: string) => LookupTable | undefined;

/** What a graph reads besides its inputs. */
export interface Resources {
  readonly findVariable: FindVariable;
  readonly findTable: FindTable;
  readonly weightPlaces: WeightPlaces;
}

/** A value that is given when the model runs. It stands for the argument of a function, which names it itself. */
export function unknownValue(dtype: DataType): RunValue {
  return { kind: "run", name: "", dtype, stage: Number.NEGATIVE_INFINITY };
}
