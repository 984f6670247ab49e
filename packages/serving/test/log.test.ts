import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeExampleModels } from "@sealserve/models";
import { withoutThrowing } from "../src/log.ts";
import { startNode } from "../src/node/start.ts";
import { optionsOfFlags } from "../src/options/options-of-flags.ts";
import { parseFlags } from "../src/options/parse-flags.ts";

test("what a log throws stays with it, and what it takes comes through", () => {
  const taken: unknown[] = [];
  const log = withoutThrowing((event, fields) => {
    taken.push([event, fields]);
    throw new Error("the disk is full");
  });
  log("step", { ms: 1 });
  assert.deepEqual(taken, [["step", { ms: 1 }]]);
});

test("a node whose log fails starts, reads its models again and closes", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-log-"));
  const models = await writeExampleModels(directory);
  const flags = [`--model_base_path=${models.get("half_plus_two")}`, `--grpc_socket_path=${join(directory, "s")}`];
  let lines = 0;
  const node = await startNode(await optionsOfFlags(parseFlags(["--port=0", ...flags])), {
    log: () => {
      lines++;
      throw new Error("the disk is full");
    },
  });
  assert.ok(lines > 0, "something was logged");
  assert.deepEqual(node.models, ["default"]);
  await node.reread();
  await node.close();
  await rm(directory, { recursive: true });
});
