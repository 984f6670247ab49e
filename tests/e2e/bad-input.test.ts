/** Every command, given something wrong: one clear line, the right exit code, no stack trace, no partial output. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { writeExampleModels } from "@sealserve/models";
import { createAuthority } from "../support/tls-authority.ts";
import { COMMAND, type Finished, Running, sealserve, startSealserve } from "./command.ts";

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, ...parts);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-bad-input-"));
  await writeExampleModels(at("models"));
  await expectSuccess(["keygen", "--out", at("owner")]);
  await expectSuccess(["certs", "--out", at("tls"), "--name", "localhost"]);
  await expectSuccess(sealArguments("sealed"));
  await mkdir(at("program"));
  await writeFile(at("program", "main.js"), "export {};\n");
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

function sealArguments(output: string, changes: Readonly<Record<string, string>> = {}): string[] {
  const options: Record<string, string> = {
    "--name": "half_plus_two",
    "--out": at(output),
    "--wrap-key": at("owner", "wrap.key"),
    "--signing-key": at("owner", "owner.key"),
    "--tls-key": at("tls", "server.key"),
    "--tls-cert": at("tls", "server.crt"),
    ...changes,
  };
  return ["seal", at("models", "half_plus_two"), ...Object.entries(options).flat()];
}

async function expectSuccess(args: readonly string[]): Promise<void> {
  const { code, stderr } = await sealserve(args);
  assert.equal(code, 0, stderr);
}

/** Checks the form of a failure and what its line names. */
function assertFailure(finished: Finished, code: number, ...names: readonly (string | RegExp)[]): void {
  const { stderr } = finished;
  assert.equal(finished.code, code, stderr);
  const lines = stderr
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("sealserve:"));
  assert.equal(lines.length, 1, `one line, not:\n${stderr}`);
  assert.doesNotMatch(stderr, /^\s+at /m, "no stack trace");
  for (const name of names) {
    assert.match(
      lines[0] as string,
      typeof name === "string" ? new RegExp(name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")) : name,
    );
  }
}

