import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, type ConfigErrorCode, type ConfigValue, parseYamlDocument } from "../src/index.ts";

const FILE = "/etc/sealserve/broker.yaml";

function read(text: string): ConfigValue {
  return parseYamlDocument(text, FILE);
}

function refused(code: ConfigErrorCode, message: string | RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, code);
    if (typeof message === "string") {
      assert.equal(error.message, `${FILE}:${message}`);
    } else {
      assert.match(error.message, message);
    }
    return true;
  });
}

test("typed readers give the values of a good file", () => {
  const root = read(`# a comment
listen:
  grpc: 8500
  rest: "[::1]:8501"
models:
  - name: half_plus_two
    policy: { sgx: { mrEnclave: ["00aa"] } }
log: debug
keep: true
state: state/log
`);
  const config = root.mapping((members) => ({
    listen: members.required("listen").mapping((listen) => ({
      grpc: listen.required("grpc").endpoint("127.0.0.1"),
      rest: listen.required("rest").endpoint("127.0.0.1"),
    })),
    models: members
      .required("models")
      .list()
      .map((model) =>
        model.mapping((m) => ({ name: m.required("name").string(), policy: m.required("policy").json() })),
      ),
    log: members.required("log").oneOf(["info", "debug"]),
    keep: members.optional("keep")?.boolean(),
    threads: members.optional("threads")?.integer({ minimum: 1 }),
    state: members.required("state").filePath(),
  }));
  assert.deepEqual(config.listen, { grpc: { host: "127.0.0.1", port: 8500 }, rest: { host: "::1", port: 8501 } });
  assert.equal(JSON.stringify(config.models), '[{"name":"half_plus_two","policy":{"sgx":{"mrEnclave":["00aa"]}}}]');
  assert.deepEqual([config.log, config.keep, config.threads], ["debug", true, undefined]);
  assert.equal(config.state, "/etc/sealserve/state/log");
});

test("a member that nobody knows is refused with its line, at every depth", () => {
  const root = read("listen:\n  grpc: 8500\n  gprc: 8501\n");
  refused("unknown-member", "3: listen.gprc: is not a known member; remove it, or write one of: grpc", () =>
    root.mapping((members) => members.required("listen").mapping((listen) => listen.required("grpc").endpoint("h"))),
  );
});

test("a missing member names what is there", () => {
  refused("missing-member", "1: model: is missing; add it (members found here: modle)", () =>
    read("modle: x\n").mapping((members) => members.required("model")),
  );
  refused("missing-member", "2: a.b: is missing; add it (members found here: c)", () =>
    read("a:\n  c: 1\n").mapping((members) => members.required("a").mapping((a) => a.required("b"))),
  );
});

test("a value of another kind is refused with what was found and what to write", () => {
  const root = read('digits: 1234\nnone:\nport: "99999"\nsmall: 0\nhalf: 1.5\nbig: 9007199254740993\nlist: []\n');
  const member = (name: string): ConfigValue => {
    const found = root.entries().find(([entry]) => entry === name);
    assert.ok(found);
    return found[1];
  };
  refused("bad-value", "1: digits: expected a text, found 1234; put it in quotes", () => member("digits").string());
  refused("bad-value", "2: none: expected a text, found nothing; put it in quotes", () => member("none").string());
  refused("bad-value", '3: port: expected HOST:PORT, found "99999"; write for example ::1:8500', () =>
    member("port").endpoint("::1"),
  );
  refused("bad-value", "4: small: expected a whole number, found 0; write one from 1 to 8", () =>
    member("small").integer({ minimum: 1, maximum: 8 }),
  );
  refused("bad-value", /^\S+:5: half: /, () => member("half").integer({ minimum: 1 }));
  refused("bad-value", /^\S+:6: big: /, () => member("big").integer({ minimum: 1 }));
  refused("bad-value", /^\S+:7: list: expected a list of at least one element, found an empty list/, () =>
    member("list").list(),
  );
  refused("bad-value", /^\S+:4: small: expected a mapping, found 0/, () => member("small").entries());
  refused("bad-value", /^\S+:4: small: expected true or false, found 0/, () => member("small").boolean());
  refused("bad-value", /^\S+:1: digits: expected one of a, b, found 1234/, () => member("digits").oneOf(["a", "b"]));
});

