import { byte } from "./byte.ts";
import type { JsonLexer } from "./lexer.ts";
import { ListFrame } from "./list-frame.ts";
import { decodeName } from "./name.ts";
import { type JsonNode, JsonRecord, NumberBlock, TooDeepNode } from "./node.ts";
import type { NodeBudget } from "./node-budget.ts";
import type { NumberTable } from "./number-table.ts";
import { PlainNumbers } from "./plain-numbers.ts";
import { expectColon, expectName, skipValue } from "./skip.ts";
import { syntaxError } from "./syntax-error.ts";

/** No tensor has more than 254 dimensions, and one more level of objects may stand around them. */
const MAX_DEPTH = 260;

/** An object that is being read. */
interface RecordFrame {
  readonly kind: "record";
  readonly start: number;
  readonly members: [string, JsonNode][];
  name: string;
}

type Frame = ListFrame | RecordFrame;

/** Reads values into nodes; numbers go to a table. Uses no recursion. */
export class NodeBuilder {
  readonly #lexer: JsonLexer;
  readonly #numbers: NumberTable;
  readonly #budget: NodeBudget;
  readonly #plain: PlainNumbers;
  readonly #open: Frame[] = [];
  /** List frames by depth, used again: there is one for each innermost list of a tensor. */
  readonly #lists: ListFrame[] = [];

  constructor(lexer: JsonLexer, numbers: NumberTable, budget: NodeBudget) {
    this.#lexer = lexer;
    this.#numbers = numbers;
    this.#budget = budget;
    this.#plain = new PlainNumbers(lexer, numbers);
  }

  /** Reads the value at the lexer's offset. */
  build(): JsonNode {
    for (;;) {
      let value = this.#startValue();
      while (value !== undefined) {
        const parent = this.#open.at(-1);
        if (parent === undefined) {
          return value instanceof ListFrame ? value.finish() : value;
        }
        addTo(parent, value);
        value = this.#continueParent(parent);
      }
    }
  }

  /** Reads a scalar or an empty list, or opens a list or object. @returns the value if it is complete */
  #startValue(): JsonNode | ListFrame | undefined {
    const lexer = this.#lexer;
    switch (lexer.skipSpace()) {
      case byte.openList:
        return this.#startList();
      case byte.openObject:
        return this.#startRecord();
      case byte.quote:
        this.#budget.take(1);
        return lexer.string();
      case byte.lowerN:
        lexer.word("null");
        return null;
      case byte.lowerT:
        lexer.word("true");
        return true;
      case byte.lowerF:
        lexer.word("false");
        return false;
      default:
        return this.#number();
    }
  }

  #number(): NumberBlock {
    const from = this.#numbers.length;
    this.#readNumber();
    return new NumberBlock([], from);
  }

  #readNumber(): void {
    const start = this.#lexer.offset;
    this.#lexer.number();
    this.#numbers.push(this.#lexer.value, this.#lexer.kind, start);
  }

  #startList(): JsonNode | ListFrame | undefined {
    if (this.#open.length === MAX_DEPTH) {
      return this.#skipTooDeep();
    }
    const depth = this.#open.length;
    const frame = this.#lists[depth] ?? new ListFrame(this.#budget);
    this.#lists[depth] = frame;
    frame.begin(this.#lexer.offset, this.#numbers.length);
    this.#lexer.offset++;
    if (this.#lexer.skipSpace() === byte.closeList) {
      this.#lexer.offset++;
      return frame;
    }
    this.#open.push(frame);
    return this.#readNumbers(frame) ? this.#closeList(frame) : undefined;
  }

  /**
   * Reads numbers as long as they come: the innermost loop for a tensor.
   * @returns whether the list ends behind them; otherwise another value comes next
   */
  #readNumbers(frame: ListFrame): boolean {
    const lexer = this.#lexer;
    while (startsNumber(lexer.skipSpace())) {
      const before = this.#numbers.length;
      const ends = this.#plain.read();
      frame.addNumbers(this.#numbers.length - before);
      if (ends) {
        return true;
      }
      if (startsNumber(lexer.peek()) && this.#readUnusual(frame)) {
        return true;
      }
    }
    return false;
  }

  /** Reads a number that is written in any way. @returns whether the list ends behind it */
  #readUnusual(frame: ListFrame): boolean {
    const lexer = this.#lexer;
    this.#readNumber();
    frame.addNumbers(1);
    const next = lexer.skipSpace();
    if (next === byte.closeList) {
      return true;
    }
    if (next !== byte.comma) {
      throw syntaxError("listNotContinued", lexer.offset);
    }
    lexer.offset++;
    return false;
  }

  #closeList(frame: ListFrame): ListFrame {
    this.#lexer.offset++;
    this.#open.pop();
    return frame;
  }

  #skipTooDeep(): TooDeepNode {
    const start = this.#lexer.offset;
    skipValue(this.#lexer);
    return new TooDeepNode(start);
  }

  #startRecord(): JsonNode | undefined {
    if (this.#open.length === MAX_DEPTH) {
      return this.#skipTooDeep();
    }
    this.#budget.take(1);
    const frame: RecordFrame = { kind: "record", start: this.#lexer.offset, members: [], name: "" };
    this.#lexer.offset++;
    if (this.#lexer.skipSpace() === byte.closeObject) {
      this.#lexer.offset++;
      return new JsonRecord([], frame.start);
    }
    this.#open.push(frame);
    this.#readName(frame);
    return undefined;
  }

  #readName(frame: RecordFrame): void {
    expectName(this.#lexer);
    frame.name = decodeName(this.#lexer.string());
    expectColon(this.#lexer);
  }

  /** Reads what follows a complete value in `parent`. @returns the parent if that completed it */
  #continueParent(parent: Frame): JsonNode | ListFrame | undefined {
    const lexer = this.#lexer;
    const isList = parent.kind === "list";
    if (isList && parent.rowLength > 0) {
      parent.addRows(this.#plain.readRows(parent.rowLength));
    }
    const next = lexer.skipSpace();
    if (next === (isList ? byte.closeList : byte.closeObject)) {
      return isList ? this.#closeList(parent) : this.#closeRecord(parent);
    }
    if (next !== byte.comma) {
      throw syntaxError(isList ? "listNotContinued" : "objectNotContinued", lexer.offset);
    }
    lexer.offset++;
    if (!isList) {
      this.#budget.take(1);
      this.#readName(parent);
      return undefined;
    }
    return parent.takesNumbers && this.#readNumbers(parent) ? this.#closeList(parent) : undefined;
  }

  #closeRecord(frame: RecordFrame): JsonRecord {
    this.#lexer.offset++;
    this.#open.pop();
    return new JsonRecord(frame.members, frame.start);
  }
}

function addTo(parent: Frame, value: JsonNode | ListFrame): void {
  if (parent.kind === "record") {
    parent.members.push([parent.name, value instanceof ListFrame ? value.finish() : value]);
  } else if (value instanceof ListFrame) {
    parent.addList(value);
  } else {
    parent.add(value);
  }
}

function startsNumber(next: number): boolean {
  return (
    next === byte.minus || (next >= byte.zero && next <= byte.nine) || next === byte.upperN || next === byte.upperI
  );
}
