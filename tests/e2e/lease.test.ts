/** A leased node with a certificate made in its TEE, in processes of its own: judged from outside, taken back, given again. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { writeExampleModels } from "@sealserve/models";
import { type Finished, Running, sealserve, startSealserve } from "./command.ts";

const NONCE = "a7".repeat(32);
const MODEL = "half_plus_two";

interface Ready {
  readonly grpc: string;
  readonly rest: string;
}

let folder: string;
let manifest: string;
let mrEnclave: string;
let pccs: string;
let broker: Running;
let node: Running;
let ready: Ready;
const running: Running[] = [];

const at = (...parts: readonly string[]): string => join(folder, ...parts);
const portOf = (address: string): string => address.slice(address.lastIndexOf(":") + 1);

async function succeeds(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sealserve(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** A service, and what it said when it was ready. */
async function startService(...args: readonly string[]): Promise<{ service: Running; said: Record<string, string> }> {
  const service = startSealserve([...args, "--json"]);
  running.push(service);
  await service.says('"event":"ready"');
  const line = service.stdout.split("\n").find((text) => text.includes('"event":"ready"'));
  return { service, said: JSON.parse(line ?? "") };
}

async function writeBrokerConfig(enclave: string): Promise<void> {
  await writeFile(
    at("broker.yaml"),
    `listen: 127.0.0.1:0
tls: { key: tls/server.key, certificate: tls/server.crt }
collateral: { pccs: "${pccs}" }
simulatedRoot: state/vendor/root.pem
models:
  - name: ${MODEL}
    package: sealed
    wrapKey: owner/wrap.key
    ownerKey: owner/owner.pub
    minimumVersion: 1
    lease: 10s
    policy: { sgx: { mrEnclave: ["${enclave}"] } }
`,
  );
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-lease-"));
  await writeExampleModels(at("models"));
  await mkdir(at("program"));
  await writeFile(at("program", "main.js"), "export {};\n");
  await succeeds("keygen", "--out", at("owner"));
  await succeeds("certs", "--out", at("tls"), "--name", "localhost");
  const keys = ["--wrap-key", at("owner", "wrap.key"), "--signing-key", at("owner", "owner.key")];
  const sealed = await succeeds("seal", at("models", MODEL), "--name", MODEL, "--out", at("sealed"), ...keys, "--json");
  manifest = JSON.parse(sealed).manifestDigest;
  mrEnclave = (await succeeds("simulator", "measure", at("program"))).trim();
  const platform = ["--program", at("program"), "--socket", at("tee.sock"), "--state", at("state")];
  const { said } = await startService("simulator", "platform", ...platform, "--pccs", "127.0.0.1:0");
  pccs = said["pccs"] ?? "";
  await writeBrokerConfig(mrEnclave);
  await writeFile(at("policy.yaml"), `sgx: { mrEnclave: ["${mrEnclave}"] }\n`);
  const started = await startService("broker", "--config", at("broker.yaml"));
  broker = started.service;
  await writeFile(
    at("serve.yaml"),
    `model: ${MODEL}
package: sealed
listen: { grpc: "127.0.0.1:0", rest: "127.0.0.1:0" }
broker: { url: "https://localhost:${portOf(started.said["url"] ?? "")}", ca: tls/ca.crt }
platform: { simulated: tee.sock }
tls: { from: ra-tls }
threads: 1
`,
  );
  const serving = await startService("serve", "--config", at("serve.yaml"));
  node = serving.service;
  ready = serving.said as unknown as Ready;
});

after(async () => {
  await Promise.all(running.map((service) => service.stop("SIGKILL")));
  await rm(folder, { recursive: true, force: true });
});

async function predict(...extra: readonly string[]): Promise<Finished> {
  const ports = ["--grpc-port", portOf(ready.grpc), "--rest-port", portOf(ready.rest), "--via", "both"];
  const trust = ["--policy", at("policy.yaml"), "--pccs", pccs, "--root", at("state", "vendor", "root.pem")];
  const input = ["--model", MODEL, "--input", '{"instances": [2.0]}'];
  return await sealserve(["predict", "localhost", ...ports, ...trust, ...input, ...extra]);
}

async function verify(file: string, ...extra: readonly string[]): Promise<{ code: number | null; verdict: Verdict }> {
  const trust = ["--policy", at("policy.yaml"), "--pccs", pccs, "--root", at("state", "vendor", "root.pem")];
  const { code, stdout } = await sealserve(["verify", file, ...trust, "--json", ...extra]);
  return { code, verdict: JSON.parse(stdout) };
}

interface Verdict {
  readonly accepted?: boolean;
  readonly statement?: Readonly<Record<string, string>>;
  readonly reasons?: readonly { readonly code: string }[];
}