function brokerYaml(changes: Readonly<Record<string, string>> = {}): string {
  const members: Record<string, string> = {
    listen: "127.0.0.1:0",
    tls: `{ key: ${at("tls", "server.key")}, certificate: ${at("tls", "server.crt")} }`,
    collateral: '{ pccs: "http://127.0.0.1:9" }',
    models: `[{ name: half_plus_two, package: ${at("sealed")}, wrapKey: ${at("owner", "wrap.key")}, ownerKey: ${at("owner", "owner.pub")}, minimumVersion: 1, policy: { sgx: { mrEnclave: ["${"ab".repeat(32)}"] } } }]`,
    ...changes,
  };
  return Object.entries(members)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

async function runBroker(yaml: string): Promise<Finished> {
  await writeFile(at("broker.yaml"), yaml);
  return await sealserve(["broker", "--config", at("broker.yaml")]);
}

function serveYaml(changes: Readonly<Record<string, string>> = {}): string {
  const members: Record<string, string> = {
    model: "half_plus_two",
    package: at("sealed"),
    listen: '{ grpc: "127.0.0.1:0", rest: "127.0.0.1:0" }',
    broker: `{ url: "https://localhost:9", ca: ${at("tls", "ca.crt")} }`,
    platform: `{ simulated: ${at("tee.sock")} }`,
    ...changes,
  };
  return Object.entries(members)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

async function runServe(yaml: string): Promise<Finished> {
  await writeFile(at("serve.yaml"), yaml);
  return await sealserve(["serve", "--config", at("serve.yaml")]);
}

describe("seal", () => {
  test("names a model folder that is missing", async () => {
    const args = sealArguments("out");
    args[1] = at("no-model");
    assertFailure(await sealserve(args), 2, "no-model");
    assert.equal(existsSync(at("out")), false);
  });

  test("refuses a wrap key of the wrong size", async () => {
    await writeFile(at("long.key"), new Uint8Array(32));
    assertFailure(
      await sealserve(sealArguments("out", { "--wrap-key": at("long.key") })),
      2,
      "Wrap key size 32 != 16",
      "long.key",
    );
  });

  test("does not overwrite a package", async () => {
    const manifest = await readFile(at("sealed", "manifest.json"));
    assertFailure(await sealserve(sealArguments("sealed")), 2, "sealed");
    assert.deepEqual(await readFile(at("sealed", "manifest.json")), manifest);
  });

  test("stopped by Ctrl-C, leaves no part of a package", async () => {
    await mkdir(at("big", "1"), { recursive: true });
    await writeFile(at("big", "1", "model.onnx"), new Uint8Array(200 << 20));
    const args = sealArguments("interrupted");
    args[1] = at("big");
    const sealing = startSealserve(args);
    const parts = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.includes("partial"));
    while ((await parts()).length === 0) {
      await setTimeout(20);
    }
    const { code, stderr } = await sealing.stop("SIGINT");
    assert.equal(code, 130, stderr);
    assert.equal(existsSync(at("interrupted")), false);
    assert.deepEqual(await parts(), []);
    await rm(at("big"), { recursive: true });
  });
});

describe("keygen and certs", () => {
  test("make all of their files or none", async () => {
    await mkdir(at("half"));
    await writeFile(at("half", "owner.key"), "");
    await writeFile(at("half", "server.crt"), "");
    assertFailure(await sealserve(["keygen", "--out", at("half")]), 2, "owner.key");
    assertFailure(await sealserve(["certs", "--out", at("half"), "--name", "localhost"]), 2, "server.crt");
    assert.deepEqual((await readdir(at("half"))).sort(), ["owner.key", "server.crt"]);
  });

  test("a name that no certificate can carry leaves no folder", async () => {
    const { code } = await sealserve(["certs", "--out", at("badname"), "--name", "not a name"]);
    assert.notEqual(code, 0);
    assert.equal(existsSync(at("badname")), false);
  });
});

describe("unseal", () => {
  const unseal = (directory: string, changes: Readonly<Record<string, string>> = {}): Promise<Finished> =>
    sealserve([
      "unseal",
      directory,
      ...Object.entries({
        "--out": at("plain"),
        "--wrap-key": at("owner", "wrap.key"),
        "--owner-key": at("owner", "owner.pub"),
        ...changes,
      }).flat(),
    ]);

  test("refuses a truncated file and leaves nothing", async () => {
    const copy = at("truncated");
    await copyPackage(copy);
    const file = join(copy, "models", "half_plus_two", "1", "saved_model.pb");
    await writeFile(file, (await readFile(file)).subarray(0, -1));
    assertFailure(await unseal(copy), 20, "saved_model.pb");
    assert.equal(existsSync(at("plain")), false);
  });

  test("refuses the wrong key and leaves nothing", async () => {
    await writeFile(at("other.key"), new Uint8Array(16).fill(7));
    assertFailure(await unseal(at("sealed"), { "--wrap-key": at("other.key") }), 20, "half_plus_two");
    assert.equal(existsSync(at("plain")), false);
  });

  test("refuses another owner's package", async () => {
    await expectSuccess(["keygen", "--out", at("stranger")]);
    assertFailure(await unseal(at("sealed"), { "--owner-key": at("stranger", "owner.pub") }), 20, "manifest");
  });

  async function copyPackage(to: string): Promise<void> {
    const files = await readdir(at("sealed"), { recursive: true, withFileTypes: true });
    for (const entry of files.filter((candidate) => candidate.isFile())) {
      const source = join(entry.parentPath, entry.name);
      const target = join(to, source.slice(at("sealed").length));
      await mkdir(join(target, ".."), { recursive: true });
      await copyFile(source, target);
    }
  }
});

describe("files", () => {
  test("decrypting with the wrong key leaves no output", async () => {
    await writeFile(at("plain.txt"), "content");
    await expectSuccess([
      "files",
      "encrypt",
      "-w",
      at("owner", "wrap.key"),
      "-i",
      at("plain.txt"),
      "-o",
      at("secret.pf"),
    ]);
    await writeFile(at("other.key"), new Uint8Array(16).fill(7));
    assertFailure(
      await sealserve(["files", "decrypt", "-w", at("other.key"), "-i", at("secret.pf"), "-o", at("back.txt")]),
      20,
      "secret.pf",
    );
    assert.equal(existsSync(at("back.txt")), false);
  });

  test("names an input that is missing", async () => {
    assertFailure(
      await sealserve(["files", "encrypt", "-w", at("owner", "wrap.key"), "-i", at("nothing"), "-o", at("x")]),
      2,
      "nothing",
    );
  });
});

describe("broker", () => {
  test("names the configuration that is missing", async () => {
    assertFailure(await sealserve(["broker", "--config", at("no.yaml")]), 2, "no.yaml");
  });

  test("names the line of malformed YAML", async () => {
    assertFailure(await runBroker(`${brokerYaml()}oops: [\n`), 2, /broker\.yaml:\d+:/);
  });

  test("names the line of an unknown member", async () => {
    assertFailure(await runBroker(brokerYaml({ lisen: "127.0.0.1:1" })), 2, /broker\.yaml:\d+: lisen/);
  });

  test("names a key file that is missing", async () => {
    const tls = `{ key: ${at("tls", "gone.key")}, certificate: ${at("tls", "server.crt")} }`;
    assertFailure(await runBroker(brokerYaml({ tls })), 2, "gone.key");
  });

  test("names the port that is in use", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    try {
      assertFailure(await runBroker(brokerYaml({ listen: `127.0.0.1:${port}` })), 2, String(port));
    } finally {
      taken.close();
    }
  });

  test("stops cleanly on SIGTERM", async () => {
    await writeFile(at("broker.yaml"), brokerYaml());
    const broker = startSealserve(["broker", "--config", at("broker.yaml")]);
    await broker.says("broker ready");
    assert.equal((await broker.stop()).code, 0);
  });
});

