/** Types the commands of the guide "From CCZoo to Sealserve" into a shell and looks at what they make. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseSslConfig } from "@sealserve/protocol";
import { CHECKOUT, Running, sealserve } from "./command.ts";
import { commandBlocks, linkCheckout } from "./readme-commands.ts";

const GUIDE = "docs/from-cczoo.md";
const VARIABLES = `MR_ENCLAVE=${"ab".repeat(32)}\nMR_SIGNER=${"cd".repeat(32)}\n`;

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, "run", ...parts);
const services: string[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-from-cczoo-"));
  await linkCheckout(folder);
  for (const { kind, commands } of await commandBlocks(GUIDE)) {
    if (kind === "service") {
      services.push(commands);
      continue;
    }
    const { code, stderr } = await startShell(`set -e\n${VARIABLES}${commands}`).finished;
    assert.equal(code, 0, `${commands}\n${stderr}`);
  }
});

after(() => rm(folder, { recursive: true, force: true }));

function startShell(script: string): Running {
  return new Running("bash", ["-c", script], { cwd: folder, group: true });
}

describe("the guide from CCZoo", () => {
  test("makes encrypted files that an enclave started in their folder opens", async () => {
    const key = ["-w", at("wrap_key")];
    for (const path of ["models/resnet50-v15-fp32/1/saved_model.pb", "ssl.cfg"]) {
      const { stdout } = await sealserve(["files", "inspect", ...key, "-i", at("serving", path), "--json"]);
      assert.ok(stdout.includes(JSON.stringify(path)), stdout);
    }
    await sealserve(["files", "decrypt", ...key, "-i", at("serving", "ssl.cfg"), "-o", at("ssl-again.cfg")]);
    const config = parseSslConfig(await readFile(at("ssl-again.cfg")));
    assert.equal(config.clientCaPem, undefined);
    assert.equal(config.serverCertificatePem, await readFile(at("ssl_configure", "server.crt"), "utf8"));
  });

  test("makes two-way TLS material", async () => {
    const config = parseSslConfig(await readFile(at("plaintext", "ssl-twoway.cfg")));
    assert.equal(config.clientCaPem, await readFile(at("ssl_twoway", "ca.crt"), "utf8"));
    const client = new X509Certificate(await readFile(at("ssl_twoway", "client.crt")));
    assert.equal(client.subject, "CN=client.tf-serving.service.com");
  });

  test("renews the broker's certificate under the same CA", async () => {
    const ca = new X509Certificate(await readFile(at("ssl", "ca.crt")));
    const renewed = new X509Certificate(await readFile(at("ssl_renewed", "server.crt")));
    assert.ok(renewed.checkIssued(ca) && renewed.verify(ca.publicKey));
  });

  test("starts a broker with the rules of CCZoo", async () => {
    assert.equal(services.length, 1);
    const onLoopback = (services[0] as string).replace("0.0.0.0:4433", "127.0.0.1:0");
    const broker = startShell(onLoopback);
    await broker.says("for Gramine's clients at 127.0.0.1:");
    await broker.stop("SIGINT");
  });

  test("names only commands and options that exist", async () => {
    const text = await readFile(join(CHECKOUT, GUIDE), "utf8");
    const script = await readFile(join(CHECKOUT, "deploy", "gramine", "build.sh"), "utf8");
    const knobs = text.slice(text.indexOf("## Knobs"), text.indexOf("## Traps"));
    const options = [...knobs.matchAll(/\| [^|]*\|([^|]*)\|$/gm)]
      .flatMap(([, ours = ""]) => [...ours.matchAll(/`(--[a-z-]+)`/g)])
      .map((match) => match[1] as string)
      .filter((option) => option !== "--listen"); // the broker's
    assert.ok(options.length >= 10);
    assert.deepEqual(
      options.filter((option) => !script.includes(`    ${option} `)),
      [],
    );
    const commands = new Set([...text.matchAll(/sealserve ([a-z]+)/g)].map((match) => match[1]));
    const source = await readdir(join(CHECKOUT, "packages", "cli", "src", "commands"));
    assert.deepEqual(
      [...commands].filter((name) => !source.includes(`${name}.ts`)),
      [],
    );
  });
});
