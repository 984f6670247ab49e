import { readInt } from "../../onnx/attribute.ts";
import type { GraphOperation, Value } from "../graph-operation.ts";

/** One turn of a loop over the rows of tensors. */
export interface LoopTurn {
  readonly operations: readonly GraphOperation[];
  /** The number of turns before. */
  readonly turns: Value;
  /** Variables as the turn finds them, and as it leaves them. */
  readonly variables: readonly Value[];
  readonly carried: readonly Value[];
  /** What it collects. */
  readonly items: readonly Value[];
}

/** A part of a value that is split into equal ones along its second axis. */
export interface Part {
  readonly of: Value;
  readonly place: number;
  readonly count: number;
  readonly size: number;
}

/** A sum of products of matrices and of vectors. */
export interface Sum {
  readonly products: readonly (readonly [Value, Value])[];
  readonly vectors: readonly Value[];
}

/** Reads the operations of a turn from its outputs back. */
export class TurnGraph {
  readonly turn: LoopTurn;
  readonly #producers = new Map<Value, GraphOperation>();

  constructor(turn: LoopTurn) {
    this.turn = turn;
    for (const operation of turn.operations) {
      for (const output of operation.outputs) {
        this.#producers.set(output, operation);
      }
    }
  }

  /** Whether the turn does nothing but what its outputs need. */
  isAllNeeded(): boolean {
    const needed = new Set<Value | undefined>([...this.turn.carried, ...this.turn.items]);
    return this.turn.operations.toReversed().every(({ inputs, outputs }) => {
      for (const input of inputs) {
        needed.add(input);
      }
      return outputs.some((output) => needed.has(output));
    });
  }

  /** The input of an operation that has one, such as an activation; undefined for a value that comes from elsewhere. */
  operand(value: Value | undefined, opType: string): Value | undefined {
    return this.#inputs(value, opType)?.[0];
  }

  /** The inputs of an operation that has two, in both orders; none for a value that comes from elsewhere. */
  operands(value: Value | undefined, opType: string): (readonly [Value, Value])[] {
    const [a, b] = this.#inputs(value, opType) ?? [];
    return a === undefined || b === undefined
      ? []
      : [
          [a, b],
          [b, a],
        ];
  }

  /** What a value is multiplied with to give a product. */
  otherFactor(product: Value | undefined, factor: Value | undefined): Value | undefined {
    return this.operands(product, "Mul").find(([, other]) => other === factor)?.[0];
  }

  part(value: Value | undefined): Part | undefined {
    const split = value && this.#producers.get(value);
    const of = split?.opType === "Split" ? split.inputs[0] : undefined;
    const axis = split && readInt(split.attributes, "axis");
    if (split === undefined || of?.sizes?.length !== 2 || (axis !== 1 && axis !== -1)) {
      return undefined;
    }
    const [whole, size] = [of.sizes[1], value?.sizes?.[1]];
    const count = split.outputs.length;
    const isEqual = whole !== undefined && size !== undefined && whole === size * count;
    return isEqual ? { of, place: split.outputs.indexOf(value as Value), count, size } : undefined;
  }

  /** The terms of a sum, whose vectors come from outside of the turn. */
  sum(value: Value): Sum | undefined {
    const product = this.#inputs(value, "MatMul");
    if (product?.[0] !== undefined && product[1] !== undefined) {
      return { products: [[product[0], product[1]]], vectors: [] };
    }
    const [terms] = this.operands(value, "Add");
    if (terms === undefined) {
      return this.isOutside(value) && value.sizes?.length === 1 ? { products: [], vectors: [value] } : undefined;
    }
    const [a, b] = terms.map((term) => this.sum(term));
    return a && b && { products: [...a.products, ...b.products], vectors: [...a.vectors, ...b.vectors] };
  }

  /** The tensor of which a value is the turn's row. */
  rowsOf(value: Value): Value | undefined {
    const gather = this.#producers.get(value);
    const [rows, index] = this.#inputs(value, "Gather") ?? [];
    const isTurns = index === this.turn.turns || this.operand(index, "Cast") === this.turn.turns;
    const isFirstAxis = gather !== undefined && (readInt(gather.attributes, "axis") ?? 0) === 0;
    return isTurns && isFirstAxis && rows !== undefined && this.isOutside(rows) ? rows : undefined;
  }

  isOutside(value: Value): boolean {
    return !this.#producers.has(value) && !this.turn.variables.includes(value) && value !== this.turn.turns;
  }

  #inputs(value: Value | undefined, opType: string): GraphOperation["inputs"] | undefined {
    const operation = value && this.#producers.get(value);
    return operation?.opType === opType ? operation.inputs : undefined;
  }
}
