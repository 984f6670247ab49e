// TensorFlow Serving's metrics on servers that are started by flags.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type FlagServer, startFlagServer } from "../support/flag-server.ts";
import { publicModels, skipWithoutCases } from "../support/serving-cases.ts";

const MONITORING = `--monitoring_config_file=${join(publicModels, "_config", "monitoring_config.txt")}`;
const MODEL = `--model_base_path=${join(publicModels, "half_plus_two_2_versions")}`;

describe("TensorFlow Serving's metrics", { skip: skipWithoutCases }, () => {
  let server: FlagServer;

  before(async () => {
    server = await startFlagServer(MODEL, MONITORING, "--batching=auto");
  });
  after(async () => await server.close());

  const scrape = async (): Promise<string> =>
    String((await server.rest.send({ path: "/monitoring/prometheus/metrics" })).body);

  async function predict(name: string): Promise<void> {
    const inputs = { x: { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "1" }] }, floatVal: [3] } };
    await server.client.call("PredictionService", "Predict", { modelSpec: { name }, inputs });
  }

  test("are served as plain text where the configuration says, and only there", async () => {
    const { status, headers } = await server.rest.send({ path: "/monitoring/prometheus/metrics" });
    assert.deepEqual([status, headers["content-type"]], [200, "text/plain"]);
    assert.equal((await server.rest.send({ path: "/metrics" })).status, 404);
  });

  test("are read, and nothing else: other methods find no such path", async () => {
    const { status } = await server.rest.send({ method: "POST", path: "/monitoring/prometheus/metrics", body: "x" });
    assert.equal(status, 404);
  });

  test("count what both ports have answered", async () => {
    await predict("default");
    const rest = async (body: string): Promise<number> =>
      (await server.rest.send({ method: "POST", path: "/v1/models/default:predict", body })).status;
    assert.equal(await rest('{"instances": [1]}'), 200);
    assert.equal(await rest("{"), 400);
    const text = await scrape();
    const prefix = ":tensorflow:serving:request";
    for (const line of [
      `${prefix}_count{model_name="default",status="OK"} 2`,
      `${prefix}_count{model_name="default",status="INVALID_ARGUMENT"} 1`,
      `${prefix}_latency_count{model_name="default",API="Predict",entrypoint="GRPC"} 1`,
      `${prefix}_latency_count{model_name="default",API="predict",entrypoint="REST"} 1`,
      ':tensorflow:serving:runtime_latency_count{model_name="default",API="Predict",runtime="TF1"} 2',
      ':tensorflow:serving:batching_session:queuing_latency_count{thread_pool_name="auto"} 2',
      'sealserve_model_version_state{model="default",version="124",state="AVAILABLE"} 1',
      'sealserve_batch_rows_sum{model="default",version="124",signature="serving_default"} 2',
      'sealserve_connections{port="rest"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
  });

  test("are well-formed: each series once, each metric described once before its series", async () => {
    const lines = (await scrape()).split("\n").slice(0, -1);
    const series = lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" ")));
    assert.equal(new Set(series).size, series.length);
    let metric = "";
    for (const line of lines) {
      metric = /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1] ?? metric;
      const isSeries = /^[A-Za-z_:][\w:]*\{(?:\w+="(?:[^"\\\n]|\\.)*"(?:,|(?=\})))*\} [\d.e+-]+$/.test(line);
      assert.ok(/^# (?:HELP|TYPE) /.test(line) || (isSeries && line.startsWith(metric)), line);
    }
  });

  test("take no names from requests, however many there are (F6, E4)", async () => {
    const linesBefore = (await scrape()).split("\n").length;
    for (let index = 0; index < 50; index++) {
      await assert.rejects(predict(`made-up-${index}`));
      const path = `/v1/models/made-up-${index}:predict`;
      await server.rest.send({ method: "POST", path, body: '{"signature_name": "made-up", "instances": [4711]}' });
    }
    const text = await scrape();
    assert.ok(!text.includes("made-up") && !text.includes("4711"));
    assert.ok(text.includes(':tensorflow:serving:request_count{model_name="",status="NOT_FOUND"} 100\n'));
    assert.ok(text.split("\n").length <= linesBefore + 4);
  });

  test("tell what a reload has changed", async () => {
    const config = [
      { name: "default", basePath: join(publicModels, "half_plus_two_2_versions"), modelPlatform: "tensorflow" },
    ];
    const metric = "/tensorflow/serving/request_count";
    const request = { config: { modelConfigList: { config } }, metricNames: [metric, "/no/such"] };
    const answer = await server.client.call("ModelService", "HandleReloadConfigRequest", request);
    assert.deepEqual(answer["metric"], [{ name: metric, int64ValueIncrease: "0" }]);
  });
});
