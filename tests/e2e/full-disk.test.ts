/** A service whose output cannot be written, as when the disk of its log is full, goes on with its work. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { COMMAND } from "./command.ts";
import { freePort, makeServerFolder, rest, type ServerFolder } from "./model-server.ts";

let folder: ServerFolder;
before(async () => {
  folder = await makeServerFolder();
});
after(async () => await folder.remove());

test("a model server answers although nothing it says can be written, and ends as it is told", async () => {
  const full = await open("/dev/full", "w");
  const port = await freePort();
  const flags = [`--model_base_path=${folder.at("models", "half_plus_two")}`, "--model_name=half", "--json"];
  const ports = ["--bind-address=127.0.0.1", `--port=${await freePort()}`, `--rest_api_port=${port}`];
  const tls = `--ssl_config_file=${folder.at("ssl.cfg")}`;
  const server = spawn(process.execPath, [COMMAND, "serve", ...flags, ...ports, tls], {
    stdio: ["ignore", full.fd, full.fd],
  });
  const ended = once(server, "exit");
  const ca = await readFile(folder.at("tls", "ca.crt"));
  const ask = async (): Promise<{ readonly status: number }> =>
    await rest({ port, path: "/v1/models/half:predict", ca }, '{"instances": [1.0]}');
  for (let tries = 0; tries < 300 && server.exitCode === null; tries++) {
    if (
      await ask().then(
        ({ status }) => status === 200,
        () => false,
      )
    ) {
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal((await ask()).status, 200);
  server.kill("SIGHUP");
  assert.equal((await ask()).status, 200);
  server.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
  await full.close();
});
