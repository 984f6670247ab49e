import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { encodeCollateralFile } from "@sealserve/attestation";
import { createRaTlsCertificate } from "@sealserve/ra-tls";
import { createVendor, type Vendor } from "@sealserve/simulator";
import { createAuthority, type TestAuthority } from "../support/tls-authority.ts";
import { type Finished, type Running, sealserve, startSealserve } from "./command.ts";

const MR_ENCLAVE = "1e".repeat(32);
const MR_SIGNER = "5a".repeat(32);
const KEY = Uint8Array.from({ length: 16 }, (_, index) => 0x41 + index);

/** The broker of CCZoo's recipe, run by its files alone. */
describe("broker with ra_config.json and no YAML", () => {
  let directory: string;
  let vendor: Vendor;
  let authority: TestAuthority;
  const brokers: Running[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "sealserve-ra-config-"));
    vendor = await createVendor({ now: new Date(Date.now() - 60_000) });
    authority = await createAuthority();
    const { keyPem, certificatePem } = await authority.issue();
    await writeFile(at("server.key"), keyPem);
    await writeFile(at("server.crt"), certificatePem);
    await writeFile(at("wrap_key"), KEY);
    await writeFile(at("root.pem"), vendor.rootPem);
    await writeFile(at("collateral.json"), encodeCollateralFile(await vendor.collateral()));
    await writeRules({});
  });

  after(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await rm(directory, { recursive: true });
  });

  const at = (name: string): string => join(directory, name);

  async function writeRules(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const mrs = [{ mr_enclave: MR_ENCLAVE, mr_signer: MR_SIGNER, isv_prod_id: "0", isv_svn: "0" }];
    const switches = Object.fromEntries(
      ["verify_mr_enclave", "verify_mr_signer", "verify_isv_prod_id", "verify_isv_svn"].map((name) => [name, "on"]),
    );
    await writeFile(at("ra_config.json"), JSON.stringify({ ...switches, mrs, ...changes }, undefined, 8));
  }

  function flags(...more: string[]): string[] {
    const files = ["--ra-config", at("ra_config.json"), "--wrap-key", at("wrap_key"), "--cert", at("server.crt")];
    const simulated = ["--simulated-root", at("root.pem"), "--collateral", at("collateral.json")];
    return ["broker", ...files, "--key", at("server.key"), "--listen", "127.0.0.1:0", ...simulated, ...more];
  }

  async function started(...more: string[]): Promise<{ broker: Running; port: number }> {
    const broker = startSealserve(flags("--json", ...more));
    brokers.push(broker);
    await broker.says('"event":"ready"');
    const line = broker.stdout.split("\n").find((text) => text.includes('"event":"ready"')) ?? "";
    return { broker, port: Number(JSON.parse(line).provisioning.split(":")[1]) };
  }

  async function ask(port: number, mrEnclave: string): Promise<Buffer> {
    const { certificatePem, privateKeyPem } = await createRaTlsCertificate({
      quote: (reportData) => vendor.quote({ mrEnclave, mrSigner: MR_SIGNER, reportData }),
    });
    const identity = { ca: authority.caPem, key: privateKeyPem, cert: certificatePem };
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ...identity });
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk)).on("error", () => undefined);
    socket.write("SECRET_PROVISION_RA_TLS_REQUEST_V1\0");
    await once(socket, "close");
    return Buffer.concat(received);
  }

  function keptSecret({ stdout, stderr }: Finished, audit: string): void {
    const key = Buffer.from(KEY);
    for (const form of [key.toString("hex"), key.toString("base64"), key.toString("latin1"), key.join(",")]) {
      assert.ok(!`${stdout}${stderr}${audit}`.includes(form));
    }
  }

  test("gives the key to the enclave in the file, follows the file, and keeps the key out of every log", async () => {
    const { broker, port } = await started("--audit-log", at("audit.jsonl"));
    const answer = Buffer.concat([Buffer.from("SECRET_PROVISION_RA_TLS_RESPONSE_V1:\0\0\0\0\x10", "latin1"), KEY]);
    assert.deepEqual(await ask(port, MR_ENCLAVE), answer);
    assert.deepEqual(await ask(port, "2f".repeat(32)), Buffer.alloc(0));
    await writeRules({ mrs: [] });
    assert.deepEqual(await ask(port, MR_ENCLAVE), Buffer.alloc(0));
    await writeRules({});
    assert.deepEqual(await ask(port, MR_ENCLAVE), answer);
    const finished = await broker.stop();
    assert.equal(finished.code, 0);
    const audit = await readFile(at("audit.jsonl"), "utf8");
    const outcomes = [...audit.matchAll(/"outcome":"(\w+)"/g)].map(([, outcome]) => outcome);
    assert.deepEqual(outcomes, ["released", "refused", "refused", "released"]);
    assert.match(
      audit,
      /"peer":"127\.0\.0\.1:\d+".*"mrEnclave":"(2f){32}".*"tcbStatus":"UpToDate".*mrenclave-not-accepted/,
    );
    keptSecret(finished, audit);
  });

  test("does not start with rules that accept any software, unless told so for development", async () => {
    await writeRules({ verify_mr_enclave: "off", verify_mr_signer: "off" });
    const refused = await sealserve(flags());
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /ra_config\.json: .*any enclave is accepted/);
    const { broker } = await started("--insecure-accept-any-enclave");
    assert.match((await broker.stop()).stdout, /NOT SECURE/);
    await writeRules({});
  });

  test("needs all of its files, or a YAML file and none of them", async () => {
    const [, ...rest] = flags();
    for (const args of [["broker"], ["broker", ...rest.slice(0, 4)], ["broker", "--config", "x.yaml", ...rest]]) {
      assert.equal((await sealserve(args)).code, 2);
    }
    assert.equal((await sealserve(flags("--listen", "nowhere"))).code, 2);
    assert.equal((await sealserve(flags("--pccs", "http://127.0.0.1:9"))).code, 2);
  });
});
