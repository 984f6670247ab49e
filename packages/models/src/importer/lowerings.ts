import { blockLowerings } from "./lower-blocks.ts";
import { compositionLowerings } from "./lower-compositions.ts";
import { deconvolutionLowerings } from "./lower-deconvolution.ts";
import { elementwiseLowerings } from "./lower-elementwise.ts";
import { fakeQuantisationLowerings } from "./lower-fake-quantisation.ts";
import { fillLowerings } from "./lower-fill.ts";
import { gatherLowerings } from "./lower-gather.ts";
import { imageLowerings } from "./lower-image.ts";
import { logicLowerings } from "./lower-logic.ts";
import { matrixLowerings } from "./lower-matrix.ts";
import { reductionLowerings } from "./lower-reduction.ts";
import { resizeLowerings } from "./lower-resize.ts";
import { shapeLowerings } from "./lower-shape.ts";
import { stridedSliceLowerings } from "./lower-strided-slice.ts";
import { topLowerings } from "./lower-top.ts";
import type { Lowering } from "./operation.ts";

const lowerings: ReadonlyMap<string, Lowering> = new Map(
  Object.entries({
    ...elementwiseLowerings,
    ...matrixLowerings,
    ...shapeLowerings,
    ...reductionLowerings,
    ...stridedSliceLowerings,
    ...imageLowerings,
    ...deconvolutionLowerings,
    ...blockLowerings,
    ...resizeLowerings,
    ...logicLowerings,
    ...gatherLowerings,
    ...fillLowerings,
    ...fakeQuantisationLowerings,
    ...compositionLowerings,
    ...topLowerings,
  }),
);

/** How an operation is turned into ONNX; undefined for one that has no such form. Every operation here is free of side effects. */
export function findLowering(op: string): Lowering | undefined {
  return lowerings.get(op);
}

/** The operations that {@link findLowering} finds. */
export function loweringNames(): Iterable<string> {
  return lowerings.keys();
}
