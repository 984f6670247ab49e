import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { avoidOneDnnWithoutCaches } from "../../src/libtensorflow/one-dnn.ts";

const SWITCH = "TF_ENABLE_ONEDNN_OPTS";

test("oneDNN is left out where no caches are known, unless the environment has decided", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-caches-"));
  const before = process.env[SWITCH];
  context.after(async () => {
    await rm(directory, { recursive: true });
    process.env[SWITCH] = before ?? "";
  });
  const decide = (given: string | undefined): string | undefined => {
    delete process.env[SWITCH];
    if (given !== undefined) {
      process.env[SWITCH] = given;
    }
    avoidOneDnnWithoutCaches(directory);
    return process.env[SWITCH];
  };
  assert.deepEqual([decide(undefined), decide("1")], ["0", "1"]);
  await mkdir(join(directory, "index0"));
  assert.equal(decide(undefined), undefined);
  await rm(join(directory, "index0"), { recursive: true });
  assert.equal(decide(undefined), "0");
});
