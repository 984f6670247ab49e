/** Real and imaginary parts of complex numbers. */
export interface Complexes {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** Complex numbers that are all 0. */
export function complexes(length: number): Complexes {
  return { real: new Float64Array(length), imaginary: new Float64Array(length) };
}

/** Turns numbers into their discrete Fourier transform, in their place, in float64. @param sign -1 forwards, 1 back, not divided by their number */
export function transform(numbers: Complexes, sign: 1 | -1): void {
  const { length } = numbers.real;
  if ((length & (length - 1)) === 0) {
    transformPowerOfTwo(numbers, sign);
  } else {
    transformAny(numbers, sign);
  }
}

/** Cooley and Tukey's way, from pairs upwards. */
function transformPowerOfTwo({ real, imaginary }: Complexes, sign: 1 | -1): void {
  const { length } = real;
  for (let index = 1, mirrored = 0; index < length; index++) {
    let bit = length >> 1;
    for (; (mirrored & bit) !== 0; bit >>= 1) {
      mirrored ^= bit;
    }
    mirrored ^= bit;
    if (index < mirrored) {
      swap(real, index, mirrored);
      swap(imaginary, index, mirrored);
    }
  }
  for (let size = 2; size <= length; size *= 2) {
    const half = size / 2;
    for (let place = 0; place < half; place++) {
      const angle = (sign * 2 * Math.PI * place) / size;
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      for (let start = place; start < length; start += size) {
        addPair({ real, imaginary }, [start, start + half], cosine, sine);
      }
    }
  }
}

function swap(values: Float64Array, a: number, b: number): void {
  [values[a], values[b]] = [values[b] as number, values[a] as number];
}

/** Gives the sum and the difference of a number and another one that is turned by an angle. */
function addPair(
  { real, imaginary }: Complexes,
  [a, b]: readonly [number, number],
  cosine: number,
  sine: number,
): void {
  const [x, y] = [real[b] as number, imaginary[b] as number];
  const [turnedX, turnedY] = [x * cosine - y * sine, x * sine + y * cosine];
  const [u, v] = [real[a] as number, imaginary[a] as number];
  real[a] = u + turnedX;
  imaginary[a] = v + turnedY;
  real[b] = u - turnedX;
  imaginary[b] = v - turnedY;
}

/** Bluestein's way: a convolution with numbers whose angles grow by the square, which a power of two has room for. */
function transformAny(numbers: Complexes, sign: 1 | -1): void {
  const { length } = numbers.real;
  const room = 2 ** Math.ceil(Math.log2(2 * length));
  const [factors, spread, chirp] = [complexes(length), complexes(room), complexes(room)];
  for (let index = 0; index < length; index++) {
    // The angle is that of the square's remainder, since a large square would have no exact angle.
    const angle = (sign * Math.PI * ((index * index) % (2 * length))) / length;
    factors.real[index] = Math.cos(angle);
    factors.imaginary[index] = Math.sin(angle);
    setProduct(spread, index, numbers, index, factors, index);
    for (const place of index === 0 ? [0] : [index, room - index]) {
      chirp.real[place] = factors.real[index] as number;
      chirp.imaginary[place] = -(factors.imaginary[index] as number);
    }
  }
  transformPowerOfTwo(spread, -1);
  transformPowerOfTwo(chirp, -1);
  for (let index = 0; index < room; index++) {
    setProduct(spread, index, spread, index, chirp, index);
  }
  transformPowerOfTwo(spread, 1);
  for (let index = 0; index < length; index++) {
    setProduct(numbers, index, spread, index, factors, index);
    numbers.real[index] = (numbers.real[index] as number) / room;
    numbers.imaginary[index] = (numbers.imaginary[index] as number) / room;
  }
}

function setProduct(to: Complexes, at: number, a: Complexes, ofA: number, b: Complexes, ofB: number): void {
  const [x, y] = [a.real[ofA] as number, a.imaginary[ofA] as number];
  const [u, v] = [b.real[ofB] as number, b.imaginary[ofB] as number];
  to.real[at] = x * u - y * v;
  to.imaginary[at] = x * v + y * u;
}
