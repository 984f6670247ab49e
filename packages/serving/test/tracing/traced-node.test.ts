import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { writeExampleModels } from "@sealserve/models";
import { type FlagServer, startFlagServer } from "../../../../tests/support/flag-server.ts";
import { createAuthority, type TestAuthority } from "../../../../tests/support/tls-authority.ts";
import { NodeError } from "../../src/errors.ts";
import { type Collector, startCollector } from "../support/collector.ts";

let directory: string;
let collector: Collector;
let authority: TestAuthority;
const authorities = getCACertificates("default");

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-traces-"));
  authority = await createAuthority();
  collector = await startCollector(authority);
});
after(async () => {
  await collector.close();
  await rm(directory, { recursive: true });
});

/** Starts a node that traces, and has it answer a call of each protocol. */
async function serveTraced(...more: readonly string[]): Promise<FlagServer> {
  const models = await writeExampleModels(directory);
  const flags = [`--model_base_path=${models.get("half_plus_two")}`, `--trace-endpoint=${collector.endpoint}`, ...more];
  const server = await startFlagServer(...flags);
  const inputs = { x: { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "1" }] }, floatVal: [4711] } };
  await server.client.call("PredictionService", "Predict", { modelSpec: { name: "default" }, inputs });
  await server.rest.send({ method: "POST", path: "/v1/models/default:predict", body: '{"instances": [4711]}' });
  return server;
}

function calls(): string[] {
  return collector.spans
    .splice(0)
    .filter(({ kind }) => kind === 2)
    .map(({ name }) => name);
}

const CALLS = ["tensorflow.serving.PredictionService/Predict", "POST"];

test("a node sends the traces of its calls to the collector that its flags name, the last ones when it ends", async () => {
  setDefaultCACertificates([...authorities, authority.caPem]);
  const server = await serveTraced();
  assert.deepEqual(collector.spans, [], "spans are sent together");
  await server.close();
  setDefaultCACertificates(authorities);
  assert.deepEqual(calls(), CALLS);
  assert.doesNotMatch(collector.bodies.join(), /4711/);
});

test("a file of authorities stands for those of Node, and nothing goes to a collector of others", async () => {
  const file = join(directory, "ca.pem");
  await writeFile(file, authority.caPem);
  const server = await serveTraced(`--trace-ca-file=${file}`);
  await server.close();
  assert.deepEqual(calls(), CALLS);
  setDefaultCACertificates([...authorities, authority.caPem]);
  await writeFile(file, (await createAuthority()).caPem);
  const wary = await serveTraced(`--trace-ca-file=${file}`);
  await wary.close();
  setDefaultCACertificates(authorities);
  assert.deepEqual(calls(), [], "the authority of the collector is known to Node, but not in the file");
});

test("a file without certificates, or none, ends the start", async () => {
  const file = join(directory, "no-ca.pem");
  for (const text of ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    await writeFile(file, text);
    await assert.rejects(serveTraced(`--trace-ca-file=${file}`), (error) => {
      assert.ok(error instanceof NodeError, String(error));
      assert.equal(error.code, "bad-option");
      assert.match(error.message, /no-ca\.pem: the authorities/);
      return true;
    });
  }
  await assert.rejects(serveTraced(`--trace-ca-file=${join(directory, "missing")}`), { code: "ENOENT" });
  assert.deepEqual(collector.spans, []);
});
