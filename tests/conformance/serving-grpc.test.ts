// TensorFlow Serving's gRPC API, asked by a client made of the public message definitions alone: every public case, and over
// REST too where both have the same call.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { casesOf, publicModels, type ServingCase, skipWithoutCases } from "../support/serving-cases.ts";
import { failureOf, type PlainMessage } from "../support/stock-client.ts";
import { caseForm } from "./grpc-answer-form.ts";
import { restCallOf } from "./grpc-as-rest.ts";
import { elsewhere, type KnownRefusal, refused } from "./serving-case-table.ts";

interface GrpcRequest {
  readonly rpc: string;
  readonly message: PlainMessage | readonly Step[];
}

/** One call of a sequence. */
type Step = PlainMessage & { readonly rpc: string };

/** Code and message of a call, beside what {@link caseForm} gives. */
interface GrpcExpect extends PlainMessage {
  readonly code?: string;
  readonly message?: string;
  readonly message_contains?: string;
  readonly sequence?: readonly { readonly code: string; readonly y?: number }[];
  readonly sequence_outputs?: readonly Readonly<Record<string, number>>[];
}

type GrpcCase = ServingCase<GrpcRequest, GrpcExpect>;

/** Refusals whose words are the same in both APIs. */
const SAME_WORDS = /^(Servable not found|Unrecognized servable|Input is empty)/;

/** A model that cannot be loaded ends its server at once. */
const NO_RETRY = "--max_num_load_retries=0";
const servers = new Map<string, Promise<ModelServer>>();
const all = casesOf<GrpcRequest, GrpcExpect>("grpc").filter(({ id }) => !(id in elsewhere));
const cases = all.filter(({ id }) => !(id in refused));

/** The server of a model, which the cases that leave it as it is share. */
function serverOf({ model = "", flags = [] }: GrpcCase, key = model): Promise<ModelServer> {
  const server =
    servers.get(key) ?? startModelServer([`--model_base_path=${join(publicModels, model)}`, NO_RETRY, ...flags]);
  servers.set(key, server);
  return server;
}

/** A message of a case, with the folders that it names in words. */
function withFolders<T>(message: T): T {
  const text = JSON.stringify(message).replace(/<abs path of (\w+)>/g, (_, model: string) => join(publicModels, model));
  return JSON.parse(text) as T;
}

async function checkCall(calling: Promise<PlainMessage>, expect: GrpcExpect): Promise<void> {
  const { code, message, message_contains: part = "", note: _, ...members } = expect;
  if (code !== "OK") {
    await assert.rejects(calling, (error) => {
      const failure = failureOf(error);
      assert.equal(failure.code, code, failure.message);
      assert.equal(failure.message, message ?? failure.message);
      assert.ok(failure.message.includes(part), failure.message);
      return true;
    });
    return;
  }
  const form = caseForm(await calling);
  for (const [name, value] of Object.entries(members)) {
    assert.deepEqual(form[name], value, name);
  }
}

function serviceOf(rpc: string): string {
  return ["HandleReloadConfigRequest", "GetModelStatus"].includes(rpc) ? "ModelService" : "PredictionService";
}

/** Asks what the case asks, one call after the other, and compares the answers. */
async function runCase(entry: GrpcCase): Promise<void> {
  const { rpc, message } = entry.request;
  const { sequence, sequence_outputs: outputs, ...expect } = entry.expect;
  if (!Array.isArray(message)) {
    const { client } = await serverOf(entry);
    await checkCall(client.call(serviceOf(rpc), rpc, withFolders(message as PlainMessage)), expect);
    return;
  }
  const { client } = await serverOf(entry, entry.id);
  for (const [index, { rpc: next, ...request }] of withFolders(message as Step[]).entries()) {
    const calling = client.call(serviceOf(next), next, request);
    await checkCall(calling, sequence === undefined ? outputExpect(outputs?.[index]) : stepExpect(sequence[index]));
  }
}

function stepExpect({ code = "", y }: { code?: string; y?: number } = {}): GrpcExpect {
  return y === undefined ? { code } : { code, outputs: { y: { dtype: "DT_FLOAT", shape: [1], values: [y] } } };
}

function outputExpect(values: Readonly<Record<string, number>> = {}): GrpcExpect {
  const outputs = Object.entries(values).map(([name, value]) => [
    name,
    { dtype: "DT_FLOAT", shape: [], values: [value] },
  ]);
  return { code: "OK", outputs: Object.fromEntries(outputs) };
}

/** Calls that REST has too, and that are answered or refused with the same words there. */
function appliesToRest({ request: { rpc, message }, expect }: GrpcCase): boolean {
  const known = ["Predict", "Classify", "Regress"].includes(rpc) && restCallOf(rpc, message as PlainMessage);
  return Boolean(known) && (expect.code === "OK" || (rpc === "Predict" && SAME_WORDS.test(expect.message ?? "")));
}

/** What the case expects, as REST answers it. */
function restForm(expect: GrpcExpect): PlainMessage {
  if (expect.message !== undefined) {
    return { error: expect.message };
  }
  const outputs = expect["outputs"] as Record<string, { values: number[]; shape: number[] }> | undefined;
  const [output] = Object.values(outputs ?? {});
  const classifications = expect["classifications"] as { label: string; score: number }[][] | undefined;
  const results = classifications?.map((classes) => classes.map(({ label, score }) => [label, score]));
  return output === undefined
    ? { results: results ?? expect["regressions"] }
    : { outputs: output.shape.length < 2 ? output.values : output.values.map((value) => [value]) };
}

describe("TensorFlow Serving's gRPC API", { skip: skipWithoutCases }, () => {
  after(async () => {
    const started = await Promise.allSettled(servers.values());
    await Promise.all(started.map(async (server) => server.status === "fulfilled" && (await server.value.close())));
  });

  for (const entry of cases) {
    it(`over gRPC: ${entry.id}`, async () => await runCase(entry));
  }

  for (const entry of all.filter(({ id }) => id in refused)) {
    const { because, error } = refused[entry.id] as KnownRefusal;
    it(`refused over gRPC: ${entry.id} (${because})`, async () => {
      await assert.rejects(runCase(entry), error);
    });
  }

  for (const entry of cases.filter(appliesToRest)) {
    const { id, request, expect } = entry;
    it(`the same over REST: ${id}`, async () => {
      const { rest } = await serverOf(entry);
      const call = restCallOf(request.rpc, request.message as PlainMessage);
      assert.ok(call !== undefined);
      assert.deepEqual(JSON.parse(String((await rest.send(call)).body)), restForm(expect));
    });
  }
});