describe("serve", () => {
  let platform: Running;
  before(async () => {
    platform = startSealserve([
      "simulator",
      "platform",
      "--program",
      at("program"),
      "--socket",
      at("tee.sock"),
      "--state",
      at("vendor"),
    ]);
    await platform.says("MRENCLAVE");
  });
  after(async () => {
    await platform.stop();
  });

  test("says that the broker is down", async () => {
    assertFailure(await runServe(serveYaml()), 2, "localhost:9");
  });

  test("says that the platform is stopped", async () => {
    const yaml = serveYaml({ platform: `{ simulated: ${at("stopped.sock")} }` });
    assertFailure(await runServe(yaml), 2, "stopped.sock");
  });

  test("says that it is in no enclave", async () => {
    assertFailure(await runServe(serveYaml({ platform: `{ gramine: ${at("no-attestation")} }` })), 2, "no-attestation");
  });

  test("names the line of a bad address", async () => {
    const yaml = serveYaml({ listen: '{ grpc: "127.0.0.1:99999", rest: "127.0.0.1:0" }' });
    assertFailure(await runServe(yaml), 2, /serve\.yaml:\d+: listen\.grpc/);
  });
});

describe("simulator platform", () => {
  test("names a program that is missing", async () => {
    const args = ["simulator", "platform", "--program", at("gone"), "--socket", at("p.sock"), "--state", at("vendor2")];
    assertFailure(await sealserve(args), 2, "gone");
  });
});

