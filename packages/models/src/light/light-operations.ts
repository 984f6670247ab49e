type Compute = (a: number, b: number) => number;

/**
 * ONNX operations on each element whose results IEEE 754 (2019, section 5.4) rounds correctly, or that are exact. Computed in
 * 64 bits and then rounded to 32, they give what they give when computed in 32 bits: a sum, difference, product, quotient or root
 * of 24-bit numbers is rounded to 53 bits without harm, since that is more than twice as many and two (Figueroa, "When is
 * double rounding innocuous?", 1995). Others, such as Exp, are approximated, each library in its own way.
 */
const operations = {
  Add: { operands: 2, compute: (a, b) => a + b },
  Sub: { operands: 2, compute: (a, b) => a - b },
  Mul: { operands: 2, compute: (a, b) => a * b },
  Div: { operands: 2, compute: (a, b) => a / b },
  Identity: { operands: 1, compute: (a) => a },
  Neg: { operands: 1, compute: (a) => -a },
  Abs: { operands: 1, compute: Math.abs },
  Sqrt: { operands: 1, compute: Math.sqrt },
  Reciprocal: { operands: 1, compute: (a) => 1 / a },
  Floor: { operands: 1, compute: Math.floor },
  Ceil: { operands: 1, compute: Math.ceil },
} as const satisfies Readonly<Record<string, { readonly operands: 1 | 2; readonly compute: Compute }>>;

/** An operation of a light graph, by its name in ONNX. */
export type LightOperation = keyof typeof operations;

/** Whether an operation of ONNX's own domain may be in a light graph. */
export function isLightOperation(opType: string): opType is LightOperation {
  return Object.hasOwn(operations, opType);
}

/** How many operands an operation has. */
export function operandsOf(operation: LightOperation): number {
  return operations[operation].operands;
}

/**
 * Computes every element of `result`, which rounds it to its own type. An operand with fewer elements is repeated.
 * @param operands of as many elements as `result`, or a whole part of them
 */
export function computeElements(
  operation: LightOperation,
  [a, b = a]: readonly [Float32Array | Float64Array, (Float32Array | Float64Array)?],
  result: Float32Array | Float64Array,
): void {
  const { compute }: { readonly compute: Compute } = operations[operation];
  for (let index = 0; index < result.length; index++) {
    result[index] = compute(a[index % a.length] as number, b[index % b.length] as number);
  }
}