/** Runs a tool of the system and keeps what it prints. */
async function saveOutput(file: string, command: string): Promise<void> {
  const { code, stdout, stderr } = await new Running("bash", ["-c", command]).finished;
  assert.equal(code, 0, stderr);
  await writeFile(file, stdout);
}

const curl = existsSync("/usr/bin/curl") ? false : "curl is absent";
const openssl = existsSync("/usr/bin/openssl") ? false : "openssl is absent";

test("a requester without an authority verifies the node and is told package and lease", async () => {
  const { code, stdout, stderr } = await predict("--ra-tls", "--manifest", manifest, "--json");
  assert.equal(code, 0, stderr);
  const { outputs, seal } = JSON.parse(stdout);
  assert.deepEqual(Object.values(outputs), [[3]]);
  assert.equal(seal.manifestDigest, manifest);
  assert.ok(new Date(seal.leaseEndsAt).getTime() > Date.now());
});

test("a requester who pins nothing, or another package, is not served", async () => {
  assert.equal((await predict("--ra-tls")).code, 2);
  assert.equal((await predict()).code, 2);
  assert.equal((await predict("--ra-tls", "--manifest", "00".repeat(32))).code, 10);
  assert.equal((await predict("--ca", at("tls", "ca.crt"), "--manifest", manifest)).code, 20);
});

test("the certificate as openssl prints it is judged by its evidence", { skip: openssl }, async () => {
  const connect = `openssl s_client -connect 127.0.0.1:${portOf(ready.rest)} -alpn http/1.1 </dev/null`;
  await saveOutput(at("printed.txt"), connect);
  const { code, verdict } = await verify(at("printed.txt"));
  assert.equal(code, 0);
  assert.ok(verdict.statement?.["issuedAt"]);
  await writeFile(at("other.yaml"), `sgx: { mrEnclave: ["${"ab".repeat(32)}"] }\n`);
  assert.equal((await verify(at("printed.txt"), "--policy", at("other.yaml"))).code, 10);
});

test("an answer of /attestation as curl saves it is judged on both ports, by the nonce that was sent", {
  skip: curl,
}, async () => {
  for (const [port, version] of [
    [portOf(ready.rest), "--http1.1"],
    [portOf(ready.grpc), "--http2-prior-knowledge"],
  ] as const) {
    const url = `https://127.0.0.1:${port}/attestation?nonce=${NONCE}`;
    await saveOutput(at("answer.json"), `curl --silent --fail --insecure ${version} '${url}'`);
    const { code, verdict } = await verify(at("answer.json"), "--nonce", NONCE);
    assert.equal(code, 0);
    assert.deepEqual([verdict.statement?.["model"], verdict.statement?.["manifestDigest"]], [MODEL, manifest]);
    const replayed = await verify(at("answer.json"), "--nonce", "00".repeat(32));
    assert.deepEqual([replayed.code, replayed.verdict.statement], [10, undefined]);
    assert.ok(replayed.verdict.reasons?.some(({ code: reason }) => reason.includes("report-data")));
  }
});

test("an answer is held to the certificate that the server showed", { skip: curl || openssl }, async () => {
  const place = `127.0.0.1:${portOf(ready.rest)}`;
  await saveOutput(at("answer.json"), `curl --silent --insecure 'https://${place}/attestation?nonce=${NONCE}'`);
  await saveOutput(at("shown.pem"), `openssl s_client -connect ${place} -alpn http/1.1 </dev/null | openssl x509`);
  assert.equal((await verify(at("answer.json"), "--server-certificate", at("shown.pem"))).code, 0);
  assert.equal((await verify(at("answer.json"), "--server-certificate", at("tls", "server.crt"))).code, 10);
});

test("a model that the owner takes back is gone from the node, and is served again when she gives it", async () => {
  await writeBrokerConfig("ab".repeat(32));
  broker.process.kill("SIGHUP");
  await node.says("lease-lapsed");
  await node.matches(/"reason":"refused"/);
  const refused = await predict("--ra-tls", "--manifest", manifest);
  assert.equal(refused.code, 20, refused.stderr);
  await writeBrokerConfig(mrEnclave);
  broker.process.kill("SIGHUP");
  await node.says("lease-regained");
  await node.says("model-restored");
  assert.equal((await predict("--ra-tls", "--manifest", manifest)).code, 0);
});

test("a broker whose configuration cannot be used says so and ends no lease by it", async () => {
  await writeFile(at("broker.yaml"), "models: [");
  broker.process.kill("SIGHUP");
  await broker.says("until it can, no key is released");
  assert.equal((await predict("--ra-tls", "--manifest", manifest)).code, 0);
  await writeBrokerConfig(mrEnclave);
  broker.process.kill("SIGHUP");
});

test("the node ends with 0 when it is told to", async () => {
  const { code, stderr } = await node.stop();
  assert.equal(code, 0, stderr);
});
