import { constant, type OperationCase, testOperations, textAttr } from "./fixtures/operation-case.ts";
import { floats } from "./fixtures/tensors.ts";

const image = floats([2, 1, 2, 2], [1, 2, 3, 4, 5, 9, 7, 8]);
const channelsFirst = floats([2, 2, 1, 2], [1, 3, 2, 4, 5, 7, 9, 8]);
const parameters = [constant(floats([2], [1, 2])), constant(floats([2], [0, 1]))];
const unused = [constant(floats([0], [])), constant(floats([0], []))];
const training = { epsilon: { f: 0.25 } };
const normalised = [-1.3093073, -1.581989, -0.43643576, -0.20492816, 0.43643576, 3.2377238, 1.3093073, 2.5491934];

/** The expected values are TensorFlow 2.21's. */
const cases: readonly OperationCase[] = [
  {
    op: "FusedBatchNormV3",
    about: "in training mode, by the statistics of the batch",
    attributes: training,
    inputs: [image, ...parameters, ...unused],
    expected: floats(image.shape, normalised),
  },
  {
    op: "FusedBatchNormV3",
    about: "in training mode, channels first",
    attributes: { ...training, data_format: textAttr("NCHW") },
    inputs: [channelsFirst, ...parameters, ...unused],
    expected: floats(
      channelsFirst.shape,
      [0, 2, 1, 3, 4, 6, 5, 7].map((place) => normalised[place] as number),
    ),
  },
  {
    op: "FusedBatchNormV3",
    about: "the mean of the batch",
    attributes: training,
    inputs: [image, ...parameters, ...unused],
    output: 1,
    expected: floats([2], [4, 5.75]),
  },
  {
    op: "FusedBatchNormV3",
    about: "the variance of the batch, which is a sample",
    attributes: training,
    inputs: [image, ...parameters, ...unused],
    output: 2,
    expected: floats([2], [6.6666667, 10.9166667]),
  },
  {
    op: "LRN",
    attributes: { depth_radius: { i: 1n }, alpha: { f: 0.5 } },
    inputs: [floats([1, 1, 1, 4], [1, 2, 3, 4])],
    expected: floats([1, 1, 1, 4], [0.5345225, Math.SQRT1_2, 0.7620007, 1.0886621]),
  },
];

testOperations(cases);
