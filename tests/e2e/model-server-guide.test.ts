/** Types the commands of the guide to the model server into a shell, with the server in a process of its own. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Running } from "./command.ts";
import { commandBlocks, linkCheckout } from "./readme-commands.ts";

test("the guide's commands serve a model by TensorFlow Serving's flags", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sealserve-guide-"));
  const services: Running[] = [];
  let printed = "";
  try {
    await linkCheckout(folder);
    for (const { kind, commands } of await commandBlocks("docs/model-server.md")) {
      const shell = new Running("bash", ["-c", `set -e\n${commands}`], { cwd: folder, group: true });
      if (kind === "service") {
        services.push(shell);
        await shell.matches(/serving half_plus_two/);
      } else {
        const { code, stdout, stderr } = await shell.finished;
        assert.equal(code, 0, `${commands}\n${stderr}`);
        printed = stdout;
      }
    }
    assert.match(printed, /2\.5,\s*3(\.0)?,\s*4\.5/);
  } finally {
    await Promise.all(services.map((service) => service.stop("SIGINT")));
    await rm(folder, { recursive: true, force: true });
  }
});
