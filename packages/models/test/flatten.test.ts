import assert from "node:assert/strict";
import { test } from "node:test";

import { type AttrValue, type FunctionDef, type NodeDef, OpDef } from "@sealserve/protocol";

import { node } from "../src/examples/graph-def.ts";
import type { FlatGraph } from "../src/saved-model/flat-graph.ts";
import { type FlattenRequest, flatten } from "../src/saved-model/flatten.ts";
import { FlattenWork } from "../src/saved-model/flatten-work.ts";
import { indexGraph } from "../src/saved-model/graph-library.ts";
import { parseMetaGraph } from "../src/saved-model/meta-graph.ts";
import { modelError } from "./fixtures/errors.ts";
import { callNode, functionDef, halfPlusTwoWithFunctions, savedModelFiles } from "./fixtures/saved-model.ts";

interface Graph {
  readonly nodes: readonly NodeDef[];
  readonly functions?: readonly FunctionDef[];
  readonly operations?: readonly OpDef[];
}

function flattenGraph(graph: Graph, request: FlattenRequest): FlatGraph {
  const files = savedModelFiles({ ...graph, signatures: {} });
  return flatten(indexGraph(parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array())), request);
}

const names = ({ nodes }: FlatGraph): string[] => nodes.map(({ name }) => name);

test("nodes come behind what they need, and nothing else comes along", () => {
  const nodes = [
    node("out", "Add", ["mid", "x"]),
    node("mid", "Identity", ["x"]),
    node("x", "Placeholder"),
    node("unused", "Identity", ["x"]),
  ];
  assert.deepEqual(names(flattenGraph({ nodes }, { fed: [], fetched: ["out:0"] })), ["x", "mid", "out"]);
});

test("the graph is cut at a fed tensor, whatever makes it", () => {
  const nodes = [
    node("parse", "ParseExample", ["bytes"]),
    node("x", "Identity", ["parse:3"]),
    node("y", "Relu", ["x"]),
  ];
  const flat = flattenGraph({ nodes }, { fed: ["x:0"], fetched: ["y:0", "x"] });
  assert.deepEqual(names(flat), ["y"]);
  assert.deepEqual(flat.outputs[1], { fed: 0 });
  assert.deepEqual(flat.nodes[0]?.inputs, [{ fed: 0 }]);
});

test("calls are replaced by the nodes of their functions, with a copy for each call", () => {
  const model = halfPlusTwoWithFunctions();
  const flat = flattenGraph(model, { fed: ["input_x"], fetched: ["serve:0"] });
  const expected = [
    "b",
    "serve/call/b_read",
    "a",
    "serve/call/a_read",
    "serve/call/product",
    "serve/call/sum",
    "serve/result",
  ];
  assert.deepEqual(names(flat).sort(), expected.sort());
  assert.deepEqual(
    flat.effects.map(({ name }) => name),
    ["serve/call/guard"],
  );
});

test("a node can name a function as its operation and refer to results by name", () => {
  const twice = functionDef("twice", ["v"], { first: "a:y:0", second: "b:y:0" }, [
    node("a", "Neg", ["v"]),
    node("b", "Relu", ["v"]),
  ]);
  const outer = functionDef("outer", ["v"], { out: "pair:second:0" }, [node("pair", "twice", ["v"])]);
  const nodes = [node("x", "Placeholder"), callNode("run", "outer", ["x"])];
  const flat = flattenGraph({ nodes, functions: [twice, outer] }, { fed: ["x"], fetched: ["run"] });
  assert.deepEqual(names(flat), ["run/pair/b"]);
});

test("an output argument is found behind others that take several outputs", () => {
  const [values, rest] = ["values", "rest"].map((name) => ({
    name,
    description: "",
    type: 0,
    typeAttr: "",
    numberAttr: name === "values" ? "n" : "",
    typeListAttr: "",
    isRef: false,
  }));
  assert.ok(values && rest);
  const operation = OpDef.create({ name: "Several", outputArg: [values, rest] });
  const body = [node("s", "Several", ["v"], { n: { i: 3n } }), node("r", "Relu", ["s:rest:0"])];
  const functions = [functionDef("f", ["v"], { out: "r:activations:0" }, body)];
  const nodes = [node("x", "Placeholder"), callNode("run", "f", ["x"])];
  const flat = flattenGraph({ nodes, functions, operations: [operation] }, { fed: ["x"], fetched: ["run"] });
  const [input] = flat.nodes.at(-1)?.inputs ?? [];
  assert.ok(input && "node" in input);
  assert.equal(input.output, 3);
});

