import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Answer, type InferenceServer, openInferenceServer } from "./support/inference-server.ts";
import { modelDouble } from "./support/model-double.ts";
import { readyVersion, versionDouble } from "./support/version-double.ts";

let server: InferenceServer;

const x = { name: "x", shape: [3], datatype: "FP32", data: [1, 2, 5] };
const infer = (body: object, path = "/v2/models/half/infer") => server.send(path, JSON.stringify(body));
const jsonOf = ({ body }: Answer) => JSON.parse(body.toString());

function bytes(json: object, ...tail: Uint8Array[]): { body: Buffer; headers: Record<string, string> } {
  const head = Buffer.from(JSON.stringify(json));
  return { body: Buffer.concat([head, ...tail]), headers: { "inference-header-content-length": `${head.length}` } };
}

const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);

before(async () => {
  server = await openInferenceServer();
  server.store.aspire("half", [readyVersion(2n), readyVersion(10n)]);
  server.store.labels = new Map([["half", new Map([["stable", 2n]])]]);
  await server.store.ready(["half"]);
  await server.store.until(
    () => server.store.versions("half").every(({ state }) => state === "AVAILABLE") || undefined,
  );
  server.readiness.enter("ready");
});

after(async () => {
  await server.close();
});

test("infer runs the newest version, a numbered or a labelled one", async () => {
  const answer = await infer({ id: "42", inputs: [x], outputs: [{ name: "y" }] });
  assert.equal(answer.headers["content-type"], "application/json");
  assert.deepEqual(jsonOf(answer), {
    model_name: "half",
    model_version: "10",
    id: "42",
    outputs: [{ name: "y", datatype: "FP32", shape: [3], data: [2.5, 3, 4.5] }],
  });
  for (const version of ["2", "002", "stable"]) {
    const chosen = await infer({ inputs: [x] }, `/v2/models/half/versions/${version}/infer`);
    assert.equal(jsonOf(chosen).model_version, "2");
  }
});

test("the parameter signature_name chooses the signature", async () => {
  const strings = ["a", "b"].map((name) => ({ name, shape: [1], datatype: "BYTES", data: [name] }));
  const answer = await infer({ parameters: { signature_name: "pair" }, inputs: strings, outputs: [{ name: "a" }] });
  assert.deepEqual(jsonOf(answer).outputs, [{ name: "a", datatype: "BYTES", shape: [1], data: ["a"] }]);
});

test("binary data go both ways, and a gzip body is unpacked first", async () => {
  const input = { name: "x", shape: [2], datatype: "FP32", parameters: { binary_data_size: 8 } };
  const { body, headers } = bytes(
    { inputs: [input], outputs: [{ name: "y", parameters: { binary_data: true } }] },
    floats(1, 2),
  );
  for (const sent of [
    { body, headers },
    { body: gzipSync(body), headers: { ...headers, "content-encoding": "gzip" } },
  ]) {
    const answer = await server.send("/v2/models/half/infer", sent.body, { headers: sent.headers });
    assert.equal(answer.headers["content-type"], "application/octet-stream");
    const length = Number(answer.headers["inference-header-content-length"]);
    assert.deepEqual(JSON.parse(answer.body.subarray(0, length).toString()).outputs, [
      { name: "y", datatype: "FP32", shape: [2], parameters: { binary_data_size: 8 } },
    ]);
    assert.deepEqual(answer.body.subarray(length), floats(2.5, 3));
  }
});

test("a header length of 0 means a body of nothing but the input's bytes", async () => {
  const raw = { headers: { "inference-header-content-length": "0" } };
  const answer = await server.send("/v2/models/half/infer", floats(1, 2, 5), raw);
  const length = Number(answer.headers["inference-header-content-length"]);
  assert.deepEqual(answer.body.subarray(length), floats(2.5, 3, 4.5));
  const broken = await server.send("/v2/models/half/infer", floats(1).subarray(1), raw);
  assert.equal(broken.status, 400);
});

