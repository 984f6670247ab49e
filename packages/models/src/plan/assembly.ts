import type { DataType, Tensor } from "@sealserve/protocol";

import type { OnnxGraph, Value } from "../importer/onnx-graph.ts";
import type { Lowering } from "../importer/operation.ts";
import type { WeightPlaces } from "../importer/weights/weight-places.ts";
import type { Kernel } from "../interpreter/kernel.ts";
import type { RunnableGraph } from "../runnable-graph.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import { IslandBuilder } from "./island-builder.ts";
import { type Branches, branchesOf, commonBranches, joinBranches, made, type Origin, type RunValue } from "./origin.ts";
import type { BranchStep, Guard, KernelStep, LoopStep, MergeStep, Plan, Step, SwitchStep } from "./plan.ts";

/**
 * Stages alternate: the engine's islands are the even ones from 0 on, the interpreter's steps the odd ones from -1 on. An
 * operation is put into the first stage of its kind that comes behind all its inputs, so that islands are as large as they
 * can be and none waits for another one that waits for it.
 */
const FIRST_ISLAND = 0;
const FIRST_KERNELS = -1;

/** The stage at which what the caller gives is there. */
export const FED_STAGE = FIRST_KERNELS;

/** What a step outside of the engine does. */
type StepWork =
  | Omit<KernelStep, Named>
  | Omit<LoopStep<RunnableGraph>, Named>
  | Omit<BranchStep<RunnableGraph>, Named>
  | Omit<SwitchStep, Named>
  | Omit<MergeStep, Named | "inputGuards">;
type Named = "inputs" | "outputs" | "guards";

/** Hands a value on. */
const handOn: Kernel["run"] = ([value]) => [value as Tensor];

/** Puts the operations of a graph into steps. They come in an order in which each is behind its inputs. */
export class PlanAssembly {
  readonly #islands = new Map<string, IslandBuilder>();
  readonly #others: { readonly stage: number; readonly step: Step<RunnableGraph> }[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #published = new Map<Origin, string>();
  /** What decides whether a branch is taken, and how, by the branch's key. */
  readonly #choices = new Map<string, Guard & { readonly origin: Origin }>();
  #around: Branches = [];
  readonly #body: OnnxGraph | undefined;
  #names = 0;

  /** @param body where all of a graph should go that is inside of an operation of the engine; see {@link valuesInside} */
  constructor(body?: OnnxGraph) {
    this.#body = body;
  }

  /** A value of the body or of the graphs around it, as operations of the body take it. */
  static inside(value: Value): RunValue {
    const inIsland = { value, island: islandKey(FIRST_ISLAND, []) };
    return { kind: "run", name: "", dtype: value.dtype, stage: FIRST_ISLAND, inIsland };
  }

  /** The values in the body; undefined when not all operations are in it. @throws ModelError for a handle */
  valuesInside(origins: readonly Origin[]): Value[] | undefined {
    const body = this.#island(FIRST_ISLAND, []);
    const isWhole = this.#others.length === 0 && this.#islands.size === 1;
    return isWhole ? origins.map((origin) => body.valueOf(origin)) : undefined;
  }

