import { ServingError } from "@sealserve/protocol";

import { ModelError, refuseMalformed } from "../errors.ts";
import { findLowering } from "../importer/lowerings.ts";
import { findFallback } from "../interpreter/fallbacks.ts";
import type { MakeKernel } from "../interpreter/kernel.ts";
import { findKernel, isForStrings, isRepeatable } from "../interpreter/kernels.ts";
import { findValues } from "../interpreter/lookup/find-values.ts";
import { sizeInMemory } from "../interpreter/tensor-size.ts";
import type { FlatGraph, FlatNode, FlatSource } from "../saved-model/flat-graph.ts";
import { loopOperations } from "../saved-model/loops/frames.ts";
import { describeOperation, NodeOperation } from "../saved-model/node-operation.ts";
import { arrayOperations } from "../saved-model/tensor-arrays.ts";
import type { PlanAssembly } from "./assembly.ts";
import { choosesBranches, controlNames, findControlOperation, isLoop } from "./control-operations.ts";
import { planOnList } from "./lists/plan-on-list.ts";
import {
  type Branches,
  branchesOf,
  type ConstantValue,
  commonBranches,
  joinBranches,
  made,
  type Origin,
  type Resources,
} from "./origin.ts";
import type { GraphContext, PlanningContext } from "./planning-context.ts";
import { findShortWay, noteFew, noteShort } from "./short-ways.ts";
import { findStaticOperation, staticNames } from "./static-operations.ts";
import { planOnNumbers } from "./string-operations.ts";

/**
 * Operations that give nothing: one that only ties control edges together, and one that would print data of a request, which
 * go nowhere.
 */
const inertOperations: ReadonlySet<string> = new Set(["NoOp", "PrintV2"]);

/** Operations that give all their inputs. */
const handsAllOn: ReadonlySet<string> = new Set(["IdentityN"]);

/** Operations on arrays of tensors, which have become others when they are planned. */
const onArrays: ReadonlySet<string> = new Set(arrayOperations());

/** Whether a graph with this operation can be planned. Every such operation is free of side effects. */
export function isPlannable(op: string): boolean {
  const finders = [findStaticOperation, findControlOperation, findLowering, findKernel];
  const names = [inertOperations, handsAllOn, tableOperations, onArrays];
  return names.some((operations) => operations.has(op)) || finders.some((find) => find(op) !== undefined);
}

/** The operations of {@link isPlannable} that take no step of the engine's or the interpreter's, or find values in tables. */
export function plannedOperations(): string[] {
  const names = [
    inertOperations,
    handsAllOn,
    tableOperations,
    onArrays,
    staticNames(),
    controlNames(),
    loopOperations(),
  ];
  return names.flatMap((operations) => [...operations]);
}

/**
 * Puts every operation of `flat` into a step of `assembly`, those that only check something too, and gives the origins of
 * its outputs, among which there may be lists that are not made.
 * @throws ModelError `unsupported-op`, `unsupported-type`, `bad-graph`
 */
export function planGraph(flat: FlatGraph, given: GraphContext, assembly: PlanAssembly): Origin[] {
  const context = { ...given, isUsed: usesOf(flat) };
  const planned = new Map<FlatNode, readonly Origin[]>();
  const branches = new Map<FlatNode, Branches>();
  const originOf = (source: FlatSource): Origin => findOrigin(source, planned, context);
  for (const node of [...flat.nodes, ...flat.effects]) {
    const operation = new NodeOperation(node, node.inputs.map(originOf), context.signature, context.fill);
    const around = joinBranches(
      node.controls.map(({ node: control, output }) =>
        output === undefined ? (branches.get(control) ?? []) : branchesOf(originOf({ node: control, output })),
      ),
    );
    const outputs = refuseMalformed("bad-graph", `operation ${operation.describe()}`, () =>
      planInBranches(operation, around, context, assembly),
    );
    planned.set(node, outputs);
    branches.set(node, branchesOfNode(operation, around, outputs));
  }
  return flat.outputs.map(originOf);
}

/** @param around the branches of what has to run before */
function planInBranches(
  operation: NodeOperation<Origin>,
  around: Branches,
  context: PlanningContext,
  assembly: PlanAssembly,
): readonly Origin[] {
  if (choosesBranches(operation.node.op)) {
    return assembly.within(around, () => planOperation(operation, context, assembly));
  }
  const branches = joinBranches([commonBranches(operation.inputs), around]);
  const outputs = assembly.within(branches, () => planOperation(operation, context, assembly));
  return branches.length === 0 ? outputs : outputs.map((output) => assembly.keepIn(branches, output));
}

/** The branches in which a node runs. It is a choice of its outputs only what Switch does. */
function branchesOfNode(
  { node, inputs }: NodeOperation<Origin>,
  around: Branches,
  [output]: readonly Origin[],
): Branches {
  return node.op.endsWith("Merge") && output !== undefined
    ? branchesOf(output)
    : joinBranches([commonBranches(inputs), around]);
}

function usesOf({ nodes, effects, outputs }: FlatGraph): PlanningContext["isUsed"] {
  const used = new Map<FlatNode, Set<number>>();
  for (const source of [...[...nodes, ...effects].flatMap(({ inputs }) => inputs), ...outputs]) {
    if ("node" in source) {
      used.set(source.node, (used.get(source.node) ?? new Set()).add(source.output));
    }
  }
  return (node, output) => used.get(node)?.has(output) === true;
}

