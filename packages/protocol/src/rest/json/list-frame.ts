import { JsonList, type JsonNode, NumberBlock } from "./node.ts";
import type { NodeBudget } from "./node-budget.ts";

/**
 * A list that is being read. As long as its elements are numbers, or blocks of numbers of one shape, it keeps no objects:
 * only their count and shape.
 */
export class ListFrame {
  readonly kind = "list";
  readonly #budget: NodeBudget;
  #start = 0;
  #from = 0;
  #count = 0;
  #childShape: readonly number[] = [];
  #items: JsonNode[] | undefined;

  constructor(budget: NodeBudget) {
    this.#budget = budget;
  }

  /** Begins a list at offset `start`; its first number, if it has any, will have the index `from`. */
  begin(start: number, from: number): this {
    this.#start = start;
    this.#from = from;
    this.#count = 0;
    this.#items = undefined;
    return this;
  }

  /** Whether the list holds nothing but numbers so far. */
  get takesNumbers(): boolean {
    return this.#items === undefined && (this.#count === 0 || this.#childShape.length === 0);
  }

  /** Length of the lists of numbers that this list consists of so far; 0 when it is another list. */
  get rowLength(): number {
    const isOfRows = this.#items === undefined && this.#count > 0 && this.#childShape.length === 1;
    return isOfRows ? (this.#childShape[0] as number) : 0;
  }

  /** Adds the numbers that were put into the table last. */
  addNumbers(count: number): void {
    if (this.#count === 0) {
      this.#childShape = [];
    }
    this.#count += count;
  }

  /** Adds lists of numbers that are as long as those before them. */
  addRows(count: number): void {
    this.#count += count;
  }

  add(node: JsonNode): void {
    if (this.#items !== undefined) {
      this.#budget.take(1);
      this.#items.push(node);
    } else if (node instanceof NumberBlock && (this.#count === 0 || isTail(node.shape, this.#childShape, 0))) {
      this.#childShape = node.shape;
      this.#count++;
    } else {
      this.#budget.take(this.#count + 1);
      this.#items = [...new NumberBlock(this.#shape(), this.#from).children(), node];
    }
  }

  /** Adds a list that is complete; makes no object where its block fits those before it. */
  addList(list: ListFrame): void {
    if (this.#items === undefined && this.#count > 0 && list.#hasShape(this.#childShape)) {
      this.#count++;
    } else {
      this.add(list.finish());
    }
  }

  /** The complete list as a node. */
  finish(): JsonNode {
    return this.#items === undefined
      ? new NumberBlock(this.#shape(), this.#from)
      : new JsonList(this.#items, this.#start);
  }

  #shape(): number[] {
    return this.#count === 0 ? [0] : [this.#count, ...this.#childShape];
  }

  #hasShape(shape: readonly number[]): boolean {
    if (this.#items !== undefined || shape[0] !== this.#count) {
      return false;
    }
    return this.#count === 0 ? shape.length === 1 : isTail(this.#childShape, shape, 1);
  }
}

/** Whether `shape`, from its dimension `from` on, is `tail`. */
function isTail(tail: readonly number[], shape: readonly number[], from: number): boolean {
  if (tail.length !== shape.length - from) {
    return false;
  }
  for (let index = 0; index < tail.length; index++) {
    if (tail[index] !== shape[index + from]) {
      return false;
    }
  }
  return true;
}
