import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import https from "node:https";
import net from "node:net";
import { text as readText } from "node:stream/consumers";
import { after, before, test } from "node:test";
import tls from "node:tls";
import { gzipSync } from "node:zlib";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { evidenceRoute } from "../src/evidence/http-route.ts";
import { EvidenceIssuer } from "../src/evidence/issuer.ts";
import { openHttpServer } from "../src/http/server.ts";
import { type RestRouteOptions, restRoute } from "../src/rest/route.ts";
import type { Front } from "../src/transport/front.ts";
import type { ServingLimits } from "../src/transport/limits.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { exampleSignature, examplesDouble } from "./support/examples-double.ts";
import { modelDouble } from "./support/model-double.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { ServedModel } from "./support/served-model.ts";
import { testPlatform } from "./support/test-platform.ts";

const model = modelDouble();
const handler = new ModelHandler(new ServedModel("half", [{ version: 3n, model }]));
const budget = new MemoryBudget(quickLimits().maxBytesInFlight);
const logged: string[] = [];
let authority: TestAuthority;
let front: Front;
let agent: https.Agent;

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

async function open(limits: ServingLimits = quickLimits(), memory = budget): Promise<Front> {
  return await openWith(handler, {}, limits, memory);
}

async function openWith(
  answering: ModelHandler,
  options: RestRouteOptions,
  limits: ServingLimits = quickLimits(),
  memory = budget,
): Promise<Front> {
  const served = { model: "half", manifestDigest: new Uint8Array(32) };
  const evidence = new EvidenceIssuer(testPlatform(), served, limits);
  const tlsIdentity = await authority.issue();
  const log = (event: string, fields: object): void => void logged.push(JSON.stringify([event, fields]));
  const routes = [evidenceRoute({ issuer: evidence, limits, log }), restRoute(answering, limits, options)];
  return await openHttpServer(
    { host: "127.0.0.1", port: 0 },
    { tls: tlsIdentity, routes, limits, budget: memory, log },
  );
}

async function send(
  path: string,
  body?: string | Uint8Array,
  options: https.RequestOptions & { to?: Front; using?: https.Agent } = {},
): Promise<Answer> {
  const { to = front, using = agent, ...rest } = options;
  const method = body === undefined ? "GET" : "POST";
  const request = https.request({ port: to.address.port, host: "localhost", path, method, agent: using, ...rest });
  request.end(body);
  const [response] = await once(request, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  const type = response.headers["content-type"];
  return { status: response.statusCode, type, text: Buffer.concat(chunks).toString(), headers: response.headers };
}

function errorOf(answer: Answer): string {
  assert.equal(answer.type, "application/json");
  return JSON.parse(answer.text).error;
}

before(async () => {
  authority = await createAuthority();
  front = await open();
  agent = new https.Agent({ keepAlive: true, ca: authority.caPem });
});

after(async () => {
  agent.destroy();
  await front.close();
});

test("predicts in row and column format, by name and by version", async () => {
  const rows = await send("/v1/models/half:predict", '{"instances": [1.0, 2.0, 5.0]}');
  assert.deepEqual(
    [rows.status, rows.type, JSON.parse(rows.text)],
    [200, "application/json", { predictions: [2.5, 3, 4.5] }],
  );
  const columns = await send("/V1/Models/half/versions/3:predict?x=1", '{"inputs": {"x": [[1], [2]]}}');
  assert.deepEqual(JSON.parse(columns.text), { outputs: [[2.5], [3]] });
  const pair = '{"signature_name": "pair", "instances": [{"a": "t", "b": {"b64": "AP8="}}]}';
  const both = await send("/v1/models/half:predict", pair);
  assert.deepEqual(JSON.parse(both.text), { predictions: [{ a: "t", b_bytes: { b64: "AP8=" } }] });
});

test("text of any script and any size comes back as it was sent", async () => {
  for (const text of ["", "ä", "€ 😀 \u0000 \u07ff", "ÿ".repeat(8000), "日本".repeat(8000)]) {
    const body = JSON.stringify({ signature_name: "pair", inputs: { a: text, b: "" } });
    const { status, text: answer, headers } = await send("/v1/models/half:predict", body);
    assert.equal(status, 200);
    assert.equal(JSON.parse(answer).outputs.a, text);
    assert.equal(headers["content-length"], String(Buffer.byteLength(answer)));
  }
});

test("status and metadata are the documented JSON", async () => {
  const status = JSON.parse((await send("/v1/models/half")).text);
  const available = { version: "3", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } };
  assert.deepEqual(status, { model_version_status: [available] });
  const metadata = JSON.parse((await send("/v1/models/half/versions/3/metadata")).text);
  assert.deepEqual(metadata.model_spec, { name: "half", signature_name: "", version: "3" });
  assert.ok(metadata.metadata.signature_def.signature_def.serving_default);
});