function findOrigin(
  source: FlatSource,
  planned: ReadonlyMap<FlatNode, readonly Origin[]>,
  { fed, signature }: PlanningContext,
): Origin {
  if ("fed" in source) {
    return fed[source.fed] as Origin;
  }
  const origin = planned.get(source.node)?.[source.output];
  if (origin === undefined) {
    const operation = describeOperation(source.node, signature);
    throw new ModelError("unsupported-op", `output ${source.output} of operation ${operation} is not supported`);
  }
  return origin;
}

/** Operations that read variables through their handles. */
const readsHandles: ReadonlySet<string> = new Set(["ResourceGather"]);

/** The operation with the values of variables in place of their handles. @throws ModelError `unsupported-op` */
function readVariables(operation: NodeOperation<Origin>, { findVariable }: Resources): NodeOperation<Origin> {
  return operation.withInputs((input) =>
    input.kind === "handle"
      ? (findVariable(input.identity) ?? operation.refuse("its variable is not restored from the checkpoint"))
      : input,
  );
}

/** Operations that find values in a table. */
const tableOperations: ReadonlySet<string> = new Set(["LookupTableFind", "LookupTableFindV2"]);

function findInTable(operation: NodeOperation<Origin>, assembly: PlanAssembly): readonly Origin[] {
  const [handle, ...given] = operation.inputs;
  return handle?.kind === "table"
    ? assembly.interpret(operation.node.op, findValues(operation, handle.table), given)
    : operation.refuse("its input is not a table");
}

function planOperation(
  given: NodeOperation<Origin>,
  context: PlanningContext,
  assembly: PlanAssembly,
): readonly Origin[] {
  const { op } = given.node;
  if (handsAllOn.has(op)) {
    return given.inputs;
  }
  const onList = planOnList(given, assembly, (operation) => planWork(operation, context, assembly));
  if (onList !== undefined) {
    return onList;
  }
  const operation = isLoop(op) || op === "Identity" ? given : given.withInputs(made);
  const controlOperation = findControlOperation(op);
  if (controlOperation !== undefined) {
    return controlOperation(operation, context, assembly);
  }
  if (tableOperations.has(op)) {
    return findInTable(operation, assembly);
  }
  const staticOperation = findStaticOperation(op);
  return staticOperation === undefined
    ? planWork(operation, context, assembly)
    : [staticOperation(operation, context.resources)];
}

/** Strings are for the interpreter where it can: the engine takes them for texts, and they may be any bytes. */
function planWork(
  operation: NodeOperation<Origin>,
  { resources, fill, clock }: PlanningContext,
  assembly: PlanAssembly,
): readonly Origin[] {
  const { op } = operation.node;
  const hasStrings = operation.inputs.some(({ dtype }) => dtype === "string");
  const makeKernel = hasStrings || !isForStrings(op) ? findKernel(op) : undefined;
  const lowering = findLowering(op);
  const constants = makeKernel && isRepeatable(op) ? foldConstants(operation, makeKernel, { fill, clock }) : undefined;
  if (constants !== undefined) {
    return constants;
  }
  if (makeKernel !== undefined && (hasStrings || lowering === undefined)) {
    return noteFew(operation, assembly.interpret(op, makeKernel(operation), operation.inputs));
  }
  if (lowering === undefined) {
    return [];
  }
  const read = readsHandles.has(op) ? readVariables(operation, resources) : operation;
  const kernel = findFallback(read) ?? findShortWay(read);
  if (kernel !== undefined) {
    const folded = foldConstants(read, kernel, { fill, clock });
    return folded ?? noteShort(read, assembly.interpret(op, kernel(read), read.inputs), lowering);
  }
  const onNumbers = hasStrings ? planOnNumbers(operation, lowering, assembly) : undefined;
  return onNumbers ?? assembly.lower(read, lowering);
}

/**
 * The outputs of an operation on constants; undefined for any other, and for one that would fail the run. They count as
 * what the model's constants fill up, or a chain of joins in a small file would take all memory.
 */
function foldConstants(
  operation: NodeOperation<Origin>,
  makeKernel: MakeKernel,
  { fill, clock }: Pick<PlanningContext, "fill" | "clock">,
): ConstantValue[] | undefined {
  const constants = operation.inputs.flatMap((input) => (input.kind === "constant" ? [input.constant] : []));
  if (constants.length === 0 || constants.length < operation.inputs.length) {
    return undefined;
  }
  try {
    const outputs = makeKernel(operation).run(constants, clock);
    const fresh = outputs.filter(({ data }) => constants.every((constant) => constant.data !== data));
    fill.take(fresh.reduce((total, output) => total + sizeInMemory(output), 0));
    return outputs.map((constant) => ({ kind: "constant", dtype: constant.dtype, constant }));
  } catch (error) {
    if (error instanceof ServingError) {
      return undefined;
    }
    // Kernels count on the inputs that their operation has, in its types.
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new ModelError("bad-graph", `operation ${operation.describe()} lacks inputs, or has others than it takes`, {
        cause: error,
      });
    }
    throw error;
  }
}
