// Files that upstream is reached with are read, and refused, before anything is opened.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { vendorRoot } from "@sealserve/attestation";
import { NO_UPSTREAM } from "../src/config/upstream-config.ts";
import { CollateralMetrics } from "../src/metrics/collateral-metrics.ts";
import { upstreamOpener } from "../src/service/open-upstream-parts.ts";

const context = {
  root: vendorRoot,
  now: () => new Date(),
  windows: undefined,
  metrics: new CollateralMetrics(),
  onFailure: () => undefined,
};

for (const [what, content] of [
  ["subscription key", ""],
  ["subscription key", "first\nsecond\n"],
  ["TLS roots", "no certificate"],
] as const) {
  test(`${what} of ${JSON.stringify(content)} are refused with the name of their file, without a word of what is in it`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "collateral-"));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, "file");
    await writeFile(file, content);
    const config =
      what === "TLS roots" ? { ...NO_UPSTREAM, tlsRootsFile: file } : { ...NO_UPSTREAM, apiKeyFiles: [file] };
    await assert.rejects(upstreamOpener(config, context), {
      code: "file-unusable",
      message: `the ${what} ${file} cannot be used`,
    });
  });
}

test("a key may end in a line feed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collateral-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "key"), "0123456789abcdef\n");
  assert.ok(await upstreamOpener({ ...NO_UPSTREAM, apiKeyFiles: [join(folder, "key")] }, context));
});
