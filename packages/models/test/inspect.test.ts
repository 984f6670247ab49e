import assert from "node:assert/strict";
import { test } from "node:test";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { inspectModel } from "../src/inspect/inspect-model.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError } from "./fixtures/errors.ts";
import { functionDef, savedModelFiles } from "./fixtures/saved-model.ts";
import { floats } from "./fixtures/tensors.ts";

const func = (name: string) => ({ func: { name, attr: new Map() } });

/** A choice whose branches use an operation that is there, and ones that are not. */
const files = () =>
  savedModelFiles({
    nodes: [
      node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
      node("text", "Placeholder", [], { dtype: typeAttr("string") }),
      node("choice", "Placeholder", [], { dtype: typeAttr("bool") }),
      node("y", "If", ["choice", "x"], { then_branch: func("yes"), else_branch: func("no") }),
      node("lower", "StringLower", ["text"]),
      node("strange", "Strange", ["x"]),
      node("stranger", "Strange", ["strange"]),
      node("odd", "Odd", ["stranger"]),
    ],
    functions: [
      functionDef("yes", ["x"], { y: "y:y:0" }, [node("y", "Neg", ["x"])]),
      functionDef("no", ["x"], { y: "y:z:0" }, [
        constantNode("one", floats([], [1])),
        node("y", "AddV2", ["x", "one:output:0"]),
      ]),
    ],
    signatures: {
      good: {
        inputs: { x: ["x:0", "float32"], choice: ["choice:0", "bool"], text: ["text:0", "string"] },
        outputs: { y: ["y:0", "float32"], lower: ["lower:0", "string"] },
      },
      bad: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["odd:0", "float32"] } },
    },
  });

test("a report counts operations, those inside of control flow too, and says what runs them", () => {
  const { platform, signatures } = inspectModel(files());
  assert.equal(platform, "tensorflow");
  const operations = Object.fromEntries(
    signatures["good"]?.operations.map(({ op, nodes, runBy }) => [op, [nodes, runBy]]) ?? [],
  );
  assert.deepEqual(operations, {
    AddV2: [1, "engine"],
    Const: [1, "plan"],
    If: [1, "plan"],
    Neg: [1, "engine"],
    StringLower: [1, "interpreter"],
  });
  assert.deepEqual(signatures["good"]?.inputs["x"], { dtype: "float32", shape: [-1] });
});

test("a report has the steps of the plan with their operations", () => {
  const steps = inspectModel(files()).signatures["good"]?.steps ?? [];
  const branch = steps.find(({ kind }) => kind === "branch");
  assert.deepEqual(
    branch?.bodies.map((body) => body.map(({ operations }) => Object.keys(operations)[0])),
    [["Neg"], ["Add"]],
  );
  assert.deepEqual(steps.find(({ kind }) => kind === "kernel")?.operations, { StringLower: 1 });
  const [sole] = inspectModel(makeHalfPlusTwo()).signatures["serving_default"]?.steps ?? [];
  assert.deepEqual([sole?.kind, sole?.inputs, sole?.outputs], ["island", ["x"], ["y"]]);
});

test("what is not supported is named with all that need it, and the rest still serves", () => {
  const message =
    /Strange \(node "strange(r)?", signature "bad"\) is not supported: 2 nodes need it, nor is Odd \(1 node\)$/;
  const { refusals, plans } = prepareSavedModel(files());
  assert.match(refusals.get("bad")?.message ?? "", message);
  assert.deepEqual([...plans.keys()], ["good"]);
  const { bad } = inspectModel(files()).signatures;
  assert.match(bad?.refusal ?? "", message);
  assert.deepEqual(bad?.steps, []);
  assert.deepEqual(bad?.operations[0], { op: "Strange", nodes: 2, runBy: "nothing" });
});

test("a model of which nothing runs is reported, though it is not loaded", () => {
  const signatures = { s: { outputs: { y: ["y:0", "float32"] } } } as const;
  const nothing = () => savedModelFiles({ nodes: [node("y", "Strange")], signatures });
  assert.throws(() => prepareSavedModel(nothing()), modelError("unsupported-op"));
  assert.match(inspectModel(nothing()).signatures["s"]?.refusal ?? "", /1 node needs it$/);
});

test("operations inside of a function that are not supported are named too", () => {
  const model = savedModelFiles({
    nodes: [
      node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
      node("choice", "Placeholder", [], { dtype: typeAttr("bool") }),
      node("y", "If", ["choice", "x"], { then_branch: func("f"), else_branch: func("f") }),
    ],
    functions: [
      functionDef("f", ["x"], { y: "b:y:0" }, [node("a", "Strange", ["x"]), node("b", "Strange", ["a:y:0"])]),
    ],
    signatures: {
      s: { inputs: { x: ["x:0", "float32"], choice: ["choice:0", "bool"] }, outputs: { y: ["y:0", "float32"] } },
    },
  });
  assert.throws(
    () => prepareSavedModel(model),
    modelError("unsupported-op", /Strange \(node "y\/[ab]", signature "s"\).*2 nodes/),
  );
});
