import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { NodeError } from "../src/errors.ts";
import { isTraceEndpoint, readMetricsPath } from "../src/options/monitoring.ts";
import { refusal } from "./support/refusal.ts";

let file = "";
before(async () => {
  file = join(await mkdtemp(join(tmpdir(), "sealserve-monitoring-")), "monitoring.txt");
});
after(async () => await rm(join(file, ".."), { recursive: true }));

async function pathOf(text: string): Promise<string | undefined> {
  await writeFile(file, text);
  return await readMetricsPath(file);
}

test("metrics are where the file says, at TensorFlow Serving's path without one, and only when they are on", async () => {
  assert.equal(await readMetricsPath(""), undefined);
  assert.equal(await pathOf('prometheus_config { enable: true, path: "/own/path_1.~-x" }'), "/own/path_1.~-x");
  assert.equal(await pathOf("prometheus_config { enable: true }"), "/monitoring/prometheus/metrics");
  assert.equal(await pathOf('prometheus_config { path: "/own" }'), undefined);
  assert.equal(await pathOf(""), undefined);
});

test("a path that no request can have, or that an API owns, is refused", async () => {
  for (const path of ["/v1", "/v1/models/m", "/V2/health", "own", "/", "/a//b", "/a b", "/a?b", "/a/%2e", "/\u00e4"]) {
    await assert.rejects(pathOf(`prometheus_config { enable: true, path: "${path}" }`), (error) => {
      assert.ok(error instanceof NodeError, path);
      assert.deepEqual([error.code, error.actual], ["bad-option", path]);
      assert.ok(error.message.startsWith(`${file}: `));
      return true;
    });
  }
  assert.equal(await pathOf('prometheus_config { enable: true, path: "/v10" }'), "/v10");
});

test("a file that is no configuration is refused with its name and line", async () => {
  await assert.rejects(
    pathOf("prometheus_config {\n enabled: true }"),
    refusal("INVALID_ARGUMENT", /^Error parsing text-format .*MonitoringConfig: .*monitoring\.txt: line 2: /),
  );
});

test("traces go to https URLs alone", () => {
  assert.equal(isTraceEndpoint("https://collector.example:4318/v1/traces"), true);
  for (const url of ["", "collector", "http://collector/v1/traces", "https:", "file:///etc/passwd", "ftp://c/"]) {
    assert.equal(isTraceEndpoint(url), false, url);
  }
});
