import type { DataType, NameAttrList } from "@sealserve/protocol";

import type { FlatGraph } from "../saved-model/flat-graph.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import type { PlanAssembly } from "./assembly.ts";
import type { ComparedSide } from "./loop-bounds.ts";
import type { Origin } from "./origin.ts";
import type { BodyPlan } from "./plan.ts";

/** What to plan of a function. */
export interface BodyRequest {
  /** Origins of the arguments. Those that are known only when the model runs get names of their own in the body. */
  readonly given: readonly Origin[];
  /** Positions of the arguments that are inputs of the plan, in order. */
  readonly inputs: readonly number[];
  /** Positions of the results that are its outputs. */
  readonly outputs: readonly number[];
}

/** A planned function. */
export interface PlannedBody {
  readonly plan: BodyPlan;
  /** Types of the plan's outputs. */
  readonly dtypes: readonly DataType[];
}

/** A function that control flow runs, taken out of the graph. */
export interface FunctionBody {
  readonly graph: FlatGraph;
  /** Number of its results. */
  readonly results: number;
  /** What it compares, if it is a loop's condition that does no more; see `comparedSides`. */
  readonly compares: readonly (readonly [ComparedSide, ComparedSide])[] | undefined;
  /** Whether the result at a position is the argument there, handed on. */
  handsOn(position: number): boolean;
  /** @throws ModelError as for the operations of any graph */
  plan(request: BodyRequest): PlannedBody;
  /**
   * Puts what some results need into steps of another plan, whose lists it may take and give without their being made.
   * @param given origins of the arguments in that plan
   * @param wanted positions of the results; others come out as anything
   * @throws ModelError as for the operations of any graph
   */
  planInto(assembly: PlanAssembly, given: readonly Origin[], wanted: ReadonlySet<number>): readonly Origin[];
}

/** Takes functions out of the graph, for operations that run them. */
export interface BodyPlanner {
  /**
   * @param parameters number of its arguments
   * @throws ModelError `bad-graph`, `too-large`, and others as for any graph
   */
  open(operation: NodeOperation<Origin>, callee: NameAttrList, parameters: number): FunctionBody;
}
