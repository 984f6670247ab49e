import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absent } from "./absent.ts";
import { runTests, type TestResult } from "./run-tests.ts";
import * as shim from "./test-shim.ts";

/** Results of a file that declares this, as `outcome name`. */
async function outcomes(declare: () => unknown): Promise<string[]> {
  return (await results(declare)).map(({ outcome, name }) => `${outcome} ${name}`);
}

function results(declare: () => unknown): Promise<TestResult[]> {
  return runTests(async () => declare());
}

const boom = (): never => {
  throw new Error("boom");
};

describe("tests in the browser run", () => {
  it("pass, and fail by throwing or rejecting", async () => {
    const found = await outcomes(() => {
      shim.it("a", () => undefined);
      shim.test("b", boom);
      shim.describe("suite", () => {
        shim.it("c", async () => undefined);
        shim.describe("inner", () => shim.it("d", async () => boom()));
      });
    });
    assert.deepEqual(found, ["passed a", "failed b", "passed suite > c", "failed suite > inner > d"]);
  });

  it("fail when they are not done in time", async () => {
    const found = await results(() => shim.it("slow", { timeout: 5 }, () => new Promise(() => undefined)));
    assert.deepEqual(
      found.map(({ outcome, detail }) => [outcome, /not done after 5 ms/.test(detail ?? "")]),
      [["failed", true]],
    );
  });

  it("are skipped with their reason, and a skipped suite declares none", async () => {
    const found = await results(() => {
      shim.it("a", { skip: true }, boom);
      shim.it("b", { skip: false }, () => undefined);
      shim.describe("suite", { skip: "no vectors" }, boom);
    });
    assert.deepEqual(found, [
      { name: "a", outcome: "skipped", detail: "no reason given" },
      { name: "b", outcome: "passed" },
      { name: "suite", outcome: "skipped", detail: "no vectors" },
    ]);
  });

  it("run between their hooks, outer before inner", async () => {
    const steps: string[] = [];
    const note = (step: string) => () => steps.push(step);
    await outcomes(() => {
      shim.beforeEach(note("each"));
      shim.describe("suite", () => {
        shim.before(note("before"));
        shim.beforeEach(note("inner each"));
        shim.afterEach(note("after each"));
        shim.after(note("after"));
        shim.it("a", note("a"));
        shim.it("b", boom);
      });
    });
    const around = (test: readonly string[]) => ["each", "inner each", ...test, "after each"];
    assert.deepEqual(steps, ["before", ...around(["a"]), ...around([]), "after"]);
  });

  it("do not pass when a hook fails", async () => {
    const found = await outcomes(() => {
      shim.describe("one", () => {
        shim.before(boom);
        shim.it("a", () => undefined);
      });
      shim.describe("two", () => {
        shim.beforeEach(boom);
        shim.it("a", () => undefined);
      });
      shim.describe("three", () => {
        shim.afterEach(boom);
        shim.it("a", () => undefined);
      });
      shim.describe("four", () => shim.after(boom));
    });
    assert.deepEqual(found, ["failed one > (before)", "failed two > a", "failed three > a", "failed four > (after)"]);
  });
});

describe("files in the browser run", () => {
  it("fail when they do not load", async () => {
    assert.deepEqual(await outcomes(boom), ["failed (loading)"]);
    assert.deepEqual(await outcomes(() => shim.describe("suite", boom)), ["failed (loading)"]);
  });

  it("fail when they ask the shim for more than it has", async () => {
    const declarations = [
      () => shim.it("a", { todo: true } as shim.TestOptions, () => undefined),
      () => shim.it("a", {}),
      () => shim.describe("a", async () => undefined),
    ];
    for (const declare of declarations) {
      assert.deepEqual(await outcomes(declare), ["failed (loading)"]);
    }
  });

  it("fail in the test that declares another", async () => {
    assert.deepEqual(await outcomes(() => shim.it("a", () => shim.it("b", boom))), ["failed a"]);
  });
});

describe("what a browser lacks", () => {
  const missing = async (job: () => unknown) => (await results(() => shim.it("a", job)))[0]?.missing;
  const lacking = absent("node:crypto") as (new () => unknown) & (() => unknown) & { member: unknown };

  it("is named when it is called, constructed or read", async () => {
    assert.equal(await missing(() => lacking()), "node:crypto");
    assert.equal(await missing(() => new lacking()), "node:crypto");
    assert.equal(await missing(() => lacking.member), "node:crypto");
  });

  it("is named when it is a global, or the cause of the error", async () => {
    assert.equal(
      await missing(() => {
        throw new Error("outer", { cause: new ReferenceError("Buffer is not defined") });
      }),
      "Buffer",
    );
  });

  it("is not taken for another fault", async () => {
    assert.equal(await missing(boom), undefined);
    assert.equal(
      await missing(() => {
        throw new ReferenceError("myVariable is not defined");
      }),
      undefined,
    );
    assert.equal(
      await missing(() => {
        throw new Error("Buffer is not defined");
      }),
      undefined,
    );
  });
});
