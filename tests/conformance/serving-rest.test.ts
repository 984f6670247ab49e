// TensorFlow Serving's REST API over a TLS connection: every public case, and each predict case over gRPC too.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { HttpsAnswer } from "../support/https-request.ts";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { casesOf, publicModels, readSharedJson, type ServingCase, skipWithoutCases } from "../support/serving-cases.ts";
import { failureOf } from "../support/stock-client.ts";
import { type NestedNumbers, nestedFromTensor, tensorFromNested } from "./nested-numbers.ts";
import { elsewhere, type KnownRefusal, refused } from "./serving-case-table.ts";

interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly encode?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface RestExpect {
  readonly http: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly json_file?: string;
  readonly error_contains?: string;
  readonly body?: string;
  readonly body_contains?: readonly string[];
}

type RestCase = ServingCase<RestRequest, RestExpect>;

const all = casesOf<RestRequest, RestExpect>("rest").filter(({ id }) => !(id in elsewhere));
const cases = all.filter(({ id }) => !(id in refused));
/** Bytes of a body that is not decoded on the server's main thread. */
const LARGE_BODY = 2 ** 19;
const PREDICT_PATH = /^\/v1\/models\/([^/:]+)(?:\/versions\/(\d+)|\/labels\/([^/:]+))?:predict$/i;

/** Serves version 123 of the cases' model, under the label `some_label` too. */
async function startDefault(flags: readonly string[]): Promise<ModelServer> {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-cases-"));
  const basePath = join(publicModels, "half_plus_two_2_versions");
  await writeFile(
    join(folder, "models.cfg"),
    `model_config_list { config {
      name: "default" base_path: "${basePath}" model_platform: "tensorflow"
      model_version_policy { specific { versions: 123 } }
      version_labels { key: "some_label" value: 123 }
    } }`,
  );
  const withFolders = flags.map((flag) => flag.replace("=_config/", `=${publicModels}_config/`));
  try {
    return await startModelServer([`--model_config_file=${join(folder, "models.cfg")}`, ...withFolders]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function checkAnswer({ status, headers, body }: HttpsAnswer, expect: RestExpect): void {
  assert.equal(status, expect.http, String(body));
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    assert.equal(headers[name], value, name);
  }
  if (expect.json !== undefined) {
    assert.deepEqual(JSON.parse(String(body)), expect.json);
  }
  if (expect.json_file !== undefined) {
    assert.deepEqual(withoutDefaults(JSON.parse(String(body))), withoutDefaults(readSharedJson(expect.json_file)));
  }
  if (expect.body !== undefined) {
    assert.equal(String(body), expect.body);
  }
  for (const part of expect.body_contains ?? []) {
    assert.ok(String(body).includes(part), `${part} in ${String(body)}`);
  }
  if (expect.error_contains !== undefined) {
    const { error } = JSON.parse(String(body)) as { error: string };
    assert.ok(error.includes(expect.error_contains), error);
  }
}

/** Metadata as all versions of TensorFlow Serving print it: some leave out a signature's empty default values. */
function withoutDefaults(metadata: unknown): unknown {
  const replaceName = (key: string, value: unknown): unknown => (key === "defaults" ? undefined : value);
  const copy = JSON.parse(JSON.stringify(metadata, replaceName)) as { model_spec: { name: string } };
  copy.model_spec.name = "default";
  return copy;
}

/** The same predict call over gRPC; undefined for a body that has no meaning there. */
async function predictOverGrpc({ client }: ModelServer, { path, body = "" }: RestRequest): Promise<unknown> {
  const [, name, version, versionLabel] = PREDICT_PATH.exec(path) ?? [];
  const parsed = JSON.parse(body) as { signature_name?: string; instances?: NestedNumbers; inputs?: NestedNumbers };
  const choice = { ...(version && { version: { value: version } }), ...(versionLabel && { versionLabel }) };
  const modelSpec = { name, ...choice, signatureName: parsed.signature_name ?? "" };
  const inputs = { x: tensorFromNested(parsed.instances ?? parsed.inputs ?? []) };
  const { outputs } = await client.call("PredictionService", "Predict", { modelSpec, inputs });
  const { y } = outputs as { y: Parameters<typeof nestedFromTensor>[0] };
  return { [parsed.instances === undefined ? "outputs" : "predictions"]: nestedFromTensor(y) };
}

/** Predict calls that a client of gRPC can make as well, and that are answered or refused with the same words there. */
function appliesToGrpc({ request, expect }: RestCase): boolean {
  const { error = "" } = (expect.json ?? {}) as { error?: string };
  const sameWords = expect.http === 200 || /^(Servable not found|Unrecognized servable)/.test(error);
  return request.method === "POST" && PREDICT_PATH.test(request.path) && sameWords;
}

/** Cases whose body means the same with space behind it. */
function startsObject({ request: { method, body = "" } }: RestCase): boolean {
  return method === "POST" && body.trimStart().startsWith("{");
}

describe("TensorFlow Serving's REST API", { skip: skipWithoutCases }, () => {
  const servers = new Map<string, Promise<ModelServer>>();

  after(async () => void (await Promise.all([...servers.values()].map(async (server) => (await server).close()))));

  /** The server with these flags, which its cases share. */
  function serverWith(flags: readonly string[] = []): Promise<ModelServer> {
    const server = servers.get(flags.join()) ?? startDefault(flags);
    servers.set(flags.join(), server);
    return server;
  }

  async function ask({ flags, request }: RestCase, padding = 0): Promise<HttpsAnswer> {
    const { method, path, headers = {}, encode } = request;
    const body = (request.body ?? "").padEnd(padding);
    const { rest } = await serverWith(flags);
    return await rest.send({ method, path, headers, body: encode === "gzip" ? gzipSync(body) : body });
  }

  for (const entry of cases) {
    it(`over REST: ${entry.id}`, async () => checkAnswer(await ask(entry), entry.expect));
    if (startsObject(entry)) {
      it(`over REST, with a body that is decoded in a thread: ${entry.id}`, async () =>
        checkAnswer(await ask(entry, LARGE_BODY), entry.expect));
    }
  }

  for (const entry of all.filter(({ id }) => id in refused)) {
    const { because, error } = refused[entry.id] as KnownRefusal;
    it(`refused over REST: ${entry.id} (${because})`, async () => {
      const { status, body } = await ask(entry);
      assert.equal(status, 501);
      assert.match(String(body), error);
    });
  }

  for (const { id, request, expect } of cases.filter(appliesToGrpc)) {
    it(`the same over gRPC: ${id}`, async () => {
      const plain = await serverWith();
      if (expect.http === 200) {
        assert.deepEqual(await predictOverGrpc(plain, request), expect.json);
        return;
      }
      const { error } = expect.json as { error: string };
      await assert.rejects(predictOverGrpc(plain, request), (failure) => failureOf(failure).message === error);
    });
  }
});