test("a time has its unit", () => {
  const value = (text: string): ConfigValue => read(text).mapping((members) => members.required("every"));
  const bounds = { minimum: 2, maximum: 172_800 };
  for (const [text, seconds] of [
    ["2s", 2],
    ["010m", 600],
    ["12h", 43_200],
    ["2d", 172_800],
  ] as const) {
    assert.equal(value(`every: ${text}`).duration(bounds), seconds);
  }
  for (const text of ["60", "1s", "3d", "1 h", "h", "1H", "-1h", "1.5h", "1h30m", "", "[1h]"]) {
    refused("bad-value", /^\S+:1: every: expected a time, found .*; write a number with its unit.*2s to 172800s/, () =>
      value(`every: ${text}`).duration(bounds),
    );
  }
});

test("an empty file is refused where a mapping is wanted", () => {
  refused("bad-value", "1: expected a mapping, found nothing; write its members as 'name: value', one a line", () =>
    read("# nothing\n").mapping(() => undefined),
  );
});

test("a caller's own complaint carries the line of the deepest member that exists", () => {
  const root = read("policy:\n  sgx:\n    mrEnclave:\n      - abc\n");
  const policy = root.mapping((members) => members.required("policy"));
  const complaint = policy.problem("is not 64 hex digits", "copy it whole", ["sgx", "mrEnclave", 0]);
  assert.equal(complaint.message, `${FILE}:4: policy.sgx.mrEnclave[0]: is not 64 hex digits; copy it whole`);
  assert.equal(
    policy.problem("is missing", "pin one", ["sgx", "mrSigner"]).message,
    `${FILE}:3: policy.sgx.mrSigner: is missing; pin one`,
  );
});

test("text that is not one plain YAML document is refused with its line", () => {
  refused("bad-yaml", /:2: .*; correct this line$/, () => read("a: 1\nb: ]\n"));
  refused("bad-yaml", /:2: .*anchors/, () => read("a: 1\nb: &x 2\n"));
  refused("bad-yaml", /:1: .*anchors/, () => read("a: &x [1]\nb: *x\n"));
  refused("bad-yaml", /:1: .*tag/, () => read("a: !!str 1\n"));
  refused("bad-yaml", /document/i, () => read("a: 1\n---\nb: 1\n"));
  refused("bad-yaml", /; correct this line$/, () => read("{a: 1}: 2\n"));
  refused("bad-yaml", /more than 262144 characters/, () => read("#".repeat(1 << 19)));
});

test("a member that stands twice in a mapping is refused with its line, at every depth and however it is quoted", () => {
  const refusal = "not a usable YAML document: the member";
  refused("bad-yaml", `2: ${refusal} "a" is not unique in its mapping; correct this line`, () => read("a: 1\na: 2\n"));
  refused("bad-yaml", `3: ${refusal} "1" is not unique in its mapping; correct this line`, () =>
    read('list:\n  - 1: a\n    "1": b\n'),
  );
  refused("bad-yaml", /:1: .*"__proto__" is not unique/, () => read("a: { __proto__: 1, b: 2, __proto__: 3 }\n"));
  refused("bad-yaml", /:1: .*"" is not unique/, () => read('{"": 1, "": 2}\n'));
  assert.equal(JSON.stringify(read("a: {b: 1}\nb: {b: 1}\n").json()), '{"a":{"b":1},"b":{"b":1}}');
});

test("a mapping with very many members takes no long time", () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1`);
  const start = performance.now();
  assert.equal(read(names.join("\n")).entries().length, 20_000);
  refused("bad-yaml", /:20001: .*"key7" is not unique/, () => read([...names, "key7: 1"].join("\n")));
  assert.ok(performance.now() - start < 30_000);
});

test("nesting is read to its limit, and refused beyond it with its line", () => {
  const list = (depth: number) => `a:\n ${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}\n`;
  read(list(64));
  refused("bad-yaml", "2: not a usable YAML document: values are nested more than 64 deep; correct this line", () =>
    read(list(65)),
  );
  for (const open of ["[", "{a: ", "- ", "? ", "[?,"]) {
    refused("bad-yaml", /:1: .*nested more than 64 deep/, () => read(open.repeat(50_000)));
  }
});

test("a merge key and __proto__ are plain member names", () => {
  refused("unknown-member", /<<: is not a known member/, () => read("<<: {a: 1}\n").mapping(() => undefined));
  const json = read("__proto__: {a: 1}\n").json();
  assert.ok(typeof json === "object" && json !== null);
  assert.equal(Object.getPrototypeOf(json), null);
});
