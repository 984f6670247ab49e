/** Weights from a generator with a fixed seed (Numerical Recipes' linear congruence): the same for every format of a network. */
export class RandomWeights {
  #state = 1;

  /** @param spread the largest distance from `centre` */
  draw(count: number, spread: number, centre = 0): Float32Array<ArrayBuffer> {
    const data = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
      data[index] = centre + spread * (this.#state / 2 ** 31 - 1);
    }
    return data;
  }
}

/** Brings the axes of a tensor into another order: axis `i` of the result is axis `order[i]` of what is given. */
export function permute(
  data: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = order.map((axis) => shape[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  const result = new Float32Array(data.length);
  let at = 0;
  const copy = (axis: number, from: number): void => {
    const [size, step] = [sizes[axis] as number, steps[axis] as number];
    for (let index = 0; index < size; index++) {
      if (axis === sizes.length - 1) {
        result[at++] = data[from + index * step] as number;
      } else {
        copy(axis + 1, from + index * step);
      }
    }
  };
  copy(0, 0);
  return result;
}
