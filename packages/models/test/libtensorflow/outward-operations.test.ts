import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AssetFileDef,
  AttrList,
  type AttrValue,
  MetaGraphDef,
  type NodeDef,
  OpDef,
  TensorInfo,
} from "@sealserve/protocol";

import { constantNode, node, textTensor, typeAttr } from "../../src/examples/graph-def.ts";
import { type Reach, refuseOutwardOperations } from "../../src/libtensorflow/outward-operations.ts";
import { indexGraph } from "../../src/saved-model/graph-library.ts";
import { assetTensors } from "../../src/saved-model/initialisation.ts";
import { parseMetaGraph } from "../../src/saved-model/meta-graph.ts";
import { modelError } from "../fixtures/errors.ts";
import { callNode, type FixtureModel, functionDef, savedModelFiles } from "../fixtures/saved-model.ts";

const text = typeAttr("string");

function refuse(model: Omit<FixtureModel, "signatures">, reach: Partial<Reach>): void {
  const files = savedModelFiles({ ...model, signatures: {} });
  const library = indexGraph(parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array()));
  refuseOutwardOperations(library, [{ fetched: [], fed: [], ...reach }]);
}

/** Reads a file of its choice. */
const reading = [
  constantNode("path", textTensor(["/etc/passwd"])),
  node("read", "ReadFile", ["path"]),
  node("y", "Identity", ["read"], { T: text }),
  node("harmless", "Identity", ["path"], { T: text }),
];
const refused = (name: string) => modelError("unsupported-op", new RegExp(`"${name}" reaches out of the model`));

test("a graph that reads a file that it names itself is refused by the node's name (threat D10)", () => {
  assert.throws(() => refuse({ nodes: reading }, { fetched: ["y:0"] }), refused("read"));
  assert.throws(
    () => refuse({ nodes: [...reading, node("late", "NoOp", ["^read"])] }, { fetched: ["late"] }),
    refused("read"),
  );
});

test("what no call and no loading runs does not count, nor what would compute a value that the call brings", () => {
  refuse({ nodes: reading }, { fetched: ["harmless:0"] });
  refuse({ nodes: reading }, { fetched: ["y:0"], fed: ["read:0"] });
  refuse({ nodes: reading }, { fetched: ["y:0"], fed: ["read"] });
  assert.throws(() => refuse({ nodes: reading }, { fetched: ["y:0"], fed: ["harmless:0"] }), refused("read"));
});

test("functions are looked into: called by name, by an attribute, and by functions of theirs", () => {
  const inner = functionDef("inner", ["path"], { text: "read_inside:contents:0" }, [
    node("read_inside", "ReadFile", ["path"]),
  ]);
  const outer = functionDef("outer", ["path"], { text: "called:output:0" }, [callNode("called", "inner", ["path"])]);
  const path = node("path", "Placeholder", [], { dtype: text });
  const loop = node("y", "While", ["path"], { cond: { func: { name: "outer", attr: new Map() } } });
  for (const call of [callNode("y", "outer", ["path"]), node("y", "outer", ["path"]), loop]) {
    assert.throws(
      () => refuse({ nodes: [path, call], functions: [inner, outer] }, { fetched: ["y:0"] }),
      refused("read_inside"),
    );
  }
});

/** A function, and one that nobody names and that writes a file. */
const unnamed = [
  functionDef("good", ["path"], { text: "path" }, []),
  functionDef("bad", ["path"], { text: "path" }, [node("write_unnamed", "WriteFile", ["path", "path"])]),
];

test("functions of the same interface count, since TensorFlow may run one for the other", () => {
  const implementing = (...names: readonly string[]) =>
    unnamed.map((definition, index) => ({
      ...definition,
      attr: new Map([["api_implements", { s: Buffer.from(names[index] ?? "") }]]),
    }));
  const nodes = [constantNode("path", textTensor(["/tmp/x"])), callNode("y", "good", ["path"])];
  refuse({ nodes, functions: unnamed }, { fetched: ["y:0"] });
  refuse({ nodes, functions: implementing("api", "other") }, { fetched: ["y:0"] });
  assert.throws(
    () => refuse({ nodes, functions: implementing("api", "api") }, { fetched: ["y:0"] }),
    refused("write_unnamed"),
  );
  const backwards = implementing("api", "api").toReversed();
  const between = { ...functionDef("between", ["x"], { y: "x" }, []), attr: backwards[0]?.attr ?? new Map() };
  for (const functions of [backwards, backwards.toSpliced(1, 0, between)]) {
    assert.throws(() => refuse({ nodes, functions }, { fetched: ["y:0"] }), refused("write_unnamed"));
  }
});

