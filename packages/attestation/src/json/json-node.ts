import { decodeHex, type JsonLimits, type JsonValue, parseStrictJson } from "@sealserve/core";
import { AttestationError, type AttestationErrorCode, refuseAs } from "../errors.ts";

/** Characters of a text that a message shows. */
const SHOWN_MAX = 100;

/** A member name that a message shows as it stands. */
const PLAIN_NAME = /^[\w-]{1,100}$/;

/** Instants as the provisioning service writes them: UTC, whole seconds. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * A value inside a JSON document together with the way to it, so that each refusal names the member. Every accessor
 * states a type and refuses another; nothing is converted.
 */
export class JsonNode {
  readonly value: unknown;
  /** As in `sgx.mrEnclave[0]`; empty for the document itself. */
  readonly path: string;
  readonly #code: AttestationErrorCode;
  readonly #document: string;

  /**
   * @param code under which every deviation below this node is refused
   * @param document name of the document, for messages
   */
  constructor(value: unknown, code: AttestationErrorCode, document: string, path = "") {
    this.value = value;
    this.path = path;
    this.#code = code;
    this.#document = document;
  }

  /** Parses a document strictly: no duplicate members at any depth, nothing behind its end. */
  static parse(text: string, code: AttestationErrorCode, document: string, limits: JsonLimits = {}): JsonNode {
    const value: JsonValue = refuseAs(code, document, () => parseStrictJson(text, limits));
    return new JsonNode(value, code, document);
  }

  /** A member that must be there. */
  member(name: string): JsonNode {
    const member = this.optional(name);
    if (member === undefined) {
      throw this.refusal(`member ${this.#pathOf(name)} is missing`);
    }
    return member;
  }

  /** A member that may be missing; `null` counts as present. */
  optional(name: string): JsonNode | undefined {
    const object = this.#object();
    return Object.hasOwn(object, name) ? this.#at(object[name], this.#pathOf(name)) : undefined;
  }

  /** Refuses members other than `names`. */
  expectOnly(names: readonly string[]): void {
    const unknown = Object.keys(this.#object()).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const shown = PLAIN_NAME.test(unknown) ? unknown : quoted(unknown);
      throw this.refusal(`member ${this.#pathOf(shown)} is unknown`, names.join(", "), shown);
    }
  }

  /** The elements of a list whose length lies within the bounds. */
  elements(minimum: number, maximum: number): JsonNode[] {
    const list: unknown = this.value;
    if (!Array.isArray(list) || list.length < minimum || list.length > maximum) {
      const bounds = minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
      throw this.#mismatch(`a list of ${bounds} elements`);
    }
    return list.map((element: unknown, index) => this.#at(element, `${this.path}[${index}]`));
  }

  /** A string that matches `pattern`; `form` says the pattern in words. */
  string(pattern?: RegExp, form = "a string"): string {
    if (typeof this.value !== "string" || (pattern !== undefined && !pattern.test(this.value))) {
      throw this.#mismatch(form);
    }
    return this.value;
  }

  /** A string out of a closed list. */
  oneOf<const Word extends string>(words: readonly Word[], code: AttestationErrorCode = this.#code): Word {
    const word = words.find((candidate) => candidate === this.value);
    if (word === undefined) {
      throw this.#mismatch(`one of ${words.join(", ")}`, code);
    }
    return word;
  }

  /** A whole number from 0 to `maximum`. */
  integer(maximum: number): number {
    const number = this.value;
    if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0 || number > maximum) {
      throw this.#mismatch(`a whole number from 0 to ${maximum}`);
    }
    return number;
  }

  /** Bytes in hex digits of either case; exactly `length` of them where it is given. */
  hex(length?: number): Uint8Array {
    const text = this.string(undefined, length === undefined ? "hex digits" : `${2 * length} hex digits`);
    return refuseAs(this.#code, this.#name(), () => decodeHex(text, length));
  }

  /** An instant such as `2026-02-15T00:00:00Z`. */
  instant(): Date {
    const form = "an instant such as 2026-02-15T00:00:00Z";
    const text = this.string(INSTANT, form);
    const instant = new Date(text);
    // What is out of range has no time value, or rolls over to another day (31 April, 24:00).
    if (Number.isNaN(instant.getTime()) || instant.getUTCDate() !== Number(text.slice(8, 10))) {
      throw this.#mismatch(form);
    }
    return instant;
  }

  /** The error for a fault at this node that the accessors do not know of. */
  refusal(fault: string, expected?: string, actual?: string, code = this.#code): AttestationError {
    return new AttestationError(code, `${this.#document}: ${fault}`, { expected, actual });
  }

  #mismatch(expected: string, code = this.#code): AttestationError {
    return this.refusal(`${this.#name()} is not as expected`, expected, describe(this.value), code);
  }

  #object(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#mismatch("an object");
    }
    return value as Readonly<Record<string, unknown>>;
  }

  #at(value: unknown, path: string): JsonNode {
    return new JsonNode(value, this.#code, this.#document, path);
  }

  #pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #name(): string {
    return this.path === "" ? "document" : this.path;
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) {
    return `a list of ${value.length} elements`;
  }
  if (typeof value === "object" && value !== null) {
    return "an object";
  }
  return typeof value === "string" ? quoted(value) : String(value);
}

/** Text of somebody else's choice for a message: short, on one line, and nothing that a terminal or a log would follow. */
function quoted(text: string): string {
  const written = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text.slice(0, SHOWN_MAX)).replace(/[^ -~]/g, written);
}
