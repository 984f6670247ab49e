import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { failureOf, type PlainMessage, StockClient } from "../../../tests/support/stock-client.ts";
import { createAuthority, type TestAuthority } from "../../../tests/support/tls-authority.ts";
import { ModelHandler } from "../src/core/handler.ts";
import { servingMethods } from "../src/grpc/methods.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import type { Front } from "../src/transport/front.ts";
import { defaultLimits } from "../src/transport/limits.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { echoModel } from "./support/echo-model.ts";
import { ServedModel } from "./support/served-model.ts";

/** Each data type: the signature that echoes it, its typed values, and the same as raw bytes (hex). */
const TYPES: readonly [string, string, string, readonly unknown[], string][] = [
  ["DT_FLOAT", "float32", "floatVal", [1.5, -2], "0000c03f000000c0"],
  ["DT_DOUBLE", "float64", "doubleVal", [1.5, -2], "000000000000f83f00000000000000c0"],
  ["DT_INT32", "int32", "intVal", [1, -2], "01000000feffffff"],
  ["DT_UINT8", "uint8", "intVal", [1, 255], "01ff"],
  ["DT_INT16", "int16", "intVal", [1, -2], "0100feff"],
  ["DT_INT8", "int8", "intVal", [1, -2], "01fe"],
  ["DT_STRING", "string", "stringVal", [Buffer.from("a"), Buffer.from([0xff, 0])], "010261ff00"],
  ["DT_COMPLEX64", "complex64", "scomplexVal", [1, 2, 3, 4], "0000803f000000400000404000008040"],
  ["DT_INT64", "int64", "int64Val", ["9223372036854775807", "-1"], "ffffffffffffff7fffffffffffffffff"],
  ["DT_BOOL", "bool", "boolVal", [true, false], "0100"],
  ["DT_QINT8", "qint8", "intVal", [1, -2], "01fe"],
  ["DT_QUINT8", "quint8", "intVal", [1, 255], "01ff"],
  ["DT_QINT32", "qint32", "intVal", [1, -2], "01000000feffffff"],
  ["DT_BFLOAT16", "bfloat16", "halfVal", [0x3fc0, 0xc000], "c03f00c0"],
  ["DT_QINT16", "qint16", "intVal", [1, -2], "0100feff"],
  ["DT_QUINT16", "quint16", "intVal", [1, 65535], "0100ffff"],
  ["DT_UINT16", "uint16", "intVal", [1, 65535], "0100ffff"],
  [
    "DT_COMPLEX128",
    "complex128",
    "dcomplexVal",
    [1, 2, 3, 4],
    "000000000000f03f000000000000004000000000000008400000000000001040",
  ],
  ["DT_HALF", "float16", "halfVal", [0x3e00, 0xc000], "003e00c0"],
  ["DT_UINT32", "uint32", "uint32Val", [1, 4294967295], "01000000ffffffff"],
  ["DT_UINT64", "uint64", "uint64Val", ["18446744073709551615", "1"], "ffffffffffffffff0100000000000000"],
];

const TWO = { dim: [{ size: "2" }] };

let authority: TestAuthority;
const open: { close(): unknown }[] = [];
let typed: StockClient;
let raw: StockClient;

async function connect(asContent: boolean): Promise<StockClient> {
  const handler = new ModelHandler(new ServedModel("echo", [{ version: 1n, model: echoModel() }]));
  const limits = defaultLimits;
  const front: Front = await openGrpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      tls: await authority.issue(),
      methods: servingMethods(handler, { asContent }),
      limits,
      budget: new MemoryBudget(limits.maxBytesInFlight),
      log: () => undefined,
    },
  );
  const credentials = grpc.credentials.createSsl(Buffer.from(authority.caPem));
  const client = new StockClient(`localhost:${front.address.port}`, credentials);
  open.push(client, front);
  return client;
}

async function echo(client: StockClient, signatureName: string, x: PlainMessage): Promise<PlainMessage> {
  const modelSpec = { name: "echo", signatureName };
  const { outputs } = await client.call("PredictionService", "Predict", { modelSpec, inputs: { x } });
  return (outputs as { y: PlainMessage }).y;
}

async function refused(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => assert.fail("was answered"),
    (failure: unknown) => failure,
  );
  const { code, message } = failureOf(error);
  return `${code}: ${message}`;
}

before(async () => {
  authority = await createAuthority();
  [typed, raw] = [await connect(false), await connect(true)];
});

after(async () => {
  for (const one of open) {
    await one.close();
  }
});