test("two functions of one name are refused, since either may run", () => {
  const functions = [functionDef("f", ["x"], { y: "x" }, []), functionDef("f", ["x"], { y: "x" }, [])];
  assert.throws(() => refuse({ nodes: [], functions }, {}), modelError("bad-graph", /two functions/));
});

test("the gradient of a function counts", () => {
  const nodes = [
    constantNode("path", textTensor(["/tmp/x"])),
    node("y", "SymbolicGradient", ["path"], { f: { func: { name: "good", attr: new Map() } } }),
  ];
  refuse({ nodes, functions: unnamed, gradients: { other: "bad" } }, { fetched: ["y:0"] });
  assert.throws(
    () => refuse({ nodes, functions: unnamed, gradients: { good: "bad" } }, { fetched: ["y:0"] }),
    refused("write_unnamed"),
  );
});

test("variables are restored by the loader alone, which then reads the model's own folder", () => {
  const nodes = [
    node("file", "Placeholder"),
    node("restored", "RestoreV2", ["file"]),
    node("all", "NoOp", ["^restored"]),
  ];
  refuse({ nodes }, { fetched: ["all"], checkpoint: "file:0" });
  assert.throws(() => refuse({ nodes }, { fetched: ["restored:0"] }), refused("restored"));
  const writing = [...nodes, node("write", "WriteFile", ["file", "file"]), node("both", "NoOp", ["^all", "^write"])];
  assert.throws(() => refuse({ nodes: writing }, { fetched: ["both"], checkpoint: "file:0" }), refused("write"));
});

const file = node("file", "Placeholder", [], { dtype: text });
const other = constantNode("other", textTensor(["/models/other/variables/variables"]));
const restoring = { fetched: ["restored"], checkpoint: "file:0" };

test("restoring another model's variables is refused", () => {
  const from = (input: string) => ({ nodes: [file, other, node("restored", "RestoreV2", [input])] });
  refuse(from("file"), restoring);
  for (const input of ["other", "file:1", "^file", "absent"]) {
    assert.throws(() => refuse(from(input), restoring), refused("restored"), input);
  }
  assert.throws(() => refuse(from("file"), { fetched: ["restored"] }), refused("restored"));
  const joined = [file, other, node("at", "StringJoin", ["file", "other"]), node("restored", "RestoreV2", ["at"])];
  assert.throws(() => refuse({ nodes: joined }, restoring), refused("restored"));
  const chain = Array.from({ length: 50_000 }, (_, at) =>
    node(`i${at}`, "Identity", [at === 0 ? "file" : `i${at - 1}`]),
  );
  const long = [file, ...chain, node("restored", "RestoreV2", ["i49999"])];
  assert.throws(() => refuse({ nodes: long }, restoring), refused("restored"));
  const circle = [node("a", "Identity", ["b"]), node("b", "Identity", ["a"]), node("restored", "RestoreV2", ["a"])];
  assert.throws(() => refuse({ nodes: [file, ...circle] }, restoring), refused("restored"));
});

test("the checkpoint's path may come as an argument of a function, when it comes in each call", () => {
  const inner = functionDef("inner", ["x", "path"], { y: "read:tensors:0" }, [
    node("same", "Identity", ["path"], { T: text }),
    node("read", "RestoreV2", ["same:output:0"]),
  ]);
  const outer = functionDef("outer", ["path"], { y: "call:output:0" }, [callNode("call", "inner", ["path", "path"])]);
  const functions = [inner, outer];
  const model = (...calls: readonly NodeDef[]) => ({
    nodes: [
      file,
      other,
      ...calls,
      node(
        "all",
        "NoOp",
        calls.map(({ name }) => `^${name}`),
      ),
    ],
    functions,
  });
  const all = { ...restoring, fetched: ["all"] };
  refuse(model(callNode("a", "outer", ["file"]), callNode("b", "inner", ["other", "file"])), all);
  const mapped = { f: { func: { name: "inner", attr: new Map() } } };
  for (const bad of [
    callNode("b", "inner", ["file", "other"]),
    node("b", "inner", ["file", "other"]),
    callNode("b", "outer", ["other"]),
    callNode("b", "inner", ["file"]),
    node("b", "MapDefun", ["file", "file"], mapped),
  ]) {
    assert.throws(() => refuse(model(callNode("a", "outer", ["file"]), bad), all), refused("read"));
  }
});

