import { intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { asInt64, sizesOf } from "./convert.ts";
import { failWhere } from "./fail-where.ts";
import { readDilations, spatialSizes, throughChannelsFirst } from "./image-window.ts";
import { filterToOnnx } from "./lower-image.ts";
import type { Lowering, Operation } from "./operation.ts";

/**
 * A transposed convolution to images of given sizes. Of several sizes that a convolution would make the input of, only the
 * largest is made: the one that layers ask for. Any other fails the run.
 */
const deconvolution: Lowering = (operation, graph) => {
  const [filter, image] = [operation.input(1), operation.input(2)];
  const spatial = spatialSizes(operation, "strides").length;
  if (filter.sizes !== undefined && filter.sizes.length !== spatial + 2) {
    operation.refuse(`its filter does not have ${spatial === 2 ? "four" : "five"} axes`);
  }
  const kernel = filter.sizes?.slice(0, spatial).filter((size) => size !== undefined) ?? [];
  if (kernel.length < spatial) {
    operation.refuse("its filter is not a constant");
  }
  const attributes = readGrowth(operation, kernel);
  // From height, width, output channels, input channels to input channels, output channels, height, width.
  const weights = filterToOnnx(filter, spatial, graph);
  const grown = throughChannelsFirst(
    operation,
    graph,
    (input) => graph.apply("ConvTranspose", [input, weights], input.dtype, attributes),
    image,
  );
  const sizes = sizesOf(grown, graph);
  const differs = graph.apply(
    "Not",
    [graph.apply("Equal", [sizes, asInt64(operation.input(0), graph)], "bool")],
    "bool",
  );
  return graph.apply("Reshape", [grown, failWhere([differs], sizes, graph)], grown.dtype, [
    intAttribute("allowzero", 1),
  ]);
};

/** Strides and padding of the convolution that is turned round; where its window is smaller than its stride, rows are added. */
function readGrowth(operation: Operation, kernel: readonly number[]) {
  const strides = spatialSizes(operation, "strides");
  const dilations = readDilations(operation);
  const padding = operation.text("padding", "");
  if (padding !== "SAME" && padding !== "VALID") {
    operation.refuse(`its padding is ${JSON.stringify(padding)}`);
  }
  const windows = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 1);
  const overlaps = windows.map((size, axis) => size - (strides[axis] ?? 1));
  const cut = overlaps.map((overlap) => (padding === "SAME" ? Math.max(overlap, 0) : 0));
  const before = cut.map((rows) => Math.floor(rows / 2));
  return [
    intsAttribute("strides", strides),
    ...(dilations.some((dilation) => dilation !== 1) ? [intsAttribute("dilations", dilations)] : []),
    intsAttribute("pads", [...before, ...cut.map((rows, axis) => rows - (before[axis] ?? 0))]),
    intsAttribute(
      "output_padding",
      overlaps.map((overlap) => Math.max(-overlap, 0)),
    ),
  ];
}

/** Moves blocks of pixels into channels, or back. Both have the order of channels that ONNX calls depth, column, row. */
function rearrange(opType: "DepthToSpace" | "SpaceToDepth"): Lowering {
  return (operation, graph) => {
    const size = operation.integer("block_size", 0);
    const { dtype } = operation.input(0);
    if (size < 2 || (dtype !== "float32" && dtype !== "float64")) {
      operation.refuse(`it has blocks of ${size} on ${dtype}`);
    }
    return throughChannelsFirst(operation, graph, (image) =>
      graph.apply(opType, [image], image.dtype, [intAttribute("blocksize", size)]),
    );
  };
}

/** Layers that make images larger, and ones that trade pixels for channels. */
export const deconvolutionLowerings: Readonly<Record<string, Lowering>> = {
  Conv2DBackpropInput: deconvolution,
  Conv3DBackpropInputV2: deconvolution,
  DepthToSpace: rearrange("DepthToSpace"),
  SpaceToDepth: rearrange("SpaceToDepth"),
};
