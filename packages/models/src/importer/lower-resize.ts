import { intAttribute, textAttribute } from "../onnx/attribute.ts";
import { boundSizes } from "./bounded-size.ts";
import { asInt64, castTo, sizesOf } from "./convert.ts";
import { throughChannelsFirst } from "./image-window.ts";
import { IMAGE_RANK } from "./layout/axis-order.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Scales images to a height and width. TensorFlow gives floats for bilinear scaling, whatever goes in. */
function resize(mode: "linear" | "nearest"): Lowering {
  return (operation, graph) => {
    const onFloats = operation.withInputs((input) =>
      input === operation.input(0) ? castTo(input, "float32", graph) : input,
    );
    const resized = resizeFloats(onFloats, mode, graph);
    return mode === "linear" ? resized : castTo(resized, operation.input(0).dtype, graph);
  };
}

function resizeFloats(operation: Operation, mode: "linear" | "nearest", graph: OnnxGraph) {
  const size = asInt64(operation.input(1), graph);
  return throughChannelsFirst(operation, graph, (image) => {
    const outer = sizesOf(image, graph, 0, 2);
    const sizes = graph.apply("Concat", [outer, size], "int64", [intAttribute("axis", 0)]);
    const coordinates = coordinateMode(operation);
    const attributes = [
      textAttribute("mode", mode),
      textAttribute("coordinate_transformation_mode", coordinates),
      ...(mode === "nearest"
        ? [textAttribute("nearest_mode", coordinates === "asymmetric" ? "floor" : "round_prefer_ceil")]
        : []),
    ];
    // Of sizes that it knows in part, the engine concludes that there are none; it does not look through a reshaping.
    const bounded = graph.apply("Reshape", [boundSizes(sizes, graph), graph.integers([IMAGE_RANK])], "int64");
    return graph.apply("Resize", [image, undefined, undefined, bounded], image.dtype, attributes);
  });
}

/** Where in the source a pixel comes from. */
function coordinateMode(operation: Operation): "align_corners" | "half_pixel" | "asymmetric" {
  const alignCorners = operation.flag("align_corners", false);
  const halfPixels = operation.flag("half_pixel_centers", false);
  if (alignCorners && halfPixels) {
    operation.refuse("it aligns corners and has half pixel centers");
  }
  return alignCorners ? "align_corners" : halfPixels ? "half_pixel" : "asymmetric";
}

/** Operations that scale images. */
export const resizeLowerings: Readonly<Record<string, Lowering>> = {
  ResizeBilinear: resize("linear"),
  ResizeNearestNeighbor: resize("nearest"),
};
