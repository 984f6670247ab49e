import { loweringNames } from "../importer/lowerings.ts";
import { kernelNames } from "../interpreter/kernels.ts";
import { plannedOperations } from "../plan/plan-graph.ts";

/** TensorFlow's operations by what runs them, each list in alphabetical order. */
export interface OperationLists {
  /** As ONNX; some of them in the interpreter where ONNX has no form for a case. */
  readonly engine: readonly string[];
  /** By the interpreter. Those that are in `engine` too are here for strings. */
  readonly interpreter: readonly string[];
  /** Folded when the model is loaded, or run by the plan. */
  readonly plan: readonly string[];
}

/** All operations that are supported. */
export function listOperations(): OperationLists {
  const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();
  return { engine: sorted(loweringNames()), interpreter: sorted(kernelNames()), plan: sorted(plannedOperations()) };
}
