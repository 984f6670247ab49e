import type { StoredTensor } from "../bundle/checkpoint.ts";
import { ModelError } from "../errors.ts";
import { type FedTensor, findFedTensors } from "../importer/fed-tensor.ts";
import type { WeightPlaces } from "../importer/weights/weight-places.ts";
import type { GraphPort } from "../runnable-graph.ts";
import type { FlatGraph } from "../saved-model/flat-graph.ts";
import { type FlattenRequest, flatten } from "../saved-model/flatten.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { findUsedVariables, isAssignment, withoutInertAssignments } from "../saved-model/inert-assignments.ts";
import { liftLoops } from "../saved-model/loops/lift-loops.ts";
import { tensorKey } from "../saved-model/tensor-reference.ts";
import type { Signature } from "../signature.ts";
import { FED_STAGE, PlanAssembly } from "./assembly.ts";
import { type FindTable, type FindVariable, made, type Origin, type RunValue, type VariableValue } from "./origin.ts";
import type { Plan } from "./plan.ts";
import { planBodies } from "./plan-bodies.ts";
import { isPlannable, planGraph } from "./plan-graph.ts";
import { RunBudget } from "./run-budget.ts";
import { UnsupportedOperations } from "./unsupported-operations.ts";

/** Time for what one signature computes of constants, milliseconds. What it does not suffice for is done in each run. */
const MAX_FOLDING_MS = 10_000;

/** Where the checkpoint has the variable with an identity, and under which key; undefined when nothing restores it. */
export type LocateVariable = (identity: string) => { readonly key: string; readonly stored: StoredTensor } | undefined;

/** What the signatures of a model share. */
export interface ModelResources {
  readonly locateVariable: LocateVariable;
  readonly findTable: FindTable;
  readonly weightPlaces: WeightPlaces;
}

/** {@link ModelResources}, and what is found out once for all signatures. */
export interface SignatureResources extends ModelResources {
  /** Variables that an answer of some signature may depend on. */
  readonly usedVariables: () => ReadonlySet<string>;
}

/**
 * Plans how what a signature computes is run. The graph is cut at the tensors that the signature feeds, which need not be
 * placeholders. Declared shapes are left out: TensorFlow does not hold requests to them.
 * @param key of the signature
 * @throws ModelError `unsupported-op`, `unsupported-type`, `unsupported-signature`; and for a broken model `bad-graph`,
 *   `cyclic-graph`, `too-large`, `bad-checkpoint`, `checksum-mismatch`, `missing-variable`
 */
export function planSignature(
  library: GraphLibrary,
  key: string,
  signature: Signature,
  { locateVariable, findTable, weightPlaces, usedVariables }: SignatureResources,
): Plan {
  expectDenseTensors(key, signature);
  const fedTensors = findFedTensors(library, signature);
  const unsupported = new UnsupportedOperations(key, isPlannable);
  const lifted = liftLoops(library, requestOf(library, signature));
  const whole = flattenSignature(lifted, signature, (node) => {
    if (!isAssignment(node.op)) {
      unsupported.admit(node);
    }
  });
  const flat = withoutInertAssignments(whole, usedVariables);
  for (const node of [...flat.nodes, ...flat.effects].filter(({ op }) => isAssignment(op))) {
    unsupported.admit(node);
  }
  unsupported.expectNone();
  const fed = fedTensors.map(fedValue);
  const resources = { findVariable: variableFinder(locateVariable), findTable, weightPlaces };
  const clock = new RunBudget({ milliseconds: MAX_FOLDING_MS, bytes: Number.POSITIVE_INFINITY });
  const context = { signature: key, resources, fill: library.fill, clock };
  const assembly = new PlanAssembly();
  const bodies = planBodies(lifted, context, unsupported);
  const origins = planGraph(flat, { ...context, fed, bodies }, assembly).map(made);
  expectSendable(key, signature, origins);
  const outputs = outputPorts(signature, origins, assembly);
  return { inputs: inputPorts(signature, fedTensors, fed), outputs, ...assembly.finish(fed, weightPlaces) };
}

