import type { FillBudget } from "@sealserve/protocol";

import type { Clock } from "../interpreter/kernel.ts";
import type { FlatNode } from "../saved-model/flat-graph.ts";
import type { BodyPlanner } from "./body-planner.ts";
import type { Origin, Resources } from "./origin.ts";

/** What the operations of one signature's graph are planned with. */
export interface PlanningContext {
  /** Key of the signature, for messages. */
  readonly signature: string;
  readonly fed: readonly Origin[];
  readonly resources: Resources;
  /** Shared by the constants of all the model's signatures. */
  readonly fill: FillBudget;
  /** Bounds what is done on constants in advance. */
  readonly clock: Clock;
  /** Takes out the functions that control flow runs. */
  readonly bodies: BodyPlanner;
  /** Whether some operation takes an output of one, or the graph gives it. */
  readonly isUsed: (node: FlatNode, output: number) => boolean;
}

/** What a whole graph is planned with. */
export type GraphContext = Omit<PlanningContext, "isUsed">;
