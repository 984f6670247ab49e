import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { BASE, CERTIFICATE_PATH, uploadOf } from "../../packages/collateral-service/test/support/upload.ts";
import { CollateralProcess, hashOf, TOKEN } from "../support/collateral-process.ts";
import { createAuthority } from "../support/tls-authority.ts";
import { COMMAND, Running, sealserve } from "./command.ts";

const admin = { "admin-token": TOKEN, "content-type": "application/json" };

async function put(service: CollateralProcess): Promise<number> {
  const body = JSON.stringify(await uploadOf({ now: new Date() }, service.vendor));
  const path = `${BASE}/platformcollateral`;
  return (await service.client.send({ method: "PUT", path, headers: admin, body })).status;
}

describe("the collateral service as two processes", () => {
  let service: CollateralProcess;
  before(async () => {
    service = await CollateralProcess.prepare("workers: 2\nmonitoring: 127.0.0.1:0");
    await service.start();
  });
  after(async () => {
    await service.stop();
    await service.remove();
  });

  test("serves in both what one of them was given", async () => {
    assert.equal(await put(service), 200);
    await setTimeout(1_000);
    for (let connection = 0; connection < 8; connection++) {
      const fresh = await service.connect();
      assert.equal((await fresh.send({ path: CERTIFICATE_PATH })).status, 200);
      fresh.close();
    }
  });

  test("counts what both of them answer in one place, which is ready when both are", async () => {
    const answered = async (): Promise<number> => {
      const text = await (await fetch(`${service.monitoringUrl}/metrics`)).text();
      const counts = text.matchAll(
        /^sealserve_collateral_answers_total\{status="200",ready="(?:true|false)"\} (\d+)$/gm,
      );
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await setTimeout(1_000);
    const earlier = await answered();
    for (let connection = 0; connection < 8; connection++) {
      const fresh = await service.connect();
      await fresh.send({ path: CERTIFICATE_PATH });
      fresh.close();
    }
    await setTimeout(1_500);
    assert.equal((await answered()) - earlier, 8);
    const ready = await fetch(`${service.monitoringUrl}/ready`);
    assert.deepEqual(await ready.json(), { ready: true, database: true, service: true });
    assert.equal((await service.client.send({ path: "/metrics" })).status, 404);
  });

  test("takes other tokens at SIGHUP, and keeps the last ones when it cannot", async () => {
    const statusWith = async (token: string): Promise<number> =>
      (await service.client.send({ path: `${BASE}/platforms`, headers: { "admin-token": token } })).status;
    await service.configure("workers: 2\nmonitoring: 127.0.0.1:0", "another token");
    service.running.process.kill("SIGHUP");
    await service.running.matches(
      /tokens and the certificate were read again[\s\S]*tokens and the certificate were read again/,
    );
    assert.deepEqual([await statusWith(TOKEN), await statusWith("another token")], [401, 200]);
    await writeFile(join(service.folder, "collateral.yaml"), "tokens: {");
    service.running.process.kill("SIGHUP");
    await service.running.matches(/nothing was taken over/);
    assert.equal(await statusWith("another token"), 200);
  });

  test("ends at once when it is asked to, with exit code 0", async () => {
    assert.equal((await service.stop()).code, 0);
  });
});

describe("the collateral service", () => {
  test("takes a certificate that was replaced by itself", async () => {
    const service = await CollateralProcess.prepare("tls: { key: own.key, certificate: own.crt }");
    const authority = await createAuthority();
    const install = async (): Promise<void> => {
      const { keyPem, certificatePem } = await authority.issue();
      await writeFile(join(service.folder, "own.key"), keyPem);
      await writeFile(join(service.folder, "own.crt"), certificatePem);
    };
    await install();
    const running = new Running(process.execPath, [
      COMMAND,
      "collateral",
      "--config",
      join(service.folder, "collateral.yaml"),
    ]);
    await running.says("ready at https://");
    await install();
    await running.says("the certificate was read again");
    await running.stop();
    await service.remove();
  });

  test("says in one line what is wrong with its configuration", async () => {
    const service = await CollateralProcess.prepare("");
    const file = join(service.folder, "collateral.yaml");
    const good = await readFile(file, "utf8");
    const faults: readonly [string, RegExp][] = [
      [`${good}colour: red\n`, /collateral\.yaml:\d+: colour: is not a known member/],
      [good.replace(hashOf(TOKEN), "plain"), /tokens\.user: is no SHA-512 in hex/],
      [`${good}tls: { key: no.key, certificate: no.crt }\n`, /the TLS certificate .*no\.crt cannot be read/],
      [
        `${good}database: { postgres: "postgresql://user:secret@host/db" }\n`,
        /database\.postgres: is no URL, names a password/,
      ],
      [`${good}monitoring: 192.0.2.1:8082\n`, /cannot listen on 192\.0\.2\.1:8082/],
      [good.replace("root.pem", "collateral.yaml"), /the simulated root .* cannot be used/],
    ];
    for (const [text, message] of faults) {
      await writeFile(file, text);
      const { code, stderr } = await sealserve(["collateral", "serve", "--config", file]);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    }
    await service.remove();
  });

  test("ends when its port is taken, with everything closed", async () => {
    const service = await CollateralProcess.prepare("upstream: { mode: LAZY }");
    await service.start();
    const file = join(service.folder, "collateral.yaml");
    const taken = (await readFile(file, "utf8")).replace("127.0.0.1:0", new URL(service.url).host);
    for (const workers of [1, 2]) {
      await writeFile(file, `${taken}workers: ${workers}\n`);
      const { code, stderr } = await sealserve(["collateral", "serve", "--config", file]);
      assert.deepEqual([code, /cannot listen on/.test(stderr)], [2, true], stderr);
    }
    assert.equal((await service.client.send({ path: "/health" })).status, 200);
    await service.stop();
    await service.remove();
  });

  test("prints the hash of a token, which it reads from standard input alone", async () => {
    const { code, stderr } = await sealserve(["collateral", "hash-token"]);
    assert.equal(code, 2);
    assert.match(stderr, /standard input has no token/);
  });
});
