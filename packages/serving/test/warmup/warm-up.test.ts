import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePredictRequest, ModelSpec, PredictionLog } from "@sealserve/protocol";
import { encodeTfRecords } from "../../../../tests/support/tf-record.ts";
import { MAX_WARMUP_REQUESTS, WARMUP_JSON_FILE, WARMUP_RECORDS_FILE, warmUp } from "../../src/warmup/warm-up.ts";
import { type ModelDouble, modelDouble } from "../support/model-double.ts";
import { refusal } from "../support/refusal.ts";

const x = { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const;
const never = new AbortController().signal;

/** A log of a Predict call for a model that is not this one. */
function predictLog(signatureName = "", input = "x"): Uint8Array {
  const modelSpec = ModelSpec.create({ name: "another", version: 99n, signatureName });
  const request = encodePredictRequest({ modelSpec, inputs: new Map([[input, x]]), outputFilter: [] });
  return PredictionLog.encode({ predictLog: { request } });
}

async function run(
  files: Readonly<Record<string, Uint8Array | string>>,
  { iterations = 1, signal = never, model = modelDouble() as ModelDouble } = {},
): Promise<ModelDouble> {
  const content = new Map(Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes)]));
  await warmUp({ name: "m", version: 3n, model }, content, { iterations }, signal);
  return model;
}

const records = (...logs: readonly Uint8Array[]) => ({ [WARMUP_RECORDS_FILE]: encodeTfRecords(logs) });
const json = (text: string) => ({ [WARMUP_JSON_FILE]: text });

test("a version without requests is not warmed up", async () => {
  assert.deepEqual((await run({ "saved_model.pb": "graph" })).runs, []);
});

test("logged requests are run in order, as often as asked; names and versions in them do not count", async () => {
  const model = await run(records(predictLog(), new Uint8Array(), predictLog("serving_default")), { iterations: 2 });
  assert.deepEqual(
    model.runs.map(({ signatureName }) => signatureName),
    ["serving_default", "serving_default", "serving_default", "serving_default"],
  );
  assert.deepEqual(model.moves, [false, false, false, false], "what is run again is not given away");
});

test("others are served in between, even if a run is done at once", async () => {
  let turns = 0;
  const model = modelDouble();
  const turnsBefore: number[] = [];
  model.run = () => {
    turnsBefore.push(turns);
    setImmediate(() => turns++);
    return Promise.resolve(new Map([["y", x]]));
  };
  await run(records(predictLog()), { iterations: 3, model });
  assert.deepEqual(turnsBefore, [0, 1, 2]);
});

test("bodies of REST calls are run from a list or from lines", async () => {
  const body = '{"predict": {"instances": [1.0, NaN]}}';
  assert.equal((await run(json(`[${body}, ${body}]`))).runs.length, 2);
  assert.equal((await run(json(`${body}\n${body}\n\n${body}`))).runs.length, 3);
  assert.equal((await run(json(" [ ] "))).runs.length, 0);
  assert.equal((await run({ ...records(predictLog()), ...json(body) })).runs.length, 2);
});

test("any error of a request fails the load", async () => {
  await assert.rejects(
    run(records(predictLog("no_such_signature"))),
    refusal("FAILED_PRECONDITION", 'Serving signature key "no_such_signature" not found.'),
  );
  await assert.rejects(run(records(predictLog("", "y"))), refusal("INVALID_ARGUMENT", /^Signature input alias: x/));
  await assert.rejects(
    run(json('{"predict": {"instances": [1.0]}}\n{"predict": {"instances": ["secret"]}}')),
    refusal("INVALID_ARGUMENT", `Warmup request number 1 of ${WARMUP_JSON_FILE} does not fit the model`),
  );
  const model = modelDouble();
  model.run = () => Promise.reject(new Error("engine broke"));
  await assert.rejects(run(records(predictLog()), { model }), /engine broke/);
});

test("logs of sessions and streams are refused by the number of their kind", async () => {
  const request = Uint8Array.of();
  await assert.rejects(
    run(records(PredictionLog.encode({ sessionRunLog: request }))),
    refusal("UNIMPLEMENTED", "Unsupported log_type for warmup: 5"),
  );
  await assert.rejects(
    run(records(PredictionLog.encode({ predictStreamedLog: request }))),
    refusal("UNIMPLEMENTED", "Unsupported log_type for warmup: 7"),
  );
});

test("what is no record, or no log, is refused and not quoted", async () => {
  await assert.rejects(
    run({ [WARMUP_RECORDS_FILE]: "plain text, more than a header" }),
    refusal("DATA_LOSS", /^corrupted record at 0 in .*\. Please verify your warmup data is in TFRecord format\.$/),
  );
  await assert.rejects(
    run(records(predictLog(), Buffer.from("secret"))),
    refusal("INVALID_ARGUMENT", `Failed to parse warmup record: number 1 from ${WARMUP_RECORDS_FILE}`),
  );
  await assert.rejects(
    run(json("[1]")),
    refusal("INVALID_ARGUMENT", /^assets\.extra\/warmup_requests\.json: JSON Parse error/),
  );
});

test("more than a thousand requests are an error, after the first thousand have run", async () => {
  const logs = Array.from({ length: MAX_WARMUP_REQUESTS }, () => predictLog());
  const model = modelDouble();
  await run(records(...logs), { model });
  assert.equal(model.runs.length, MAX_WARMUP_REQUESTS);
  const more = modelDouble();
  const message = `Number of warmup records exceeds the maximum (1000) at ${WARMUP_RECORDS_FILE}`;
  await assert.rejects(run(records(...logs, predictLog()), { model: more }), refusal("INVALID_ARGUMENT", message));
  assert.equal(more.runs.length, MAX_WARMUP_REQUESTS);
});

test("a version that is no longer wanted stops being warmed up", async () => {
  const stop = new AbortController();
  const [model, inner] = [modelDouble(), modelDouble()];
  model.run = async (...args) => {
    stop.abort(new Error("no longer wanted"));
    return await inner.run(...args);
  };
  await assert.rejects(run(records(predictLog(), predictLog()), { model, signal: stop.signal }), /no longer wanted/);
  assert.equal(inner.runs.length, 1);
});
