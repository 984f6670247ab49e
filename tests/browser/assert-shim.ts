/**
 * Stands in for `node:assert/strict` in a browser: the assertions that the tests use, with the same verdicts, which
 * `assert-shim.test.ts` compares with the original. An assertion that is not here fails the test that calls it.
 */
import { isDeepEqual } from "./deep-equal.ts";

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

type Message = string | Error | undefined;
/** What an error must be: of a class, of a text, accepted by a function, or with members of these values. */
type Expected = (new (...values: never[]) => unknown) | RegExp | ((error: unknown) => unknown) | object;

function ok(value: unknown, message?: Message): void {
  demand(Boolean(value), message, () => `${show(value)} is not true`);
}

function equal(actual: unknown, expected: unknown, message?: Message): void {
  demand(Object.is(actual, expected), message, () => `${show(actual)} is not ${show(expected)}`);
}

function notEqual(actual: unknown, expected: unknown, message?: Message): void {
  demand(!Object.is(actual, expected), message, () => `${show(actual)} must be another value`);
}

function deepEqual(actual: unknown, expected: unknown, message?: Message): void {
  demand(isDeepEqual(actual, expected), message, () => `not deeply equal:\n${show(actual)}\n${show(expected)}`);
}

function match(text: string, expression: RegExp, message?: Message): void {
  demand(typeof text === "string" && expression.test(text), message, () => `${show(text)} is not like ${expression}`);
}

function fail(message?: Message): never {
  throw asError(message, () => "failed");
}

function throws(action: () => unknown, expectedOrMessage?: Expected | string, message?: string): void {
  const { expected, text } = readExpectation(expectedOrMessage, message);
  let thrown: { readonly error: unknown } | undefined;
  try {
    action();
  } catch (error) {
    thrown = { error };
  }
  expectThrown(thrown, expected, text);
}

async function rejects(
  promiseOrAction: Promise<unknown> | (() => Promise<unknown>),
  expectedOrMessage?: Expected | string,
  message?: string,
): Promise<void> {
  const { expected, text } = readExpectation(expectedOrMessage, message);
  const promise = typeof promiseOrAction === "function" ? promiseOrAction() : promiseOrAction;
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  expectThrown(thrown, expected, text);
}

function doesNotThrow(action: () => unknown, message?: string): void {
  try {
    action();
  } catch (error) {
    throw asError(message, () => `threw ${show(error)}`, error);
  }
}

export default Object.assign(ok.bind(undefined), {
  AssertionError,
  ok,
  equal,
  notEqual,
  deepEqual,
  match,
  fail,
  throws,
  rejects,
  doesNotThrow,
});

function demand(holds: boolean, message: Message, describe: () => string): void {
  if (!holds) {
    throw asError(message, describe);
  }
}

function asError(message: Message, describe: () => string, cause?: unknown): Error {
  return message instanceof Error ? message : new AssertionError(message ?? describe(), { cause });
}

/** The second argument may be the message instead of an expectation. */
function readExpectation(
  expectedOrMessage: Expected | string | undefined,
  message: string | undefined,
): { expected: Expected | undefined; text: string | undefined } {
  if (typeof expectedOrMessage === "string") {
    return { expected: undefined, text: expectedOrMessage };
  }
  return { expected: expectedOrMessage, text: message };
}

function expectThrown(
  thrown: { readonly error: unknown } | undefined,
  expected: Expected | undefined,
  message: string | undefined,
): void {
  if (thrown === undefined) {
    throw asError(message, () => "nothing was thrown");
  }
  const { error } = thrown;
  if (expected !== undefined && !fits(error, expected)) {
    throw asError(message, () => `another error was thrown: ${show(error)}`, error);
  }
}

function fits(error: unknown, expected: Expected): boolean {
  if (typeof expected === "function") {
    return fitsFunction(error, expected as FunctionLike);
  }
  return expected instanceof RegExp ? expected.test(String(error)) : fitsMembers(error, expected);
}

type FunctionLike = ((error: unknown) => unknown) & { readonly prototype?: unknown };

/** A function is a class when the error is an instance of it, or when it is a class of errors; else it judges. */
function fitsFunction(error: unknown, expected: FunctionLike): boolean {
  if (expected.prototype !== undefined && error instanceof expected) {
    return true;
  }
  return !Object.prototype.isPrototypeOf.call(Error, expected) && expected(error) === true;
}

function fitsMembers(error: unknown, expected: object): boolean {
  const keys = expected instanceof Error ? [...Object.keys(expected), "name", "message"] : Object.keys(expected);
  if (keys.length === 0) {
    throw new TypeError("the expectation names no member");
  }
  return (
    typeof error === "object" &&
    error !== null &&
    keys.every((key) => key in error && memberFits(Reflect.get(error, key), Reflect.get(expected, key)))
  );
}

function memberFits(actual: unknown, expected: unknown): boolean {
  if (expected instanceof RegExp && typeof actual === "string") {
    return expected.test(actual);
  }
  return isDeepEqual(actual, expected);
}

const SHOWN_MAX = 2000;

/** A value as text, for people. */
function show(value: unknown): string {
  if (value instanceof Error) {
    return `${value.name}: ${value.message}`;
  }
  if (typeof value !== "object" || value === null) {
    return typeof value === "bigint" ? `${value}n` : String(value);
  }
  try {
    return JSON.stringify(value, readable).slice(0, SHOWN_MAX);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function readable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return `${value}n`;
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as Uint8Array);
  }
  return value instanceof Map || value instanceof Set ? [...value] : value;
}
