import { CoreError } from "../errors.ts";
import { JsonScanner } from "./scanner.ts";
import type { JsonLimits, JsonValue } from "./value.ts";

const DEFAULT_MAX_LENGTH = 1 << 20;
const DEFAULT_MAX_DEPTH = 64;
const DEFAULT_MAX_VALUES = 65_536;

/** Where a value stands in the source text: from `start` up to, not including, `end`. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** Reads one JSON document (RFC 8259) and refuses whatever two readers could understand differently. */
export class JsonReader {
  readonly #scanner: JsonScanner;
  readonly #maxDepth: number;
  #valuesLeft: number;

  constructor(text: string, limits: JsonLimits = {}) {
    const { maxLength = DEFAULT_MAX_LENGTH, maxDepth = DEFAULT_MAX_DEPTH, maxValues = DEFAULT_MAX_VALUES } = limits;
    if (text.length > maxLength) {
      throw new CoreError("bad-json", "JSON text is too long", {
        expected: `at most ${maxLength} characters`,
        actual: `${text.length}`,
      });
    }
    this.#scanner = new JsonScanner(text);
    this.#maxDepth = maxDepth;
    this.#valuesLeft = maxValues;
  }

  /** The whole document. */
  document(): JsonValue {
    this.#scanner.skipSpace();
    const value = this.#value(0);
    this.#scanner.expectEnd();
    return value;
  }

  /** The whole document, which must be an object: where the value of each of its members stands. */
  memberSpans(): Map<string, JsonSpan> {
    const spans = new Map<string, JsonSpan>();
    this.#scanner.skipSpace();
    this.#list("{", "}", 1, () => {
      const name = this.#memberName();
      this.#expectNew(spans.has(name));
      const start = this.#scanner.offset;
      this.#value(1);
      spans.set(name, { start, end: this.#scanner.offset });
    });
    this.#scanner.expectEnd();
    return spans;
  }

  /** @param depth how many arrays and objects stand around the value */
  #value(depth: number): JsonValue {
    if (this.#valuesLeft-- === 0) {
      this.#scanner.refuse("too many values");
    }
    switch (this.#scanner.peek()) {
      case "{":
        return this.#object(depth + 1);
      case "[":
        return this.#array(depth + 1);
      case '"':
        return this.#scanner.string();
      case "t":
        this.#scanner.expect("true");
        return true;
      case "f":
        this.#scanner.expect("false");
        return false;
      case "n":
        this.#scanner.expect("null");
        return null;
      default:
        return this.#scanner.number();
    }
  }

  #object(depth: number): { [name: string]: JsonValue } {
    const object = Object.create(null) as { [name: string]: JsonValue };
    this.#list("{", "}", depth, () => {
      const name = this.#memberName();
      this.#expectNew(name in object);
      object[name] = this.#value(depth);
    });
    return object;
  }

  /** The name of the next member, and the colon behind it. */
  #memberName(): string {
    const name = this.#scanner.string();
    // Our objects have no prototype, but code that copies members into ordinary objects would set theirs.
    if (name === "__proto__") {
      this.#scanner.refuse("member name is __proto__");
    }
    this.#scanner.skipSpace();
    this.#scanner.expect(":");
    this.#scanner.skipSpace();
    return name;
  }

  #expectNew(known: boolean): void {
    if (known) {
      this.#scanner.refuse("member name stands twice");
    }
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#list("[", "]", depth, () => {
      items.push(this.#value(depth));
    });
    return items;
  }

  #list(open: string, close: string, depth: number, readItem: () => void): void {
    if (depth > this.#maxDepth) {
      this.#scanner.refuse(`nested deeper than ${this.#maxDepth}`);
    }
    this.#scanner.expect(open);
    this.#scanner.skipSpace();
    if (this.#scanner.accept(close)) {
      return;
    }
    do {
      this.#scanner.skipSpace();
      readItem();
      this.#scanner.skipSpace();
    } while (this.#scanner.accept(","));
    this.#scanner.expect(close);
  }
}