test("nodes that only run for their effect are told apart: control edges, and what a call always runs", () => {
  const body = [node("count", "AssignAdd", ["v"]), node("r", "Relu", ["v"])];
  const functions = [functionDef("f", ["v"], { out: "r:activations:0" }, body, ["count"])];
  const nodes = [
    node("x", "Placeholder"),
    node("log", "Print", ["x"]),
    callNode("run", "f", ["x", "^log"]),
    node("y", "Identity", ["run"]),
  ];
  const flat = flattenGraph({ nodes, functions }, { fed: ["x"], fetched: ["y"] });
  assert.deepEqual(names(flat), ["run/r", "y"]);
  assert.deepEqual(flat.effects.map(({ name }) => name).sort(), ["log", "run/count"]);
});

test("a refused node stops the walk before anything behind it is looked at", () => {
  const nodes = [node("bad", "PyFunc", ["missing"]), node("y", "Relu", ["bad"])];
  const admit = ({ op }: { op: string }) => {
    assert.notEqual(op, "PyFunc", "refused");
  };
  assert.throws(() => flattenGraph({ nodes }, { fed: [], fetched: ["y"], admit }), /refused/);
});

test("a graph in a circle is refused", () => {
  const nodes = [node("a", "Relu", ["b"]), node("b", "Relu", ["a"])];
  assert.throws(() => flattenGraph({ nodes }, { fed: [], fetched: ["a"] }), modelError("cyclic-graph"));
  const self = functionDef("f", ["v"], { out: "v" }, []);
  const circle = [callNode("run", "f", ["run"])];
  assert.throws(
    () => flattenGraph({ nodes: circle, functions: [self] }, { fed: [], fetched: ["run"] }),
    modelError("cyclic-graph"),
  );
});

test("functions that call themselves, or that multiply without end, are refused", () => {
  const endless = functionDef("f", ["v"], { out: "again:output:0" }, [callNode("again", "f", ["v"])]);
  const nodes = [node("x", "Placeholder"), callNode("run", "f", ["x"])];
  assert.throws(
    () => flattenGraph({ nodes, functions: [endless] }, { fed: [], fetched: ["run"] }),
    modelError("too-large"),
  );
  const doubling = Array.from({ length: 40 }, (_, level) =>
    functionDef(level === 0 ? "f" : `f${level}`, ["v"], { out: "sum:z:0" }, [
      callNode("left", `f${level + 1}`, ["v"]),
      callNode("right", `f${level + 1}`, ["v"]),
      node("sum", "Add", ["left:output:0", "right:output:0"]),
    ]),
  );
  const last = functionDef("f40", ["v"], { out: "v" }, []);
  assert.throws(
    () => flattenGraph({ nodes, functions: [...doubling, last] }, { fed: [], fetched: ["run"] }),
    modelError("too-large"),
  );
});

