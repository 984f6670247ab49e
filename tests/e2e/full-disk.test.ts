/** Services whose output cannot be written, as when the disk of its log is full, go on with their work. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { COMMAND, sealserve } from "./command.ts";
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

test("a broker stays at its ports although nothing it says can be written, and ends as it is told", async () => {
  const owner = ["keygen", "--out", folder.at("owner")];
  const keys = ["--wrap-key", folder.at("owner", "wrap.key"), "--signing-key", folder.at("owner", "owner.key")];
  const seal = ["seal", folder.at("models", "half_plus_two"), "--name", "half", "--out", folder.at("sealed"), ...keys];
  for (const args of [owner, seal]) {
    const { code, stderr } = await sealserve(args);
    assert.equal(code, 0, stderr);
  }
  const port = await freePort();
  await writeFile(folder.at("broker.yaml"), brokerYaml(port));
  const full = await open("/dev/full", "w");
  const broker = spawn(process.execPath, [COMMAND, "broker", "--config", folder.at("broker.yaml")], {
    stdio: ["ignore", full.fd, full.fd],
  });
  const ended = once(broker, "exit");
  const place = {
    host: "localhost",
    port,
    ca: await readFile(folder.at("tls", "ca.crt")),
    ALPNProtocols: ["http/1.1"],
  };
  const answers = async (): Promise<boolean> => {
    const socket = connect(place);
    const isSecure = await new Promise<boolean>((resolve) => {
      socket.on("secureConnect", () => resolve(true)).on("error", () => resolve(false));
    });
    socket.destroy();
    return isSecure;
  };
  for (let tries = 0; tries < 300 && broker.exitCode === null && !(await answers()); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(await answers(), true);
  broker.kill("SIGHUP");
  assert.equal(await answers(), true);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(await answers(), true, "what the reload has to say could not be written");
  broker.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
  await full.close();
});

function brokerYaml(port: number): string {
  return `listen: 127.0.0.1:${port}
tls: { key: tls/server.key, certificate: tls/server.crt }
collateral: { pccs: "https://127.0.0.1:1" }
models:
  - name: half
    package: sealed
    wrapKey: owner/wrap.key
    ownerKey: owner/owner.pub
    minimumVersion: 1
    policy: { sgx: { mrEnclave: ["${"ab".repeat(32)}"] } }
`;
}