test("the server and its models describe themselves", async () => {
  assert.deepEqual(jsonOf(await server.send("/v2")), {
    name: "sealserve",
    version: "1.2.3",
    extensions: ["binary_tensor_data", "statistics"],
  });
  const metadata = {
    name: "half",
    versions: ["10", "2"],
    platform: "tensorflow_savedmodel",
    inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
  };
  assert.deepEqual(jsonOf(await server.send("/v2/models/half")), metadata);
  assert.deepEqual(jsonOf(await server.send("/v2/models/half/versions/stable")), metadata);
  assert.deepEqual(jsonOf(await server.send("/v2/models")), { models: ["half"] });
  assert.deepEqual(jsonOf(await server.send("/v2/repository/index", "")), [
    { name: "half", version: "10", state: "READY", reason: "" },
    { name: "half", version: "2", state: "READY", reason: "" },
  ]);
});

test("a model of one signature needs no name for it; one of several without a default does", async () => {
  const whole = modelDouble().signatures;
  const withSignatures = (...names: string[]) => ({
    version: 1n,
    load: async () => ({ ...modelDouble(), signatures: new Map([...whole].filter(([name]) => names.includes(name))) }),
  });
  const strings = ["a", "b"].map((name) => ({ name, shape: [1], datatype: "BYTES", data: [name] }));
  server.store.aspire("single", [withSignatures("pair")]);
  server.store.aspire("several", [withSignatures("pair", "greeting")]);
  await server.store.awaitAvailable(["single", "several"], "model");
  assert.equal((await infer({ inputs: strings }, "/v2/models/single/infer")).status, 200);
  assert.equal(jsonOf(await server.send("/v2/models/single")).inputs.length, 2);
  assert.deepEqual(jsonOf(await server.send("/v2/models/several")).inputs, []);
  const unnamed = await infer({ inputs: strings }, "/v2/models/several/infer");
  assert.deepEqual([unnamed.status, /no default signature/.test(jsonOf(unnamed).error)], [400, true]);
  server.store.aspire("single", []);
  server.store.aspire("several", []);
  await server.store.until(() => server.store.names().length === 1 || undefined);
});

test("refusals have a status and an error text, and nothing of the request is logged", async () => {
  const raw = { headers: { "inference-header-content-length": "0" } };
  const bodies: [string, string | Uint8Array, object, number][] = [
    ["/v2/models/other/infer", JSON.stringify({ inputs: [x] }), {}, 404],
    ["/v2/models/other/versions/stable/infer", JSON.stringify({ inputs: [x] }), {}, 404],
    ["/v2/models/half/versions/3/infer", JSON.stringify({ inputs: [x] }), {}, 404],
    [`/v2/models/half/versions/${2n ** 63n}/infer`, JSON.stringify({ inputs: [x] }), {}, 404],
    [`/v2/models/half/versions/${"9".repeat(1000)}/infer`, JSON.stringify({ inputs: [x] }), {}, 404],
    ["/v2/models/half/versions/canary/infer", JSON.stringify({ inputs: [x] }), {}, 400],
    ["/v2/models/half/infer", JSON.stringify({ inputs: [x, { ...x, name: "canary" }] }), {}, 400],
    ["/v2/models/half/infer", JSON.stringify({ inputs: [] }), {}, 400],
    ["/v2/models/half/infer", JSON.stringify({ inputs: [{ ...x, datatype: "INT32" }] }), {}, 400],
    ["/v2/models/half/infer", JSON.stringify({ inputs: [x], outputs: [{ name: "canary" }] }), {}, 400],
    ["/v2/models/half/infer", JSON.stringify({ parameters: { signature_name: "canary" }, inputs: [x] }), {}, 400],
    ["/v2/models/half/infer", "", {}, 400],
    ["/v2/models/half/infer", "{}", { headers: { "inference-header-content-length": "3" } }, 400],
    ["/v2/models/half/infer", "{}", { headers: { "inference-header-content-length": "-1" } }, 400],
    ["/v2/models/half/infer", "{}", { headers: { "inference-header-content-length": "1e1" } }, 400],
    ["/v2/models/pair/infer", floats(1), raw, 404],
    ["/v2/repository/index", '{"ready": 1}', {}, 400],
    ["/v2/models/half/generate", "{}", {}, 404],
    ["/v2/systemsharedmemory/status", "{}", {}, 404],
  ];
  for (const [path, body, options, status] of bodies) {
    const answer = await server.send(path, body, options);
    assert.equal(answer.status, status, `${path} ${String(body)}`);
    assert.equal(typeof jsonOf(answer).error, "string");
  }
  assert.deepEqual(server.logged, []);
});

