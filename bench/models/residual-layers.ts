/**
 * A network in the shape of ResNet-50 v1.5, free of any format: images of 224 by 224 pixels to 1001 classes, 102 MB of
 * random weights, convolutions and batch normalisations apart.
 */
import { RandomWeights } from "./random-weights.ts";

const STAGES = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
] as const;
const EXPANSION = 4;
export const IMAGE_SIZE = 224;
export const CLASSES = 1001;
export const EPSILON = 1e-5;

type Weights = Float32Array<ArrayBuffer>;

/** A convolution that is padded by half its window on every side, and its batch normalisation. */
export interface ConvolutionLayer {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  /** `to` by `from` by `kernel` by `kernel`. */
  readonly filter: Weights;
  /** Of the batch normalisation: scale, offset, mean, variance, each of `to` numbers. */
  readonly normalisation: readonly Weights[];
}

/** Global average, dense layer, softmax. */
export interface ClassifierLayer {
  readonly from: number;
  /** `from` by {@link CLASSES}. */
  readonly weights: Weights;
  readonly biases: Weights;
}

/** A format that the network can be written in. Values go by names. */
export interface ResidualFormat {
  convolve(input: string, layer: ConvolutionLayer): string;
  relu(input: string): string;
  add(a: string, b: string): string;
  /** Maximum over windows of 3 by 3 with stride 2, padded by 1, of numbers that are not negative. */
  pool(input: string): string;
  classify(input: string, layer: ClassifierLayer): void;
}

/** Writes the network. @param image name of the images in the format's layout */
export function writeResidualLayers(image: string, format: ResidualFormat): void {
  const weights = new RandomWeights();
  const convolve = (input: string, size: readonly [from: number, to: number, kernel: number, stride: number]): string =>
    format.convolve(input, drawConvolution(weights, size));
  let value = format.pool(format.relu(convolve(image, [3, STAGES[0].width, 7, 2])));
  let channels: number = STAGES[0].width;
  for (const [stage, { blocks, width }] of STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      value = bottleneck(value, { from: channels, width, stride }, format, convolve);
      channels = width * EXPANSION;
    }
  }
  const dense = weights.draw(channels * CLASSES, 0.01);
  format.classify(value, { from: channels, weights: dense, biases: weights.draw(CLASSES, 0.01) });
}

/** Three convolutions beside a short cut. */
function bottleneck(
  input: string,
  { from, width, stride }: { readonly from: number; readonly width: number; readonly stride: number },
  format: ResidualFormat,
  convolve: (input: string, size: readonly [number, number, number, number]) => string,
): string {
  const out = width * EXPANSION;
  const narrowed = format.relu(convolve(input, [from, width, 1, 1]));
  const spatial = format.relu(convolve(narrowed, [width, width, 3, stride]));
  const widened = convolve(spatial, [width, out, 1, 1]);
  const shortCut = from === out && stride === 1 ? input : convolve(input, [from, out, 1, stride]);
  return format.relu(format.add(widened, shortCut));
}

function drawConvolution(
  weights: RandomWeights,
  [from, to, kernel, stride]: readonly [number, number, number, number],
): ConvolutionLayer {
  const window = from * kernel * kernel;
  const filter = weights.draw(to * window, Math.sqrt(2 / window));
  const [scale, offset, mean] = [weights.draw(to, 0.1, 1), weights.draw(to, 0.1), weights.draw(to, 0.1)];
  return { from, to, kernel, stride, filter, normalisation: [scale, offset, mean, weights.draw(to, 0.1, 1)] };
}