test("calls inside each other, and what calls come to, are bounded (D10)", () => {
  const nested = (depth: number) => {
    const functions = Array.from({ length: depth }, (_, level) =>
      level + 1 < depth
        ? functionDef(`f${level}`, ["v"], { out: "c:output:0" }, [callNode("c", `f${level + 1}`, ["v"])])
        : functionDef(`f${level}`, ["v"], { out: "v" }, []),
    );
    return { nodes: [node("x", "Placeholder"), callNode("run", "f0", ["x"])], functions };
  };
  const request = { fed: [], fetched: ["run"] };
  assert.doesNotThrow(() => flattenGraph(nested(64), request));
  assert.throws(() => flattenGraph(nested(65), request), modelError("too-large", /too deeply/));
  /** A chain of calls of a function with this body. */
  const called = (count: number, body: readonly NodeDef[]) => ({
    nodes: [
      node("x", "Placeholder"),
      ...Array.from({ length: count }, (_, index) => callNode(`y${index}`, "f", [index === 0 ? "x" : `y${index - 1}`])),
    ],
    functions: [functionDef("f", ["v"], { out: `n${body.length - 1}:z:0` }, body)],
  });
  const chain = Array.from({ length: 600 }, (_, index) =>
    node(`n${index}`, "Relu", [index === 0 ? "v" : `n${index - 1}:z:0`]),
  );
  assert.throws(
    () => flattenGraph(called(900, chain), { fed: [], fetched: ["y899"] }),
    modelError("too-large", /more than 500000 nodes/),
  );
  const wide = [
    node(
      "n0",
      "AddN",
      Array.from({ length: 1_000_001 }, () => "x"),
    ),
    node("x", "Placeholder"),
  ];
  const twice = [node("n1", "AddN", [...(wide[0]?.input ?? [])]), node("n2", "Add", ["n1", "n0"])];
  assert.throws(
    () => flattenGraph({ nodes: [...wide, ...twice] }, { fed: ["x"], fetched: ["n2"] }),
    modelError("too-large", /more than 2000000 inputs/),
  );
});

test("all graphs that are taken out of a model are bounded together (D10)", () => {
  const nodes = [node("x", "Placeholder"), node("y", "Add", ["x", "x"]), node("z", "Add", ["y", "x"])];
  const files = savedModelFiles({ nodes, signatures: {} });
  const library = indexGraph(parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array()));
  const request = { fed: ["x"], fetched: ["z"] };
  const plenty = { nodes: 1000, inputs: 1000, steps: 1000 };
  for (const [kind, each] of [
    ["nodes", 2],
    ["inputs", 4],
    ["steps", 5],
  ] as const) {
    const bounded = { ...library, flattening: new FlattenWork({ ...plenty, [kind]: 3 * each }) };
    for (let signature = 0; signature < 3; signature++) {
      assert.equal(flatten(bounded, request).nodes.length, 2);
    }
    assert.throws(() => flatten(bounded, request), modelError("too-large", /of all signatures have more than/), kind);
  }
});

test("an attribute of a function's node may come through several calls", () => {
  const call = (name: string, callee: string, input: string, attr: Readonly<Record<string, AttrValue>>) =>
    node(name, "PartitionedCall", [input], { f: { func: { name: callee, attr: new Map(Object.entries(attr)) } } });
  const body = [node("n", "Cast", ["v"], { DstT: { placeholder: "T" } })];
  const functions = [
    functionDef("inner", ["v"], { out: "n:y:0" }, body),
    functionDef("outer", ["v"], { out: "c:output:0" }, [call("c", "inner", "v", { T: { placeholder: "U" } })]),
  ];
  const typeOf = (attr: Readonly<Record<string, AttrValue>>) => {
    const nodes = [node("x", "Placeholder"), call("run", "outer", "x", attr)];
    return flattenGraph({ nodes, functions }, { fed: ["x"], fetched: ["run"] }).nodes[0]?.attribute("DstT");
  };
  assert.equal(typeOf({ U: { type: 9 } })?.type, 9);
  assert.equal(typeOf({ V: { type: 9 } }), undefined);
});

test("a chain of a thirty thousand nodes does not exhaust the stack", () => {
  const chain = Array.from({ length: 30_000 }, (_, index) =>
    node(`n${index}`, "Relu", [index === 0 ? "x" : `n${index - 1}`]),
  );
  const flat = flattenGraph({ nodes: [node("x", "Placeholder"), ...chain] }, { fed: [], fetched: ["n29999"] });
  assert.equal(flat.nodes.length, 30_001);
});

