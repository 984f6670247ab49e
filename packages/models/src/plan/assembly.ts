import type { DataType, Tensor } from "@sealserve/protocol";

import type { Value } from "../importer/onnx-graph.ts";
import type { Lowering } from "../importer/operation.ts";
import type { Kernel } from "../interpreter/kernel.ts";
import type { RunnableGraph } from "../runnable-graph.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import { IslandBuilder } from "./island-builder.ts";
import type { Origin, RunValue } from "./origin.ts";
import type { BranchStep, KernelStep, LoopStep, Plan, Step } from "./plan.ts";

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
  | Omit<KernelStep, "inputs" | "outputs">
  | Omit<LoopStep<RunnableGraph>, "inputs" | "outputs">
  | Omit<BranchStep<RunnableGraph>, "inputs" | "outputs">;

/** Puts the operations of a graph into steps. They come in an order in which each is behind its inputs. */
export class PlanAssembly {
  readonly #islands = new Map<number, IslandBuilder>();
  readonly #others: { readonly stage: number; readonly step: Step<RunnableGraph> }[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #published = new Map<Origin, string>();
  #names = 0;

  /** Adds an operation to an island and gives its outputs. @throws ModelError what the lowering throws */
  lower(operation: NodeOperation<Origin>, lowering: Lowering): RunValue[] {
    const stage = firstStage(FIRST_ISLAND, operation.inputs);
    const island = this.#island(stage);
    const values = lowering(
      operation.withInputs((input) => this.#bringInto(island, input)),
      island.graph,
    );
    return [values].flat().map((value: Value): RunValue => {
      return { kind: "run", name: this.#nextName(), dtype: value.dtype, stage, inIsland: value };
    });
  }

  /** Adds a step of the interpreter and gives its outputs. @throws ModelError for a handle among the inputs */
  interpret(kernel: Kernel, inputs: readonly Origin[]): RunValue[] {
    return this.addStep({ kind: "kernel", kernel }, inputs, kernel.outputs);
  }

  /**
   * Adds a step outside of the engine and gives its outputs.
   * @param dtypes of the outputs
   * @throws ModelError for a handle among the inputs
   */
  addStep(work: StepWork, inputs: readonly Origin[], dtypes: readonly DataType[]): RunValue[] {
    const stage = firstStage(FIRST_KERNELS, inputs);
    const outputs = dtypes.map((dtype): RunValue => ({ kind: "run", name: this.#nextName(), dtype, stage }));
    const names = { inputs: inputs.map((input) => this.publish(input)), outputs: outputs.map(({ name }) => name) };
    this.#others.push({ stage, step: { ...work, ...names } });
    return outputs;
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
   */
  finish(fed: readonly Origin[]): Pick<Plan, "constants" | "steps"> {
    const [island] = this.#islands.values();
    if (island !== undefined && this.#islands.size === 1 && this.#others.length === 0) {
      fed.forEach((value) => {
        island.valueOf(value);
      });
    }
    const built = [...this.#islands.values()].map((builder) => ({ stage: builder.stage, step: builder.build() }));
    const islands = built.filter(({ step }) => step.outputs.length > 0);
    const steps = [...islands, ...this.#others].sort((a, b) => a.stage - b.stage).map(({ step }) => step);
    return { constants: this.#constants, steps };
  }

  /** A value of another island has to come out of that one first. */
  #bringInto(island: IslandBuilder, input: Origin): Value {
    if (input.kind === "run" && input.inIsland !== undefined && input.stage !== island.stage) {
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
      return this.#export(this.#nextName(), origin, FIRST_ISLAND);
    }
    return origin.inIsland === undefined ? origin.name : this.#export(origin.name, origin, origin.stage);
  }

  #export(name: string, origin: Origin, stage: number): string {
    const island = this.#island(stage);
    island.export(name, island.valueOf(origin));
    return name;
  }

  #island(stage: number): IslandBuilder {
    const island = this.#islands.get(stage) ?? new IslandBuilder(stage);
    this.#islands.set(stage, island);
    return island;
  }

  #nextName(): string {
    return `value_${this.#names++}`;
  }
}

/** The first stage of one kind, which begins with `first`, behind all inputs. Values of the same stage can be used in it. */
function firstStage(first: number, inputs: readonly Origin[]): number {
  const isOfKind = (stage: number): boolean => (stage - first) % 2 === 0;
  const stages = inputs.map((input) => readyAt(input, first)).map((stage) => (isOfKind(stage) ? stage : stage + 1));
  return stages.reduce((latest, stage) => Math.max(latest, stage), first);
}

/** Constants are everywhere from the beginning; a variable is so for islands, and has to come out of one for the rest. */
function readyAt(input: Origin, first: number): number {
  if (input.kind === "run") {
    return input.stage;
  }
  return input.kind === "variable" && first === FIRST_KERNELS ? FIRST_ISLAND : first;
}