test("refusals have TensorFlow Serving's status and message", async () => {
  const body = '{"instances": [1.0]}';
  const named = (name: string): string => JSON.stringify({ signature_name: name, instances: [1] });
  const cases: [string, string | undefined, number, string][] = [
    ["/v1/models/other:predict", body, 404, "Servable not found for request: Latest(other)"],
    ["/v1/models/half/versions/7:predict", body, 404, "Servable not found for request: Specific(half, 7)"],
    ["/v1/models/half/labels/l:predict", body, 400, "Unrecognized servable version label: l"],
    ["/v1/models/half:predict", named("no"), 400, 'Serving signature name: "no" not found in signature def'],
    ["/v1/models/half:predict", "{}", 400, "Missing 'inputs' or 'instances' key"],
    ["/v1/models/half:predict", "", 400, "JSON Parse error: The document is empty"],
    ["/v1/models/half:PREDICT", body, 400, "Malformed request: POST /v1/models/half:PREDICT"],
    ["/v1/models", undefined, 400, "Missing model name in request."],
    ["/v1/models/other", undefined, 404, "Could not find any versions of model other"],
    ["/v1/models/half:classify", "[]", 400, "JSON Value: [] Is not object"],
    ["/v1/models/other:classify", '{"examples": [{}]}', 404, "Servable not found for request: Latest(other)"],
    [
      "/v1/models/half:regress",
      '{"examples": [{}]}',
      400,
      'No regression inputs found in SignatureDef: method_name: "tensorflow/serving/predict"\n',
    ],
  ];
  for (const [path, text, status, message] of cases) {
    const answer = await send(path, text);
    assert.deepEqual([answer.status, errorOf(answer)], [status, message], path);
  }
  assert.equal((await send("/elsewhere")).status, 404);
  assert.equal((await send("/v1/models/half", undefined, { method: "DELETE" })).status, 400);
});

test("a call that names no signature is told the name of the default one that the model lacks", async () => {
  const bare = {
    ...modelDouble(),
    signatures: new Map([["other", exampleSignature("tensorflow/serving/predict", ["y"])]]),
  };
  const served = await openWith(new ModelHandler(new ServedModel("bare", [{ version: 1n, model: bare }])), {});
  const answer = await send("/v1/models/bare:predict", '{"instances": [1.0]}', { to: served });
  const message = 'Serving signature name: "serving_default" not found in signature def';
  assert.deepEqual([answer.status, errorOf(answer)], [400, message]);
  await served.close();
});

test("a version that no int64 holds is refused with an empty body, as by TensorFlow Serving", async () => {
  for (const version of ["9223372036854775808", "9".repeat(40)]) {
    const predict = await send(`/v1/models/half/versions/${version}:predict`, '{"instances": [1.0]}');
    assert.deepEqual([predict.status, predict.text], [400, ""]);
    const status = await send(`/v1/models/half/versions/${version}`);
    assert.deepEqual([status.status, status.text], [400, ""]);
  }
  assert.notEqual((await send("/v1/models/half/versions/9223372036854775807")).text, "");
});

