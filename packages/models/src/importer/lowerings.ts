import { elementwiseLowerings } from "./lower-elementwise.ts";
import { imageLowerings } from "./lower-image.ts";
import { matrixLowerings } from "./lower-matrix.ts";
import { shapeLowerings } from "./lower-shape.ts";
import { stridedSliceLowerings } from "./lower-strided-slice.ts";
import { structureLowerings } from "./lower-structure.ts";
import type { Lowering } from "./operation.ts";

const lowerings: ReadonlyMap<string, Lowering> = new Map(
  Object.entries({
    ...structureLowerings,
    ...elementwiseLowerings,
    ...matrixLowerings,
    ...shapeLowerings,
    ...stridedSliceLowerings,
    ...imageLowerings,
  }),
);

/** Operations that do nothing and give nothing: they only tie control edges together. */
const inertOperations: ReadonlySet<string> = new Set(["NoOp"]);

/** How an operation is turned into ONNX; undefined for one that gives no value or is not supported. */
export function findLowering(op: string): Lowering | undefined {
  return lowerings.get(op);
}

/** Whether a graph with this operation can be imported. Every operation here is free of side effects. */
export function isImportable(op: string): boolean {
  return lowerings.has(op) || inertOperations.has(op);
}