test("an argument that stands for several inputs, and a function named as an operation, hide no other path", () => {
  const plain = functionDef("f", ["x", "path"], { y: "read:tensors:0" }, [node("read", "RestoreV2", ["path"])]);
  const inputArg = plain.signature?.inputArg.map((argument, at) =>
    at === 0 ? { ...argument, numberAttr: "N" } : argument,
  );
  const listed = { ...plain, signature: OpDef.create({ ...plain.signature, inputArg: inputArg ?? [] }) };
  const nodes = [file, other, callNode("restored", "f", ["file", "file", "other"])];
  refuse({ nodes, functions: [plain] }, restoring);
  assert.throws(() => refuse({ nodes, functions: [listed] }, restoring), refused("read"));
  const identity = functionDef("Identity", ["x"], { y: "other:output:0" }, [other]);
  const shadowed = [file, node("same", "Identity", ["file"]), node("restored", "RestoreV2", ["same"])];
  refuse({ nodes: shadowed }, restoring);
  assert.throws(() => refuse({ nodes: shadowed, functions: [identity] }, restoring), refused("restored"));
});

const table = (path: string, name = "table") => [
  node("handle", "HashTableV2"),
  node(name, "InitializeTableFromTextFileV2", ["handle", path]),
];
const filling: Partial<Reach> = { fetched: ["table"], assets: ["file:0"] };

test("tables are filled from assets of the model alone, and while it is loaded (threat D10)", () => {
  refuse({ nodes: [file, ...table("file")] }, filling);
  refuse({ nodes: [file, node("same", "Identity", ["file"]), ...table("same")] }, filling);
  refuse({ nodes: [file, other, ...table("other")] }, { fetched: ["handle:0"], assets: ["file:0"] });
  const joined = node("joined", "StringJoin", ["file", "other"]);
  for (const path of ["other", "file:1", "^file", "absent", "joined"]) {
    assert.throws(() => refuse({ nodes: [file, other, joined, ...table(path)] }, filling), refused("table"), path);
  }
  for (const reach of [{ fetched: ["table"] }, { fetched: ["table"], assets: [] }, { ...filling, assets: ["b"] }]) {
    assert.throws(() => refuse({ nodes: [file, ...table("file")] }, reach), refused("table"));
  }
  const older = [file, other, node("table", "InitializeTableFromTextFile", ["handle", "other"])];
  assert.throws(() => refuse({ nodes: older }, filling), refused("table"));
  // Neither is the model's checkpoint a vocabulary, nor an asset a checkpoint.
  const mixed = { fetched: ["table"], assets: [], checkpoint: "file:0" };
  assert.throws(() => refuse({ nodes: [file, ...table("file")] }, mixed), refused("table"));
  const restored = { nodes: [file, node("restored", "RestoreV2", ["file"])] };
  assert.throws(() => refuse(restored, { fetched: ["restored"], assets: ["file:0"] }), refused("restored"));
});

test("the path of an asset may go through functions and a variable, where no variable gets another text (threat D10)", () => {
  const variable = node("variable", "VarHandleOp", [], { dtype: text });
  const assign = (name: string, value: string, dtype: AttrValue = text) =>
    node(name, "AssignVariableOp", ["variable", value], { dtype });
  const read = node("path", "ReadVariableOp", ["variable"], { dtype: text });
  const filler = functionDef("filler", ["handle", "path"], { y: "path" }, [
    node("table", "InitializeTableFromTextFileV2", ["handle", "path"]),
  ]);
  const model = (...more: readonly NodeDef[]): Omit<FixtureModel, "signatures"> => ({
    nodes: [
      file,
      other,
      variable,
      read,
      assign("first", "file"),
      node("handle", "HashTableV2"),
      callNode("call", "filler", ["handle", "path"]),
      ...more,
      node("all", "NoOp", ["^first", "^call", ...more.map(({ name }) => `^${name}`)]),
    ],
    functions: [filler],
  });
  const all = { ...filling, fetched: ["all"] };
  refuse(model(), all);
  refuse(model(assign("number", "other", typeAttr("int64"))), all);
  for (const bad of [
    assign("second", "other"),
    node("scattered", "ResourceScatterUpdate", ["variable", "other", "other"], { dtype: text }),
    node("sliced", "ResourceStridedSliceAssign", ["variable"], { T: text }),
  ]) {
    assert.throws(() => refuse(model(bad), all), refused("table"), bad.op);
  }
});

