/** A dense layer: weights row-major by input, then output. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

const SEED = 20_260_901;
const HIDDEN_UNITS = 8;
const CLASSES = 2;
const POINTS = 128;
const ROUNDS = 200;
const LEARNING_RATE = 1;

interface Point {
  readonly position: readonly [number, number];
  readonly label: number;
}

/**
 * Trains a tanh layer and a softmax layer by plain gradient descent to tell points inside the unit circle (class 1) from
 * points around it (class 0). Deterministic: seeded numbers and a fixed number of rounds.
 */
export function trainTwoLayers(): readonly [hidden: Layer, output: Layer] {
  const random = randomNumbers(SEED);
  const points = Array.from({ length: POINTS }, () => drawPoint(random));
  const hidden = makeLayer(2, HIDDEN_UNITS, random);
  const output = makeLayer(HIDDEN_UNITS, CLASSES, random);
  for (let round = 0; round < ROUNDS; round++) {
    descend(hidden, output, points);
  }
  return [hidden, output];
}

/** Numbers from -1 to 1, by a linear congruential generator (Numerical Recipes' constants). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function drawPoint(random: () => number): Point {
  const position: readonly [number, number] = [2 * random(), 2 * random()];
  return { position, label: position[0] ** 2 + position[1] ** 2 < 1 ? 1 : 0 };
}

function makeLayer(inputs: number, outputs: number, random: () => number): Layer {
  const weights = Float64Array.from({ length: inputs * outputs }, random);
  return { inputs, outputs, weights, biases: Float64Array.from({ length: outputs }, random) };
}

/** One step of gradient descent on the mean cross-entropy over all points. */
function descend(hidden: Layer, output: Layer, points: readonly Point[]): void {
  const steps = [emptyLike(hidden), emptyLike(output)] as const;
  for (const { position, label } of points) {
    const activations = applyLayer(hidden, position).map(Math.tanh);
    const errors = softmax(applyLayer(output, activations)).map((value, index) => value - (index === label ? 1 : 0));
    const slopes = activations.map((value, unit) => (1 - value * value) * dotRow(output, unit, errors));
    accumulate(steps[1], activations, errors);
    accumulate(steps[0], position, slopes);
  }
  move(hidden, steps[0], LEARNING_RATE / points.length);
  move(output, steps[1], LEARNING_RATE / points.length);
}

function applyLayer({ inputs, outputs, weights, biases }: Layer, values: readonly number[]): number[] {
  return Array.from({ length: outputs }, (_, output) => {
    let sum = biases[output] ?? 0;
    for (let input = 0; input < inputs; input++) {
      sum += (values[input] ?? 0) * (weights[input * outputs + output] ?? 0);
    }
    return sum;
  });
}

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map((value) => Math.exp(value - Math.max(...logits)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Sum over a layer's outputs of an input's weights times `values`. */
function dotRow({ outputs, weights }: Layer, input: number, values: readonly number[]): number {
  return values.reduce((sum, value, output) => sum + value * (weights[input * outputs + output] ?? 0), 0);
}

function emptyLike({ inputs, outputs }: Layer): Layer {
  return { inputs, outputs, weights: new Float64Array(inputs * outputs), biases: new Float64Array(outputs) };
}

function accumulate(step: Layer, inputs: readonly number[], errors: readonly number[]): void {
  errors.forEach((error, output) => {
    step.biases[output] = (step.biases[output] ?? 0) + error;
    inputs.forEach((value, input) => {
      const at = input * step.outputs + output;
      step.weights[at] = (step.weights[at] ?? 0) + value * error;
    });
  });
}

function move(layer: Layer, step: Layer, rate: number): void {
  step.weights.forEach((value, index) => {
    layer.weights[index] = (layer.weights[index] ?? 0) - rate * value;
  });
  step.biases.forEach((value, index) => {
    layer.biases[index] = (layer.biases[index] ?? 0) - rate * value;
  });
}