test("references to nothing are refused", () => {
  const bad = modelError("bad-graph");
  const nodes = [
    node("y", "Relu", ["missing"]),
    callNode("run", "nowhere", []),
    callNode("short", "f", []),
    node("z", "Relu", ["a:b:c:d"]),
  ];
  const functions = [functionDef("f", ["v"], { out: "r:activations:0" }, [node("r", "Relu", ["v"])])];
  for (const fetched of ["y", "run", "short", "short:1", "z", "nothing", "^y", "y:x"]) {
    assert.throws(() => flattenGraph({ nodes, functions }, { fed: [], fetched: [fetched] }), bad, fetched);
  }
  const twice = [node("y", "Relu"), node("y", "Neg")];
  assert.throws(
    () => flattenGraph({ nodes: twice }, { fed: [], fetched: ["y"] }),
    modelError("bad-graph", /same name/),
  );
});

test("a function's placeholder attribute takes the value of its call", () => {
  const body = [node("c", "Cast", ["v"], { DstT: { placeholder: "T" } })];
  const functions = [functionDef("f", ["v"], { out: "c:y:0" }, body)];
  const call = node("run", "PartitionedCall", ["x"], {
    f: { func: { name: "f", attr: new Map([["T", { type: 9 }]]) } },
  });
  const flat = flattenGraph({ nodes: [node("x", "Placeholder"), call], functions }, { fed: ["x"], fetched: ["run"] });
  assert.equal(flat.nodes[0]?.attribute("DstT")?.type, 9);
});

test("ways through calls that add up are refused, as are effects of many calls (D10)", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => index);
  const passing = functionDef("f", ["v"], { out: "v" }, []);
  const calls = many(480).map((index) => callNode(`c${index}`, "f", [index === 0 ? "x" : `c${index - 1}`]));
  const far = node(
    "sum",
    "AddN",
    many(11_000).map(() => "c479"),
  );
  assert.throws(
    () => flattenGraph({ nodes: [...calls, far], functions: [passing] }, { fed: ["x"], fetched: ["sum"] }),
    modelError("too-large", /more than 10000000 steps/),
  );
  const effects = many(600).map((index) => `e${index}`);
  const busy = (results: Record<string, string>, controlResults: readonly string[]) => {
    const body = [node("r", "Relu", ["v"]), ...controlResults.map((name) => node(name, "NoOp"))];
    const run = many(19_000).map((index) => callNode(`c${index}`, "f", ["x"]));
    const all = node("all", "Relu", ["x", ...run.map(({ name }) => `^${name}`)]);
    const functions = [functionDef("f", ["v"], results, body, controlResults)];
    return flattenGraph({ nodes: [...run, all], functions }, { fed: ["x"], fetched: ["all"] });
  };
  const results = Object.fromEntries(effects.map((name) => [name, "r:activations:0"]));
  assert.throws(() => busy(results, []), modelError("too-large", /more than 10000000 steps/));
  assert.throws(() => busy({}, effects), modelError("too-large", /more than (10000000 steps|500000 nodes)/));
});

test("call names that add up are refused", () => {
  const levels = (length: number) => {
    const name = "n".repeat(length);
    const inner = functionDef("inner", ["v"], { out: "r:activations:0" }, [node("r", "Relu", ["v"])]);
    const outer = functionDef("outer", ["v"], { out: `${name}:output:0` }, [callNode(name, "inner", ["v"])]);
    const nodes = [node("x", "Placeholder"), callNode("run", "outer", ["x"])];
    return flattenGraph({ nodes, functions: [inner, outer] }, { fed: ["x"], fetched: ["run"] });
  };
  assert.equal(levels(4000).nodes.length, 1);
  assert.throws(() => levels(4096), modelError("too-large", /names/));
});

test("a long node name costs no copy for each call", () => {
  const long = "n".repeat(2 ** 22);
  const body = [node(long, "Relu", ["v"])];
  const functions = [functionDef("f", ["v"], { out: `${long}:activations:0` }, body)];
  const calls = Array.from({ length: 500 }, (_, index) =>
    callNode(`c${index}`, "f", [index === 0 ? "x" : `c${index - 1}`]),
  );
  const before = process.memoryUsage().heapUsed;
  const flat = flattenGraph(
    { nodes: [node("x", "Placeholder"), ...calls], functions },
    { fed: ["x"], fetched: ["c499"] },
  );
  assert.equal(flat.nodes.length, 500);
  assert.ok(process.memoryUsage().heapUsed - before < 2 ** 29, "memory for one name, not for 500");
});