test("what restoring puts into variables is no path of an asset either (threat D10)", () => {
  const nodes = [
    file,
    other,
    node("variable", "VarHandleOp", [], { dtype: text }),
    node("path", "ReadVariableOp", ["variable"], { dtype: text }),
    ...table("path"),
    node("restored", "AssignVariableOp", ["variable", "other"], { dtype: text }),
  ];
  const library = indexGraph(
    parseMetaGraph(savedModelFiles({ nodes, signatures: {} }).get("saved_model.pb") ?? new Uint8Array()),
  );
  const initialising: Reach = { fetched: ["table"], fed: [], assets: ["file"] };
  const afterwards: Reach = { fetched: ["restored"], fed: [] };
  const before: Reach = { ...afterwards, assets: ["file"] };
  refuseOutwardOperations(library, [initialising, afterwards]);
  assert.throws(() => refuseOutwardOperations(library, [initialising, before]), refused("table"));
});

test("an asset outside of the folder of assets is refused, whatever reads it (threat D10)", () => {
  const files = (filename: string) => {
    const metaGraph = parseMetaGraph(
      savedModelFiles({ nodes: [file, ...table("file")], signatures: {} }).get("saved_model.pb") ?? new Uint8Array(),
    );
    const tensorInfo = TensorInfo.create({ name: "file:0" });
    return MetaGraphDef.create({ ...metaGraph, assetFileDef: [AssetFileDef.create({ filename, tensorInfo })] });
  };
  assert.deepEqual(assetTensors(files("vocabularies/a..txt")), ["file:0"]);
  for (const filename of ["", "/etc/passwd", "../variables/variables.index", "a/../../../b", ".."]) {
    assert.throws(() => assetTensors(files(filename)), modelError("unsafe-path"), filename);
  }
});

test("printing goes to the program's own streams only", () => {
  const printing = (stream: string) => [node("print", "PrintV2", [], { output_stream: { s: Buffer.from(stream) } })];
  refuse({ nodes: printing("stderr") }, { fetched: ["print"] });
  refuse({ nodes: [node("print", "PrintV2")] }, { fetched: ["print"] });
  assert.throws(() => refuse({ nodes: printing("file:///tmp/x") }, { fetched: ["print"] }), refused("print"));
});

const textAttr = (content: string): AttrValue => ({ s: Buffer.from(content) });

test("files that an attribute names are not read, nor programs run that stand in a text", () => {
  const operations: [string, Record<string, AttrValue>?][] = [
    ["ImmutableConst", { memory_region_name: textAttr("/etc/passwd") }],
    ["Skipgram", { filename: textAttr("/etc/passwd") }],
    ["RecordInput", { file_pattern: textAttr("/etc/*") }],
    ["DecodeProtoV2", { descriptor_source: textAttr("/etc/passwd") }],
    ["EncodeProto", { descriptor_source: textAttr("/etc/passwd") }],
    ["EncodeProto", { descriptor_source: { i: 1n } }],
    ["FixedUnigramCandidateSampler", { vocab_file: textAttr("/etc/passwd") }],
    ["Copy", { debug_ops_spec: { list: AttrList.create({ s: [Buffer.from("DebugIdentity;file:///tmp;0")] }) } }],
    ["InitializeTRTResource"],
    ["DatasetFromGraph"],
    ["BigQueryReader"],
    ["XlaCustomCallV2"],
  ];
  for (const [op, attributes] of operations) {
    assert.throws(() => refuse({ nodes: [node("bad", op, [], attributes)] }, { fetched: ["bad"] }), refused("bad"), op);
  }
});

test("what could name a file and does not is left", () => {
  const nodes = [
    node("one", "DecodeProtoV2", [], { descriptor_source: textAttr("local://") }),
    node("two", "EncodeProto", [], { descriptor_source: textAttr("bytes://x") }),
    node("three", "FixedUnigramCandidateSampler", [], { vocab_file: textAttr("") }),
    node("four", "FixedUnigramCandidateSampler"),
  ];
  refuse({ nodes }, { fetched: ["one", "two", "three", "four"] });
});

test("a graph in a circle comes to an end", () => {
  refuse({ nodes: [node("a", "Identity", ["b"]), node("b", "Identity", ["a"])] }, { fetched: ["a:0"] });
});

test("many signatures over a large graph are refused before they take long", () => {
  const nodes = Array.from({ length: 1000 }, (_, index) =>
    node(`n${index}`, "Identity", index === 0 ? [] : [`n${index - 1}`]),
  );
  const library = indexGraph(
    parseMetaGraph(savedModelFiles({ nodes, signatures: {} }).get("saved_model.pb") ?? new Uint8Array()),
  );
  const reach: Reach = { fetched: ["n999:0"], fed: [] };
  refuseOutwardOperations(
    library,
    Array.from({ length: 10 }, () => reach),
    20_000,
  );
  assert.throws(
    () =>
      refuseOutwardOperations(
        library,
        Array.from({ length: 11 }, () => reach),
        20_000,
      ),
    modelError("too-large"),
  );
});