describe("predict", () => {
  const predict = (changes: Readonly<Record<string, string>> = {}): Promise<Finished> =>
    sealserve([
      "predict",
      "localhost",
      ...Object.entries({
        "--model": "half_plus_two",
        "--input": '{"instances": [1.0]}',
        "--ca": at("tls", "ca.crt"),
        "--policy": at("policy.yaml"),
        "--pccs": "http://127.0.0.1:9",
        "--grpc-port": "9",
        ...changes,
      }).flat(),
    ]);

  before(() => writeFile(at("policy.yaml"), `sgx: { mrEnclave: ["${"ab".repeat(32)}"] }\n`));

  test("says that the node is not reachable", async () => {
    assertFailure(await predict(), 2, "localhost:9");
  });

  test("stops on Ctrl-C while the node says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const connected = new Promise((resolve) => silent.once("connection", resolve));
    const args = [
      "predict",
      "localhost",
      "--model",
      "m",
      "--sample",
      "--ca",
      at("tls", "ca.crt"),
      "--policy",
      at("policy.yaml"),
    ];
    const asking = startSealserve([...args, "--pccs", "http://127.0.0.1:9", "--grpc-port", String(port)]);
    await connected;
    assert.equal((await asking.stop("SIGINT")).code, 130);
    silent.close();
  });

  test("refuses a policy that pins nothing", async () => {
    await writeFile(at("open.yaml"), "tcb: { statuses: [UpToDate] }\n");
    assertFailure(await predict({ "--policy": at("open.yaml") }), 2, "pin");
  });

  test("names a CA file that is missing", async () => {
    assertFailure(await predict({ "--ca": at("gone.crt") }), 2, "gone.crt");
  });
});

