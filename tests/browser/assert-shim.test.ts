import assert from "node:assert/strict";
import { describe, it } from "node:test";
import shim from "./assert-shim.ts";

type Assertions = Pick<
  typeof assert,
  "ok" | "equal" | "notEqual" | "deepEqual" | "match" | "fail" | "throws" | "rejects" | "doesNotThrow"
>;

class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: string;
  constructor(code: string) {
    super(`refused: ${code}`);
    this.code = code;
  }
}

const refuse = (): never => {
  throw new Refusal("stale");
};
const EXPECTATIONS: Readonly<Record<string, unknown>> = {
  "no expectation": undefined,
  "its class": Refusal,
  "a class above": Error,
  "another class": TypeError,
  "a fitting expression": /^Refusal: refused: stale$/,
  "another expression": /^refused/,
  "a function that says true": (error: Error) => error instanceof Refusal,
  "a function that says false": () => false,
  "a function that says nothing": () => undefined,
  "a function that throws": () => {
    throw new RangeError("from the function");
  },
  "fitting members": { name: "Refusal", code: "stale" },
  "members with expressions": { code: /^st/, message: /stale$/ },
  "other members": { code: "fresh" },
  "a missing member": { code: "stale", remedy: undefined },
  "no members": {},
  "a like error": new Refusal("stale"),
  "another error": new Refusal("fresh"),
};

/** What each assertion is called with; the shim must pass and fail with the original. */
const CALLS: Readonly<Record<string, (assertions: Assertions) => unknown>> = {
  "ok of a value": ({ ok }) => ok("x"),
  "ok of nothing": ({ ok }) => ok(0),
  "equal of the same": ({ equal }) => equal(Number.NaN, Number.NaN),
  "equal of likes": ({ equal }) => equal<unknown>("1", 1),
  "equal of zeros": ({ equal }) => equal(0, -0),
  "notEqual of the same": ({ notEqual }) => notEqual(1, 1),
  "notEqual of others": ({ notEqual }) => notEqual(1, 2),
  "deepEqual of copies": ({ deepEqual }) => deepEqual({ a: [1] }, { a: [1] }),
  "deepEqual of others": ({ deepEqual }) => deepEqual<unknown>({ a: [1] }, { a: [2] }),
  "match that fits": ({ match }) => match("abc", /b/),
  "match that does not": ({ match }) => match("abc", /d/),
  "match of no text": ({ match }) => match(1 as unknown as string, /1/),
  fail: ({ fail }) => fail("because"),
  "fail without words": ({ fail }) => fail(),
  "ok with an error as its message": ({ ok }) => ok(false, new RangeError("mine")),
  "equal with a message": ({ equal }) => equal(1, 2, "mine"),
  "doesNotThrow that throws": ({ doesNotThrow }) => doesNotThrow(refuse),
  "doesNotThrow that does not": ({ doesNotThrow }) => doesNotThrow(() => 1),
  "throws of what does not": ({ throws }) => throws(() => 1, Error, "mine"),
  "throws with a message only": ({ throws }) => throws(refuse, "mine"),
  "rejects of what does not": ({ rejects }) => rejects(Promise.resolve(1), Error),
  "rejects of a function": ({ rejects }) => rejects(async () => refuse(), Refusal),
  ...Object.fromEntries(
    Object.entries(EXPECTATIONS).flatMap(([what, expected]) => [
      [`throws with ${what}`, ({ throws }: Assertions) => throws(refuse, expected as Error)],
      [
        `rejects with ${what}`,
        ({ rejects }: Assertions) => rejects(Promise.reject(new Refusal("stale")), expected as Error),
      ],
    ]),
  ),
};

describe("the assertions of the browser run", () => {
  for (const [what, call] of Object.entries(CALLS)) {
    it(`judge as Node does: ${what}`, async () => {
      assert.equal(await verdictOf(call, shim as unknown as Assertions), await verdictOf(call, assert));
    });
  }

  it("are callable by themselves", () => {
    shim(true);
    assert.throws(() => shim(false, "mine"), { name: "AssertionError", message: "mine" });
  });
});

/** Passed, or the name of the error. */
async function verdictOf(call: (assertions: Assertions) => unknown, assertions: Assertions): Promise<string> {
  try {
    await call(assertions);
    return "passed";
  } catch (error) {
    return (error as Error).name;
  }
}