test("an answer counts as held until its connection is gone, also one whose turn to be sent never comes", async () => {
  const memory = new MemoryBudget(256 << 20);
  const holding = await open(quickLimits({ maxMessageBytes: 64 << 20 }), memory);
  const large = JSON.stringify({ signature_name: "pair", inputs: { a: "x".repeat(20 << 20), b: "" } });
  const untaken = await speak(holding, predictText(large));
  await waitFor(() => memory.held > 20 << 20 && memory.held < 21 << 20);
  untaken.destroy();
  await waitFor(() => memory.held === 0);

  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const small = '{"instances": [1.0]}';
  const pipelined = await speak(
    holding,
    `${predictText(small)}GET /v1/models/half HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  );
  await waitFor(() => memory.held > small.length);
  pipelined.destroy();
  await waitFor(() => memory.held === small.length);
  gate.resolve();
  await waitFor(() => memory.held === 0);
  await holding.close();
});

test("an answer that does not fit into the memory is 429", async () => {
  const small = await open(quickLimits(), new MemoryBudget(100));
  const answer = await send("/v1/models/half/metadata", undefined, { to: small });
  assert.deepEqual([answer.status, errorOf(answer)], [429, "The server holds too much data; try again later"]);
  await small.close();
});

test("classifies and regresses over examples in JSON", async () => {
  const signatures = {
    classify: exampleSignature("tensorflow/serving/classify", ["scores"]),
    regress: exampleSignature("tensorflow/serving/regress", ["outputs"]),
  };
  const over = new ServedModel("examples", [{ version: 7n, model: examplesDouble(signatures) }]);
  const serving = await openWith(new ModelHandler(over), {});
  const ask = async (method: string, body: string): Promise<[number, object]> => {
    const answer = await send(`/v1/models/examples:${method}`, body, { to: serving });
    return [answer.status, JSON.parse(answer.text)];
  };
  const named = (name: string, rest: string): string => `{"signature_name": "${name}", ${rest}}`;
  const two = '"context": {"x": 2.0}, "examples": [{"x": 80.0}, {}]';
  assert.deepEqual(await ask("classify", named("classify", two)), [200, { results: [[["", 42]], [["", 3]]] }]);
  assert.deepEqual(await ask("regress", named("regress", two)), [200, { results: [42, 3] }]);
  const unknown = { error: "No signature was found with the name: nope" };
  assert.deepEqual(await ask("classify", named("nope", two)), [400, unknown]);
  await serving.close();
});

test("a preflight is answered by its origin", async () => {
  const options = { method: "OPTIONS", headers: { origin: "https://app.example" } };
  const allowed = await send("/v1/models/half:predict", undefined, options);
  assert.deepEqual([allowed.status, allowed.text], [200, ""]);
  assert.equal((await send("/v1/models/half:predict", undefined, { method: "OPTIONS" })).status, 400);
});

test("headers for pages of other origins are there when asked for, on refusals too", async () => {
  const sharing = await openWith(handler, { cors: true });
  const preflight = { method: "OPTIONS", headers: { origin: "https://app.example" } };
  for (const [path, options, status] of [
    ["/v1/models/half", {}, 200],
    ["/v1/models/other", {}, 404],
    ["/v1/elsewhere", {}, 400],
    ["/v1/models/half:predict", preflight, 200],
    ["/elsewhere", {}, 404],
  ] as const) {
    const answer = await send(path, undefined, { ...options, to: sharing });
    assert.equal(answer.status, status);
    const { headers } = answer;
    const [origin, methods, allowed] = ["origin", "methods", "headers"].map(
      (name) => headers[`access-control-allow-${name}`],
    );
    const expected = path === "/elsewhere" ? [] : ["*", "POST, GET", "Content-Type"];
    assert.deepEqual([origin, methods, allowed].filter(Boolean), expected, path);
    assert.equal((await send(path, undefined, options)).headers["access-control-allow-origin"], undefined);
  }
  await sharing.close();
});

test("gzip bodies are unpacked; bombs and garbage are refused", async () => {
  const headers = { "content-encoding": "gzip" };
  const packed = await send("/v1/models/half:predict", gzipSync('{"instances": [2.0]}'), { headers });
  assert.deepEqual(JSON.parse(packed.text), { predictions: [3] });
  const bomb = await send("/v1/models/half:predict", gzipSync(Buffer.alloc(5 << 20, " ")), { headers });
  assert.equal(bomb.status, 429);
  assert.equal((await send("/v1/models/half:predict", "garbage", { headers })).status, 400);
  await waitFor(() => budget.held === 0);
});

test("a body above the limit is refused, announced or not", async () => {
  const large = Buffer.alloc((8 << 20) + 1, " ");
  const announced = await send("/v1/models/half:predict", undefined, {
    method: "POST",
    headers: { "content-length": large.length },
  });
  assert.equal(announced.status, 429);
  assert.equal(errorOf(announced), "Received message larger than max (8388609 vs. 8388608)");
  const chunked = tls.connect({ port: front.address.port, host: "localhost", ca: authority.caPem });
  await once(chunked, "secureConnect");
  chunked.on("error", () => undefined);
  chunked.write("POST /v1/models/half:predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const piece = Buffer.alloc(1 << 20, " ");
  for (let sent = 0; sent < 9; sent++) {
    chunked.write(`${piece.length.toString(16)}\r\n`);
    chunked.write(piece);
    chunked.write("\r\n");
  }
  const [reply] = await once(chunked, "data");
  assert.match(String(reply), /^HTTP\/1\.1 429 /);
  chunked.destroy();
  await waitFor(() => budget.held === 0);
});

test("a million open brackets and other hostile JSON are refused without harm", async () => {
  const deep = await send("/v1/models/half:predict", `{"instances": ${"[".repeat(1_000_000)}`);
  assert.equal(deep.status, 400);
  const ignored = `{"other": ${"[".repeat(500_000)}${"]".repeat(500_000)}, "instances": [1.0]}`;
  assert.deepEqual(JSON.parse((await send("/v1/models/half:predict", ignored)).text), { predictions: [2.5] });
});

test("a body that comes too slowly ends the request", async () => {
  const slow = await open(quickLimits({ stallTimeoutMs: 100 }));
  const answer = await send("/v1/models/half:predict", undefined, {
    to: slow,
    method: "POST",
    headers: { "content-length": 100 },
    using: new https.Agent({ ca: authority.caPem }),
  });
  assert.equal(answer.status, 504);
  await slow.close();
});

for (const [bounded, limits] of [
  ["headers", { headersTimeoutMs: 300 }],
  ["the whole request", { requestTimeoutMs: 300 }],
] as const) {
  test(`headers that do not end are cut off by the time of ${bounded}`, async () => {
    const strict = await open(quickLimits(limits));
    const socket = tls.connect({ port: strict.address.port, host: "localhost", ca: authority.caPem });
    socket.on("error", () => undefined).resume();
    await once(socket, "secureConnect");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nX-");
    await once(socket, "close");
    await strict.close();
  });
}

test("a connection that sends nothing is closed soon", async () => {
  const strict = await open(quickLimits({ firstRequestTimeoutMs: 300 }));
  const socket = tls.connect({ port: strict.address.port, host: "localhost", ca: authority.caPem });
  socket.on("error", () => undefined).resume();
  await once(socket, "secureConnect");
  await once(socket, "close");
  await strict.close();
});

/** What a server answers that is stopped, or gets no processor, while something comes for it; longer than its pause between two looks. */
async function answerAfterStop(to: Front, sent: string): Promise<string> {
  const socket = tls.connect({ port: to.address.port, host: "localhost", ca: authority.caPem });
  await once(socket, "secureConnect");
  await new Promise((resolve) => setTimeout(resolve, 50));
  // Timers come next, and sockets after them.
  await new Promise(setImmediate);
  socket.write(sent);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  return await readText(socket);
}

test("a request that came in time is answered, also where the process was stopped until it was too late", async () => {
  const strict = await open(quickLimits({ firstRequestTimeoutMs: 300, requestTimeoutMs: 300 }));
  const request = "GET /v1/models/half HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  assert.match(await answerAfterStop(strict, request), /^HTTP\/1\.1 200 OK/);
  await strict.close();
});

test("what came in time but is no whole request is late, and what is none is refused", async () => {
  const strict = await open(quickLimits({ firstRequestTimeoutMs: 300, requestTimeoutMs: 300 }));
  for (const [sent, answer] of [
    ["GET /v1/models/half HTTP/1.1\r\nHost: x\r\nX-", /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/],
    [`GET / HTTP/1.1\r\nX: ${"x".repeat(1 << 15)}\r\n\r\n`, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/],
    ["NONE\r\n\r\n", /^HTTP\/1\.1 400 Bad Request\r\n/],
  ] as const) {
    assert.match(await answerAfterStop(strict, sent), answer);
  }
  await strict.close();
});

test("who does not speak TLS gets no HTTP, and others are served on", async () => {
  for (const sent of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x00\x05nonsense", ""]) {
    const socket = net.connect(front.address.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.end(sent);
    assert.doesNotMatch(await readText(socket), /HTTP/);
  }
  assert.equal((await send("/v1/models/half")).status, 200);
});

test("a run that takes too long is 504", async () => {
  const strict = await open(quickLimits({ restRunTimeoutMs: 100 }));
  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const answer = await send("/v1/models/half:predict", '{"instances": [1.0]}', { to: strict });
  assert.equal(answer.status, 504);
  gate.resolve();
  await strict.close();
});

test("only TLS 1.3 gets in, and nothing is resumed", async () => {
  const to = { port: front.address.port, host: "localhost", ca: authority.caPem };
  await assert.rejects(handshake({ ...to, maxVersion: "TLSv1.2" }));
  await assert.rejects(handshake({ ...to, ALPNProtocols: ["h2"] }));
  const first = tls.connect(to);
  const sessions: Buffer[] = [];
  first.on("session", (session) => sessions.push(session));
  await once(first, "secureConnect");
  await new Promise((resolve) => setTimeout(resolve, 100));
  first.destroy();
  for (const session of sessions) {
    const again = await handshake({ ...to, session });
    assert.equal(again.isSessionReused(), false);
    again.destroy();
  }
});

test("closing lets a request in flight end and then frees the port", async () => {
  const closing = await open();
  const gate = Promise.withResolvers<void>();
  model.gate = gate.promise;
  const runsBefore = model.runs.length;
  const running = send("/v1/models/half:predict", '{"instances": [4.0]}', { to: closing });
  await waitFor(() => model.runs.length > runsBefore);
  const closed = closing.close();
  await assert.rejects(handshake({ port: closing.address.port, host: "localhost", ca: authority.caPem }));
  gate.resolve();
  assert.deepEqual(JSON.parse((await running).text), { predictions: [4] });
  const start = Date.now();
  await closed;
  assert.ok(Date.now() - start < 15_000, "an idle kept connection does not hold the close up");
});

test("nothing of a request shows in the log", async () => {
  await send("/v1/models/half:predict", '{"instances": ["canary-in"]}');
  await send("/v1/models/canary-name:predict", '{"instances": [1]}');
  assert.ok(!logged.join("\n").includes("canary"));
});

/** A connection that sends `text` and takes no answer. */
async function speak(to: Front, text: string): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port: to.address.port, host: "localhost", ca: authority.caPem });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined).pause();
  socket.write(text);
  return socket;
}

function predictText(body: string): string {
  return `POST /v1/models/half:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function handshake(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  const socket = tls.connect(options);
  await once(socket, "secureConnect");
  return socket;
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(condition());
}

test("an answer that is taken in small pieces is not kept for ever", async () => {
  const limits = quickLimits({ headersTimeoutMs: 500, requestTimeoutMs: 500, maxBytesInFlight: 256 << 20 });
  const memory = new MemoryBudget(limits.maxBytesInFlight);
  const body = new Uint8Array(64 << 20);
  const large = await openHttpServer(
    { host: "127.0.0.1", port: 0 },
    {
      tls: await authority.issue(),
      routes: [async () => ({ status: 200, body })],
      limits,
      budget: memory,
      log: () => undefined,
    },
  );
  const socket = tls.connect({ port: large.address.port, host: "localhost", ca: authority.caPem });
  await once(socket, "secureConnect");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  socket.on("error", () => undefined).on("readable", () => undefined);
  const pieces = setInterval(() => socket.read(1000), 10);
  await waitFor(() => memory.held > 0);
  await waitFor(() => memory.held === 0);
  clearInterval(pieces);
  socket.destroy();
  await large.close();
});
