/** Weights of a recurrent layer as Keras has them, with the state at the end as the network's output. */
import { RandomWeights } from "./random-weights.ts";

export const STEPS = 50;
export const FEATURES = 8;
export const UNITS = 64;

type Weights = Float32Array<ArrayBuffer>;

/** LSTM with gates in the order input, forget, cell, output; or GRU, update, reset, hidden, reset after the product. */
export interface Cell {
  readonly kind: "LSTM" | "GRU";
  readonly gates: number;
  /** Features by gates of units. */
  readonly kernel: Weights;
  /** Units by gates of units. */
  readonly recurrentKernel: Weights;
  /** Gates of units; of a GRU two rows of them, for the input and for the state. */
  readonly bias: Weights;
}

export function drawCell(kind: Cell["kind"]): Cell {
  const weights = new RandomWeights();
  const gates = kind === "LSTM" ? 4 : 3;
  const width = gates * UNITS;
  const spread = 1 / Math.sqrt(UNITS);
  return {
    kind,
    gates,
    kernel: weights.draw(FEATURES * width, spread),
    recurrentKernel: weights.draw(UNITS * width, spread),
    bias: weights.draw(kind === "LSTM" ? width : 2 * width, spread),
  };
}