  /** Adds an operation to an island and gives its outputs. @throws ModelError what the lowering throws */
  lower(operation: NodeOperation<Origin>, lowering: Lowering): RunValue[] {
    const branches = this.#branchesFor(operation.inputs);
    const stage = firstStage(FIRST_ISLAND, [...operation.inputs, ...this.#predicatesOf(branches)], branches);
    const island = this.#island(stage, branches);
    const values = lowering(
      operation.withInputs((input) => this.#bringInto(island, input)),
      island.graph,
    );
    return [values].flat().map((value: Value): RunValue => {
      const inIsland = { value, island: island.key };
      return { kind: "run", name: this.#nextName(), dtype: value.dtype, stage, branches, inIsland };
    });
  }

  /** Adds a step of the interpreter and gives its outputs. @throws ModelError for a handle among the inputs */
  interpret(op: string, kernel: Kernel, inputs: readonly Origin[]): RunValue[] {
    return this.addStep({ kind: "kernel", op, kernel }, inputs, kernel.outputs);
  }

  /**
   * Adds a step outside of the engine and gives its outputs.
   * @param dtypes of the outputs
   * @param branches that each output is in; those of all inputs by default
   * @throws ModelError for a handle among the inputs
   */
  addStep(
    work: StepWork,
    inputs: readonly Origin[],
    dtypes: readonly DataType[],
    branches?: readonly Branches[],
  ): RunValue[] {
    const common = this.#branchesFor(inputs);
    const stage = firstStage(FIRST_KERNELS, [...inputs, ...this.#predicatesOf(common)], common);
    const outputs = dtypes.map((dtype, position): RunValue => {
      const inBranches = branches?.[position] ?? common;
      const byKernel = work.kind === "kernel";
      return { kind: "run", name: this.#nextName(), dtype, stage, branches: inBranches, byKernel };
    });
    const names = { inputs: inputs.map((input) => this.publish(input)), outputs: outputs.map(({ name }) => name) };
    const step =
      work.kind === "merge"
        ? { ...work, ...names, inputGuards: inputs.map((input) => this.#guardsOf(branchesOf(input))) }
        : { ...work, ...names, guards: this.#guardsOf(common) };
    this.#others.push({ stage, step });
    return outputs;
  }

  /** The key of the branch in which a predicate is true, or false. */
  branch(predicate: Origin, taken: boolean): string {
    const name = this.publish(predicate);
    const key = `${name}=${taken}`;
    this.#choices.set(key, { predicate: name, taken, origin: predicate });
    return key;
  }

  /** Plans something that is in branches even where its inputs are not. */
  within<Result>(branches: Branches, plan: () => Result): Result {
    const before = this.#around;
    this.#around = joinBranches([before, branches]);
    try {
      return plan();
    } finally {
      this.#around = before;
    }
  }

  /** A value that is there in some branches only. */
  keepIn(branches: Branches, origin: Origin): Origin {
    if (branches.every((key) => branchesOf(origin).includes(key))) {
      return origin;
    }
    if (origin.kind === "list") {
      return this.within(branches, () => this.keepIn(branches, made(origin)));
    }
    if (origin.kind === "run") {
      const kernel: Kernel = { outputs: [origin.dtype], run: handOn };
      return this.within(branches, () => this.interpret("Identity", kernel, [origin])[0] as RunValue);
    }
    return { ...origin, branches: joinBranches([branchesOf(origin), branches]) };
  }

  /** Sees to it that steps behind the value's own, and the caller, can have it; gives its name. @throws ModelError for a handle */
  publish(origin: Origin): string {
    const name = this.#published.get(origin) ?? this.#makeAvailable(origin);
    this.#published.set(origin, name);
    return name;
  }

  /**
   * @param fed what the caller gives. When all is done by one island, that takes all of it in, used or not: it then stands
   *   for the whole plan
   * @param places where the graphs of the model find their weights
   */
  finish(fed: readonly Origin[], places: WeightPlaces): Pick<Plan, "constants" | "steps"> {
    const [island] = this.#islands.values();
    if (island !== undefined && this.#islands.size === 1 && this.#others.length === 0) {
      fed.forEach((value) => {
        island.valueOf(value);
      });
    }
    const built = [...this.#islands.values()].map((builder) => ({
      stage: builder.stage,
      step: builder.build(places, this.#guardsOf(builder.branches)),
    }));
    const islands = built.filter(({ step }) => step.outputs.length > 0);
    const steps = [...islands, ...this.#others].sort((a, b) => a.stage - b.stage).map(({ step }) => step);
    return { constants: this.#constants, steps };
  }

  /** A value of another island has to come out of that one first. */
  #bringInto(island: IslandBuilder, input: Origin): Value {
    if (input.kind === "run" && input.inIsland !== undefined && input.inIsland.island !== island.key) {
      this.publish(input);
    }
    return island.valueOf(input);
  }

  #makeAvailable(origin: Origin): string {
    if (origin.kind === "constant") {
      const name = this.#nextName();
      this.#constants.set(name, origin.constant);
      return name;
    }
    if (origin.kind !== "run") {
      return this.#export(this.#nextName(), origin, this.#island(FIRST_ISLAND, []));
    }
    const island = origin.inIsland && this.#islands.get(origin.inIsland.island);
    return island === undefined ? origin.name : this.#export(origin.name, origin, island);
  }

  #export(name: string, origin: Origin, island: IslandBuilder): string {
    island.export(name, island.valueOf(origin));
    return name;
  }

  /** What is in different branches cannot be in one island, which is run as a whole or not at all. */
  #island(stage: number, branches: Branches): IslandBuilder {
    const key = islandKey(stage, branches);
    const island = this.#islands.get(key) ?? new IslandBuilder({ stage, branches, key }, this.#body);
    this.#islands.set(key, island);
    return island;
  }

  #branchesFor(inputs: readonly Origin[]): Branches {
    return joinBranches([commonBranches(inputs), this.#around]);
  }

  #guardsOf(branches: Branches): Guard[] {
    return branches.flatMap((key) => {
      const choice = this.#choices.get(key);
      return choice === undefined ? [] : [{ predicate: choice.predicate, taken: choice.taken }];
    });
  }

  #predicatesOf(branches: Branches): Origin[] {
    return branches.flatMap((key) => this.#choices.get(key)?.origin ?? []);
  }

  #nextName(): string {
    return `value_${this.#names++}`;
  }
}

function islandKey(stage: number, branches: Branches): string {
  return [stage, ...branches].join(" ");
}

/**
 * The first stage of one kind, which begins with `first`, behind all inputs. Values of the same stage can be used in it, but
 * for those of islands in other branches.
 */
function firstStage(first: number, inputs: readonly Origin[], branches: Branches): number {
  const stages = inputs.map((input) => {
    const stage = readyAt(input, first);
    if ((stage - first) % 2 !== 0) {
      return stage + 1;
    }
    const isElsewhere = input.kind === "run" && input.inIsland && input.inIsland.island !== islandKey(stage, branches);
    return first === FIRST_ISLAND && isElsewhere ? stage + 2 : stage;
  });
  return stages.reduce((latest, stage) => Math.max(latest, stage), first);
}

/** Constants are everywhere from the beginning; a variable is so for islands, and has to come out of one for the rest. */
function readyAt(input: Origin, first: number): number {
  if (input.kind === "run") {
    return input.stage;
  }
  return input.kind === "variable" && first === FIRST_KERNELS ? FIRST_ISLAND : first;
}
