import { dirname, resolve } from "node:path";
import type { JsonValue } from "@sealserve/core";
import { isMap, isNode, isScalar, isSeq, type Node } from "yaml";
import { parseDuration } from "./duration.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { ConfigError, type ConfigErrorCode } from "./errors.ts";
import { MappingReader, type Members } from "./mapping.ts";
import { type ConfigSource, formatPath, type PathStep } from "./source.ts";

/** Longest part of a refused value that a message repeats. */
const SHOWN_LENGTH = 80;

/** Reads the members of one mapping. Members that were not asked for when the reading ends are refused. */
export type ConfigMapping = Members<ConfigValue>;

/** One value of a configuration file. Every reader refuses a value of another kind with the line and what to write. */
export class ConfigValue {
  readonly #source: ConfigSource;
  readonly #path: readonly PathStep[];
  readonly #node: Node | undefined;
  readonly #offset: number;

  /** Use `parseYamlDocument`; `offset` places the message when the value is empty. */
  constructor(source: ConfigSource, path: readonly PathStep[], node: Node | undefined, offset: number) {
    this.#source = source;
    this.#path = path;
    this.#node = node;
    this.#offset = node?.range?.[0] ?? offset;
  }

  /** Where the value stands, such as `models[0].policy`; empty for the whole document. */
  get path(): string {
    return formatPath(this.#path);
  }

  /** Line in the file, from 1. */
  get line(): number {
    return this.#source.lineOf(this.#offset);
  }

  /** A text of at least one character. A bare number is refused: digests made of digits only must stay text. */
  string(): string {
    const value = this.#scalar();
    if (typeof value !== "string" || value === "") {
      throw this.#unexpected("a text", "put it in quotes");
    }
    return value;
  }

  /** A file or folder; relative ones start at the folder of the configuration file. */
  filePath(): string {
    return resolve(dirname(this.#source.file), this.string());
  }

  /** A file or folder that the configuration need not name: beside the configuration file. */
  fileBeside(name: string): string {
    return resolve(dirname(this.#source.file), name);
  }

  /** A whole number in the bounds, both included. */
  integer(bounds: { readonly minimum: number; readonly maximum?: number }): number {
    const value = this.#scalar();
    const maximum = bounds.maximum ?? Number.MAX_SAFE_INTEGER;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < bounds.minimum || value > maximum) {
      throw this.#unexpected("a whole number", `write one from ${bounds.minimum} to ${maximum}`);
    }
    return value;
  }

  boolean(): boolean {
    const value = this.#scalar();
    if (typeof value !== "boolean") {
      throw this.#unexpected("true or false", "write true or false without quotes");
    }
    return value;
  }

  /** One of the given words. */
  oneOf<Word extends string>(words: readonly Word[]): Word {
    const value = this.#scalar();
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) {
      throw this.#unexpected(`one of ${words.join(", ")}`, "write one of these words");
    }
    return word;
  }

  /** A time such as `90s`, `15m`, `12h` or `7d`: seconds, in the bounds, both included. */
  duration(bounds: { readonly minimum: number; readonly maximum: number }): number {
    const value = this.#scalar();
    const seconds = typeof value === "string" ? parseDuration(value) : undefined;
    if (seconds === undefined || seconds < bounds.minimum || seconds > bounds.maximum) {
      const range = `from ${bounds.minimum}s to ${bounds.maximum}s`;
      throw this.#unexpected("a time", `write a number with its unit, such as 90s, 15m, 12h or 7d, ${range}`);
    }
    return seconds;
  }

  /** `HOST:PORT`, `[IPV6]:PORT` or a bare port. */
  endpoint(defaultHost: string): Endpoint {
    const value = this.#scalar();
    const text = typeof value === "number" ? String(value) : value;
    const endpoint = typeof text === "string" ? parseEndpoint(text, defaultHost) : undefined;
    if (endpoint === undefined) {
      throw this.#unexpected("HOST:PORT", `write for example ${defaultHost}:8500`);
    }
    return endpoint;
  }

  /** The elements of a list of at least one element. */
  list(): ConfigValue[] {
    if (!isSeq(this.#node) || this.#node.items.length === 0) {
      throw this.#unexpected("a list of at least one element", "write one element a line, each behind '- '");
    }
    return this.#node.items.map((item, index) => this.#child(index, item));
  }

  /** Reads a mapping of known members; afterwards refuses every member that `read` did not ask for. */
  mapping<T>(read: (members: ConfigMapping) => T): T {
    const members = new MappingReader(this, this.entries());
    const result = read(members);
    members.refuseUnread();
    return result;
  }

  /** Members of a mapping whose names are free, in the order of the file. */
  entries(): [name: string, value: ConfigValue][] {
    if (!isMap(this.#node)) {
      throw this.#unexpected("a mapping", "write its members as 'name: value', one a line");
    }
    return this.#node.items.map((pair) => {
      const name = memberName(pair.key);
      const offset = isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
      return [name, this.#child(name, pair.value, offset)];
    });
  }

  /** The value as JSON, for a reader of its own. */
  json(): JsonValue {
    return toJson(this.#node);
  }

  /**
   * The error to throw for a value that was read but cannot be used.
   *
   * @param inside steps from this value to the member at fault; the deepest one that exists gives the line
   */
  problem(problem: string, remedy: string, inside: readonly PathStep[] = []): ConfigError {
    return this.error("bad-value", problem, remedy, inside);
  }

  /** As {@link problem}, with a code. */
  error(code: ConfigErrorCode, problem: string, remedy: string, inside: readonly PathStep[] = []): ConfigError {
    const member = formatPath([...this.#path, ...inside]);
    const place = `${this.#source.file}:${this.#source.lineOf(this.#offsetOf(inside))}`;
    return new ConfigError(code, `${place}: ${member === "" ? "" : `${member}: `}${problem}; ${remedy}`);
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }

  #child(step: PathStep, node: unknown, offset = this.#offset): ConfigValue {
    return new ConfigValue(this.#source, [...this.#path, step], isNode(node) ? node : undefined, offset);
  }

  #unexpected(expected: string, remedy: string): ConfigError {
    return this.problem(`expected ${expected}, found ${this.#shown()}`, remedy);
  }

  #shown(): string {
    if (isMap(this.#node)) {
      return "a mapping";
    }
    if (isSeq(this.#node)) {
      return this.#node.items.length === 0 ? "an empty list" : "a list";
    }
    const text = JSON.stringify(this.#scalar() ?? null);
    return text === "null" ? "nothing" : text.slice(0, SHOWN_LENGTH);
  }

  #offsetOf(inside: readonly PathStep[]): number {
    let node: unknown = this.#node;
    let offset = this.#offset;
    for (const step of inside) {
      node = isMap(node) || isSeq(node) ? node.get(step, true) : undefined;
      if (!isNode(node)) {
        break;
      }
      offset = node.range?.[0] ?? offset;
    }
    return offset;
  }
}

/** The name that a mapping's key stands for. */
export function memberName(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

function toJson(node: unknown): JsonValue {
  if (isMap(node)) {
    const object: { [name: string]: JsonValue } = Object.create(null);
    for (const pair of node.items) {
      object[memberName(pair.key)] = toJson(pair.value);
    }
    return object;
  }
  if (isSeq(node)) {
    return node.items.map(toJson);
  }
  const value = isScalar(node) ? node.value : null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
