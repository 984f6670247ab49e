// What is done to a collateral service's store from the command line: forecast, bundles, backups.
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BASE, CERTIFICATE_PATH, uploadOf } from "../../packages/collateral-service/test/support/upload.ts";
import { CollateralProcess, TOKEN } from "../support/collateral-process.ts";
import { type Finished, sealserve } from "./command.ts";

describe("the store of a collateral service, from the command line", () => {
  let service: CollateralProcess;
  const path = (name: string): string => join(service.folder, name);
  const collateral = (command: string, ...args: string[]): Promise<Finished> =>
    sealserve(["collateral", command, ...args, "--config", path("collateral.yaml")]);
  const elsewhere = async (name: string, command: string, ...args: string[]): Promise<Finished> => {
    const config = await readFile(path("collateral.yaml"), "utf8");
    await writeFile(path(`${name}.yaml`), `${config}state: ${name}\n`);
    return sealserve(["collateral", command, ...args, "--config", path(`${name}.yaml`)]);
  };

  before(async () => {
    service = await CollateralProcess.prepare("");
    await service.start();
    const headers = { "content-type": "application/json", "admin-token": TOKEN };
    const body = JSON.stringify(await uploadOf({ now: new Date() }, service.vendor));
    const answer = await service.client.send({ method: "PUT", path: `${BASE}/platformcollateral`, headers, body });
    assert.equal(answer.status, 200);
    assert.equal((await service.client.send({ path: CERTIFICATE_PATH })).status, 200);
    assert.equal((await sealserve(["keygen", "--out", path("owner")])).code, 0);
  });
  after(async () => {
    await service.stop();
    await service.remove();
  });

  test("is forecast for people and for programs, while the service runs", async () => {
    const { code, stdout } = await collateral("forecast");
    assert.equal(code, 0);
    assert.match(stdout, /^Forecast of [\s\S]*can be verified until 20/);
    const { changes, platforms } = JSON.parse((await collateral("forecast", "--json")).stdout);
    assert.equal(changes[0].change, "expires");
    assert.equal(platforms[0].tcbs[0].status, "UpToDate");
  });

  test("goes as a signed bundle to a service without a network, and to nobody with another key", async () => {
    const bundle = path("bundle");
    const made = await collateral("export", bundle, "--key", path("owner/owner.key"), "--json");
    assert.equal(made.code, 0);
    assert.equal(JSON.parse(made.stdout).platforms, 1);
    assert.equal((await stat(bundle)).mode & 0o777, 0o600);
    assert.equal((await collateral("export", bundle, "--key", path("owner/owner.key"))).code, 2);
    const imported = await elsewhere("cut-off", "import", bundle, "--key", path("owner/owner.pub"), "--json");
    assert.equal(imported.code, 0, imported.stderr);
    assert.equal(JSON.parse(imported.stdout).platforms, 1);
    assert.match((await elsewhere("cut-off", "forecast")).stdout, /can be verified until 20/);
    await sealserve(["keygen", "--out", path("stranger")]);
    const refused = await elsewhere("wary", "import", bundle, "--key", path("stranger/owner.pub"));
    assert.equal(refused.code, 20);
    assert.match(refused.stderr, /is not signed by the key/);
    assert.match((await elsewhere("wary", "forecast")).stdout, /Nothing is cached/);
  });

  test("comes back from a backup, in an empty database only", async () => {
    const backup = path("collateral.backup");
    const { code, stdout } = await collateral("backup", backup, "--json");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { output: backup, bytes: (await stat(backup)).size });
    assert.equal((await stat(backup)).mode & 0o777, 0o600);
    const restored = await elsewhere("restored", "restore", backup, "--json");
    assert.equal(restored.code, 0);
    assert.ok(JSON.parse(restored.stdout).restored.documents > 0, restored.stdout);
    const [was, is] = [await collateral("forecast", "--json"), await elsewhere("restored", "forecast", "--json")];
    assert.deepEqual(JSON.parse(is.stdout).platforms, JSON.parse(was.stdout).platforms);
    const again = await elsewhere("restored", "restore", backup);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /the database is not empty/);
  });
});