describe("verify", () => {
  const root = (): string => at("v", "vendor", "root.pem");

  test("refuses what is not evidence", async () => {
    await writeFile(at("noise"), new Uint8Array(600).fill(0xff));
    const { code, stdout } = await sealserve(["verify", at("noise"), "--json"]);
    assert.equal(code, 20);
    assert.equal((JSON.parse(stdout) as { genuine: unknown }).genuine, false);
  });

  test("says what is wrong with its arguments as JSON too", async () => {
    const { code, stdout } = await sealserve(["verify", "--json"]);
    assert.equal(code, 2);
    assert.deepEqual(JSON.parse(stdout), { error: { code: "usage", message: "missing required argument 'evidence'" } });
  });

  test("without collateral says that it cannot judge", async () => {
    const quote = [
      "simulator",
      "quote",
      "--state",
      at("v"),
      "--mr-enclave",
      "ab".repeat(32),
      "--report-data",
      "00".repeat(64),
      "--out",
      at("quote.bin"),
    ];
    await expectSuccess(quote);
    const { code, stdout } = await sealserve(["verify", at("quote.bin"), "--root", root(), "--json"]);
    assert.equal(code, 30);
    const verdict = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([verdict["genuine"], verdict["signatureValid"], verdict["accepted"]], [null, true, false]);
  });

  test("accepts simulated evidence under its root, says so, and refuses it under Intel's", async () => {
    await expectSuccess(["simulator", "collateral", "--state", at("v"), "--out", at("collateral.json")]);
    const args = ["verify", at("quote.bin"), "--collateral", at("collateral.json"), "--json"];
    const trusted = await sealserve([...args, "--root", root()]);
    assert.equal(trusted.code, 0, trusted.stdout);
    assert.equal((JSON.parse(trusted.stdout) as { simulated: unknown }).simulated, true);
    assert.equal((await sealserve(args)).code, 20);
  });

  test("stale and unreadable collateral is told as such, with what the signature proves", async () => {
    const verdictOf = async (...args: string[]): Promise<unknown[]> => {
      const { code, stdout } = await sealserve(["verify", at("quote.bin"), "--root", root(), "--json", ...args]);
      const verdict = JSON.parse(stdout) as { [member: string]: unknown; reasons: readonly { code: string }[] };
      return [code, verdict["genuine"], verdict["signatureValid"], verdict["simulated"], verdict.reasons[0]?.code];
    };
    const stale = await verdictOf(
      "--collateral",
      at("collateral.json"),
      "--at",
      new Date(Date.now() + 90 * 86_400_000).toISOString(),
    );
    assert.deepEqual(stale.slice(0, 4), [30, false, true, true]);
    await writeFile(at("broken.json"), "{");
    assert.deepEqual(await verdictOf("--collateral", at("broken.json")), [
      30,
      false,
      true,
      true,
      "collateral-malformed",
    ]);
    assert.deepEqual(await verdictOf("--pccs", "http://127.0.0.1:9"), [30, null, true, true, "pccs-unreachable"]);
  });

  test("a PCCS whose certificate nobody knows is asked with --pccs-ca", async () => {
    const authority = await createAuthority();
    const { key, certificate } = await authority.issue();
    const pccs = createHttpsServer({ key, cert: certificate }, (_request, response) => response.writeHead(404).end());
    pccs.listen(0, "127.0.0.1");
    await once(pccs, "listening");
    const ask = async (...args: string[]): Promise<unknown> => {
      const url = `https://localhost:${(pccs.address() as AddressInfo).port}`;
      const verify = ["verify", at("quote.bin"), "--root", root(), "--json", "--pccs", url, ...args];
      return (JSON.parse((await sealserve(verify)).stdout) as { reasons: readonly { code: string }[] }).reasons[0]
        ?.code;
    };
    await writeFile(at("pccs-ca.pem"), authority.caPem);
    await writeFile(at("no-ca.pem"), "");
    assert.deepEqual([await ask(), await ask("--pccs-ca", at("pccs-ca.pem"))], ["pccs-unreachable", "pccs-refused"]);
    pccs.close();
    const verify = ["verify", at("quote.bin"), "--pccs", "https://localhost:9"];
    assertFailure(await sealserve([...verify, "--pccs-ca", at("no-ca.pem")]), 2, "no-ca.pem", "certificates in PEM");
    const { code, stderr } = await sealserve(["verify", at("quote.bin"), "--pccs-ca", at("pccs-ca.pem")]);
    assert.deepEqual([code, /--pccs-ca is for --pccs/.test(stderr)], [2, true]);
  });

  test("a file that cannot be what it is named for is refused by its name", async () => {
    const folderNamed = [
      ["verify", at("v")],
      ["verify", at("quote.bin"), "--policy", at("v")],
      ["verify", at("quote.bin"), "--collateral", at("v")],
      ["verify", at("quote.bin"), "--pck-chain", at("v")],
      ["verify", at("quote.bin"), "--crl", at("v")],
      ["verify", at("quote.bin"), "--pccs", "https://localhost:9", "--pccs-ca", at("v")],
      ["policy", "lint", at("v")],
      ["sigstruct", at("v")],
      ["broker", "--config", at("v")],
      ["collateral", "serve", "--config", at("v")],
      ["unseal", at("sealed"), "--wrap-key", at("owner", "wrap.key"), "--owner-key", at("v"), "--out", at("unsealed")],
      sealArguments("sealed-again", { "--signing-key": at("v") }),
    ];
    for (const args of folderNamed) {
      assertFailure(await sealserve(args), 2, `${at("v")}: is a folder; name a file`);
    }
    await writeFile(at("nothing"), "");
    for (const args of [
      ["verify", at("quote.bin"), "--policy", at("nothing")],
      ["verify", at("quote.bin"), "--root", at("nothing")],
      ["policy", "lint", at("nothing")],
    ]) {
      assertFailure(await sealserve(args), 2, `${at("nothing")}: `);
    }
  });

  test("a reader that goes away does not break the command", async () => {
    const command = `${process.execPath} ${COMMAND} verify ${at("quote.bin")} --json | true; exit \${PIPESTATUS[0]}`;
    const { code, stderr } = await new Running("bash", ["-c", command]).finished;
    assert.equal(code, 30, stderr);
    assert.doesNotMatch(stderr, /EPIPE/);
  });

  test("refuses an empty file by its name", async () => {
    await writeFile(at("empty"), "");
    assertFailure(await sealserve(["verify", at("empty")]), 2, "empty");
  });
});

test("an unknown command is a usage error with a hint", async () => {
  const { code, stderr } = await sealserve(["sevre"]);
  assert.equal(code, 2);
  assert.match(stderr, /--help/);
});