test("a method that a path is not for is answered 405", async () => {
  for (const [path, method, allow] of [
    ["/v2/models/half/infer", "GET", "POST"],
    ["/v2/repository/index", "GET", "POST"],
    ["/v2/health/live", "POST", "GET"],
    ["/v2/models/half", "DELETE", "GET"],
  ] as const) {
    const answer = await server.send(path, undefined, { method });
    assert.deepEqual([answer.status, answer.headers["allow"]], [405, allow], path);
  }
});

test("statistics count the calls of each version, and no name that a caller made up", async () => {
  const countsOf = async (path: string) => jsonOf(await server.send(path)).model_stats;
  const [earlier] = await countsOf("/v2/models/half/versions/2/stats");
  await infer({ inputs: [x] }, "/v2/models/half/versions/2/infer");
  await infer({ inputs: [{ ...x, datatype: "INT32" }] }, "/v2/models/half/versions/2/infer");
  await infer({ inputs: [x] }, "/v2/models/invented/infer");
  const [later, ...others] = await countsOf("/v2/models/half/versions/2/stats");
  assert.deepEqual(others, []);
  assert.equal(later.inference_count, earlier.inference_count + 3);
  assert.equal(later.execution_count, earlier.execution_count + 1);
  assert.equal(later.inference_stats.fail.count, earlier.inference_stats.fail.count + 1);
  assert.ok(later.inference_stats.success.ns > earlier.inference_stats.success.ns);
  const all = (await countsOf("/v2/models/stats")) as { name: string; version: string }[];
  assert.deepEqual(
    all.map(({ name, version }) => `${name} ${version}`),
    ["half 10", "half 2"],
  );
  assert.equal((await countsOf("/v2/models/half/stats")).length, 2);
  assert.equal((await server.send("/v2/models/invented/stats")).status, 404);
});

test("health follows the node's state and the models'", async () => {
  const statuses = async () =>
    Promise.all(
      ["/v2/health/live", "/v2/health/ready", "/v2/models/late/ready"].map(
        async (path) => (await server.send(path)).status,
      ),
    );
  assert.deepEqual(await statuses(), [200, 200, 404]);
  const late = versionDouble(1n);
  server.store.aspire("late", [late]);
  assert.deepEqual(await statuses(), [200, 503, 503]);
  const index = jsonOf(await server.send("/v2/repository/index", '{"ready": false}'));
  assert.deepEqual(index.at(-1), { name: "late", version: "1", state: "LOADING", reason: "" });
  assert.equal(jsonOf(await server.send("/v2/repository/index", '{"ready": true}')).length, 2);
  late.succeed();
  await server.store.awaitAvailable(["late"], "model");
  assert.deepEqual(await statuses(), [200, 200, 200]);
  assert.equal((await server.send("/v2/models/late/versions/7/ready")).status, 404);
  for (const state of ["starting", "draining"] as const) {
    server.readiness.enter(state);
    assert.deepEqual(await statuses(), [200, 503, 200], state);
  }
});

test("all memory is given back", () => {
  assert.equal(server.budget.held, 0);
});