test("every data type goes through in typed fields, which is the default", async () => {
  for (const [dtype, signature, field, values, content] of TYPES) {
    const expected = { dtype, tensorShape: TWO, [field]: values };
    assert.deepEqual(await echo(typed, signature, expected), expected, dtype);
    const packed = { dtype, tensorShape: TWO, tensorContent: Buffer.from(content, "hex") };
    assert.deepEqual(await echo(typed, signature, packed), expected, `${dtype} as content`);
  }
});

test("with --enable_serialization_as_tensor_content every data type comes back as raw bytes", async () => {
  for (const [dtype, signature, field, values, content] of TYPES) {
    const expected = { dtype, tensorShape: TWO, tensorContent: Buffer.from(content, "hex") };
    assert.deepEqual(await echo(raw, signature, { dtype, tensorShape: TWO, [field]: values }), expected, dtype);
    assert.deepEqual(await echo(raw, signature, expected), expected, `${dtype} as content`);
  }
});

test("the last value is repeated, none is zero, and values beyond the shape are ignored", async () => {
  const three = { dim: [{ size: "3" }] };
  const float = (floatVal: number[]): PlainMessage => ({ dtype: "DT_FLOAT", tensorShape: three, floatVal });
  assert.deepEqual(await echo(typed, "float32", float([1, 2])), float([1, 2, 2]));
  assert.deepEqual(await echo(typed, "float32", float([])), float([0, 0, 0]));
  assert.deepEqual(await echo(typed, "float32", float([1, 2, 3, 4])), float([1, 2, 3]));
  const scalar = { dtype: "DT_INT32", intVal: [7] };
  assert.deepEqual(await echo(typed, "int32", scalar), { ...scalar, tensorShape: {} });
  const strings = { dtype: "DT_STRING", tensorShape: three };
  const empty = Buffer.alloc(0);
  assert.deepEqual(await echo(typed, "string", strings), { ...strings, stringVal: [empty, empty, empty] });
});

test("a tensor that cannot be read is named", async () => {
  const unreadable: readonly PlainMessage[] = [
    { dtype: "DT_FLOAT", tensorShape: TWO, tensorContent: Buffer.alloc(7) },
    { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "-1" }] } },
    { dtype: "DT_FLOAT", tensorShape: { unknownRank: true }, floatVal: [1] },
    { dtype: "DT_INVALID", tensorShape: TWO },
    { dtype: "DT_RESOURCE" },
    { dtype: 101, floatVal: [1] },
    { dtype: "DT_STRING", tensorShape: TWO, tensorContent: Buffer.from([5, 5, 0x61]) },
    { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "1000000000" }] }, floatVal: [1] },
    { dtype: "DT_STRING", tensorShape: { dim: [{ size: "1000000000" }] }, stringVal: [Buffer.from("a")] },
    { dtype: "DT_BOOL", tensorShape: { dim: Array.from({ length: 6 }, () => ({ size: "4611686018427387904" })) } },
  ];
  for (const x of unreadable) {
    assert.equal(await refused(echo(typed, "float32", x)), "INVALID_ARGUMENT: tensor parsing error: x");
  }
});

test("messages far above the usual 4 MB go both ways", async () => {
  const tensorContent = Buffer.alloc(24 << 20, 0x3f);
  const x = { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: String(6 << 20) }] }, tensorContent };
  const y = (await echo(raw, "float32", x)) as { tensorContent: Buffer };
  assert.ok(y.tensorContent.equals(tensorContent));
});

test("fields that the open server ignores are ignored, whatever is in them", async () => {
  const answer = await typed.call("PredictionService", "Predict", {
    modelSpec: { name: "echo", signatureName: "float32" },
    inputs: { x: { dtype: "DT_FLOAT", floatVal: [1] } },
    predictStreamedOptions: { requestState: "SPLIT", splitDimensions: { x: 0 }, returnSingleResponse: true },
    clientId: Buffer.from("someone"),
    requestOptions: { maxCacheLength: "5", returnStoptokens: ["1", "2"] },
  });
  assert.deepEqual(Object.keys(answer["outputs"] as object), ["y"]);
});

test("rpcs that the open server does not have are UNIMPLEMENTED", async () => {
  assert.match(await refused(typed.call("SessionService", "SessionRun", { modelSpec: { name: "echo" } })), /^UNIMPLEM/);
  const unknown = typed.callPath("/tensorflow.serving.PredictionService/PredictStreamed", Buffer.alloc(0));
  assert.match(await refused(unknown), /^UNIMPLEMENTED/);
});

test("messages longer than 1024 bytes are cut", async () => {
  const message = await refused(echo(typed, "s".repeat(2000), { dtype: "DT_FLOAT" }));
  assert.equal(message, `FAILED_PRECONDITION: Serving signature key "${"s".repeat(1024 - 23)}...TRUNCATED`);
});
