import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { writeExampleModels } from "@sealserve/models";
import { startFlagServer } from "../../../../tests/support/flag-server.ts";
import { createAuthority } from "../../../../tests/support/tls-authority.ts";
import { type Collector, startCollector } from "../support/collector.ts";

let directory: string;
let collector: Collector;
const authorities = getCACertificates("default");

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-traces-"));
  const authority = await createAuthority();
  setDefaultCACertificates([...authorities, authority.caPem]);
  collector = await startCollector(authority);
});
after(async () => {
  setDefaultCACertificates(authorities);
  await collector.close();
  await rm(directory, { recursive: true });
});

test("a node sends the traces of its calls to the collector that its flags name, the last ones when it ends", async () => {
  const models = await writeExampleModels(directory);
  const flags = [`--model_base_path=${models.get("half_plus_two")}`, `--trace-endpoint=${collector.endpoint}`];
  const server = await startFlagServer(...flags);
  const inputs = { x: { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "1" }] }, floatVal: [4711] } };
  await server.client.call("PredictionService", "Predict", { modelSpec: { name: "default" }, inputs });
  await server.rest.send({ method: "POST", path: "/v1/models/default:predict", body: '{"instances": [4711]}' });
  assert.deepEqual(collector.spans, [], "spans are sent together");
  await server.close();
  const calls = collector.spans.filter(({ kind }) => kind === 2).map(({ name }) => name);
  assert.deepEqual(calls, ["tensorflow.serving.PredictionService/Predict", "POST"]);
  assert.doesNotMatch(collector.bodies.join(), /4711/);
});