function requestOf(library: GraphLibrary, signature: Signature): FlattenRequest {
  return {
    fed: findFedTensors(library, signature).map(({ tensor }) => tensor),
    fetched: [...signature.outputs.values()].map(({ tensorName }) => tensorName),
  };
}

function flattenSignature(library: GraphLibrary, signature: Signature, admit?: FlattenRequest["admit"]): FlatGraph {
  return flatten(library, { ...requestOf(library, signature), ...(admit && { admit }) });
}

/** Variables that an answer of some signature may depend on, worked out when asked for, and once. */
export function usedVariablesOf(library: GraphLibrary, signatures: Iterable<Signature>): () => ReadonlySet<string> {
  let used: ReadonlySet<string> | undefined;
  return () => (used ??= findUsedVariables(library, graphsOf(library, signatures)));
}

/** Graphs of the signatures that are made of dense tensors: others are refused. */
function* graphsOf(library: GraphLibrary, signatures: Iterable<Signature>): Generator<FlatGraph> {
  for (const signature of signatures) {
    if ([...signature.inputs.values(), ...signature.outputs.values()].every(({ tensorName }) => tensorName !== "")) {
      yield flattenSignature(liftLoops(library, requestOf(library, signature)), signature);
    }
  }
}

function expectDenseTensors(key: string, { inputs, outputs }: Signature): void {
  if (outputs.size === 0) {
    throw new ModelError("unsupported-signature", `signature ${JSON.stringify(key)} has no outputs`);
  }
  for (const [alias, { tensorName }] of [...inputs, ...outputs]) {
    if (tensorName === "") {
      const what = `${JSON.stringify(alias)} of signature ${JSON.stringify(key)}`;
      throw new ModelError("unsupported-signature", `${what} is not one dense tensor`);
    }
  }
}

function fedValue({ dtype, declared }: FedTensor, position: number): RunValue {
  return { kind: "run", name: `fed_${position}`, dtype, stage: FED_STAGE, declared };
}

function variableFinder(locateVariable: LocateVariable): FindVariable {
  const known = new Map<string, VariableValue>();
  return (identity) => {
    const located = known.has(identity) ? undefined : locateVariable(identity);
    if (located !== undefined) {
      known.set(identity, { kind: "variable", dtype: located.stored.dtype, ...located });
    }
    return known.get(identity);
  };
}

/** In order of the names: fed from a sorted map, as TensorFlow is, the last of two names for one tensor counts. */
function inputPorts(
  { inputs }: Signature,
  fedTensors: readonly FedTensor[],
  fed: readonly RunValue[],
): Map<string, GraphPort> {
  const ports = new Map<string, GraphPort>();
  for (const [alias, { tensorName }] of [...inputs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const position = fedTensors.findIndex(({ tensor }) => tensor === tensorKey(tensorName));
    const { name, dtype } = fed[position] as RunValue;
    ports.set(alias, { name, dtype, position });
  }
  return ports;
}

/** A list of tensors has no form outside of the model. @throws ModelError `unsupported-signature` */
function expectSendable(key: string, { outputs }: Signature, origins: readonly Origin[]): void {
  const list = [...outputs.keys()].find((_, position) => origins[position]?.dtype === "variant");
  if (list !== undefined) {
    const what = `${JSON.stringify(list)} of signature ${JSON.stringify(key)}`;
    throw new ModelError("unsupported-signature", `${what} is not one dense tensor`);
  }
}

function outputPorts(
  { outputs }: Signature,
  origins: readonly Origin[],
  assembly: PlanAssembly,
): Map<string, GraphPort> {
  const ports = [...outputs.keys()].map((alias, position): [string, GraphPort] => {
    const origin = origins[position] as Origin;
    return [alias, { name: assembly.publish(origin), dtype: origin.dtype, position }];
  });
  return new Map(ports);
}
