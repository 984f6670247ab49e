/**
 * Runs deploy/gramine/build.sh with stand-ins for Gramine's two tools and reads the manifests it makes. What Gramine does with them on
 * hardware is not tested here.
 */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "smol-toml";
import { CHECKOUT, type Finished, Running, sealserve } from "./command.ts";

const SCRIPT = join(CHECKOUT, "deploy", "gramine", "build.sh");
const FOLDER = join(CHECKOUT, "deploy", "gramine");

interface Mount {
  readonly path: string;
  readonly uri?: string;
  readonly type?: string;
  readonly key_name?: string;
}

interface Manifest {
  readonly libos: { readonly entrypoint: string };
  readonly loader: { readonly argv: string[]; readonly env: Record<string, string>; readonly log_level: string };
  readonly fs: { readonly mounts: Mount[] };
  readonly sgx: Record<string, unknown> & { readonly trusted_files: string[]; readonly allowed_files: string[] };
}

/** As Gramine's tool: every placeholder must be defined. */
const MANIFEST_TOOL = `#!${process.execPath}
const fs = require("node:fs");
const defined = { "gramine.runtimedir()": "/usr/lib/gramine/runtime/glibc" };
const files = [];
for (const argument of process.argv.slice(2)) {
  const definition = /^-D([a-z_]+)=(.*)$/s.exec(argument);
  if (definition) defined[definition[1]] = definition[2]; else files.push(argument);
}
const text = fs.readFileSync(files[0], "utf8").replaceAll(/\\{\\{ (.*?) \\}\\}/g, (_, name) => {
  if (!(name in defined)) throw new Error(name + " is undefined");
  return defined[name];
});
if (/\\{[{%]/.test(text)) throw new Error("a placeholder is left");
fs.writeFileSync(files[1], text);
`;
const SIGN_TOOL = `#!/bin/sh
echo "$@" > sign-arguments
while [ $# -gt 0 ]; do case $1 in --manifest) m=$2;; --output) o=$2;; esac; shift; done
cp "$m" "$o" && : > "\${m%.manifest}.sig"
`;

let folder: string;
const at = (...parts: readonly string[]): string => join(folder, ...parts);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealserve-gramine-"));
  await mkdir(at("bin"));
  for (const [name, text] of [
    ["gramine-manifest", MANIFEST_TOOL],
    ["gramine-sgx-sign", SIGN_TOOL],
    ["tensorflow_model_server", ""],
  ] as const) {
    await writeFile(at("bin", name), text);
    await chmod(at("bin", name), 0o755);
  }
  const { code, stderr } = await sealserve(["certs", "--out", at("tls"), "--name", "attestation.service.com"]);
  assert.equal(code, 0, stderr);
  await mkdir(at("program", "node_modules", "sealserve", "dist"), { recursive: true });
  await writeFile(at("program", "node_modules", "sealserve", "dist", "main.js"), "");
  await writeFile(at("serve.yaml"), serveYaml("gramine"));
});

after(() => rm(folder, { recursive: true, force: true }));

const serveYaml = (platform: string): string =>
  `model: m\npackage: /sealed\nplatform: ${platform}\nlisten: { grpc: 8500, rest: 8501 }\nbroker: { url: "https://b:1", ca: broker-ca.pem }\n`;

/** Options as `name: value`; undefined leaves a usual one out, true gives it without a value. */
type Options = Readonly<Record<string, string | true | undefined>>;

function build(kind: string, options: Options, path = at("bin")): Promise<Finished> {
  const args = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name}`, value],
  );
  // The stand-ins first; Gramine itself, where it is installed, stays unused.
  const command = `PATH="${path}:/usr/bin:/bin" exec bash "$0" "$@"`;
  return new Running("bash", ["-c", command, SCRIPT, kind, ...args]).finished;
}

let outputs = 0;
const newOutput = (): string => at(`out-${outputs++}`);

const servingOptions = (changes: Options = {}): Options => ({
  "model-name": "resnet50-v15-fp32",
  broker: "attestation.service.com:4433",
  server: at("bin", "tensorflow_model_server"),
  ca: at("tls", "ca.crt"),
  out: newOutput(),
  ...changes,
});

const nodeOptions = (changes: Options = {}): Options => ({
  program: at("program"),
  config: at("serve.yaml"),
  node: process.execPath,
  ca: at("tls", "ca.crt"),
  out: newOutput(),
  ...changes,
});

async function built(kind: string, options: Options): Promise<Manifest> {
  const { code, stderr } = await build(kind, options);
  assert.equal(code, 0, stderr);
  const text = await readFile(join(options["out"] as string, `${kind}.manifest`), "utf8");
  return parse(text) as unknown as Manifest;
}

/** What must hold in any manifest of ours. */
function assertSound({ sgx, fs, loader }: Manifest, text: string): void {
  assert.deepEqual([sgx["debug"], sgx["remote_attestation"], loader.log_level], [false, "dcap", "error"]);
  assert.doesNotMatch(text, /insecure__|passthrough|thread_num|protected_files|ra_client|nonpie/);
  for (const { path, uri, type } of fs.mounts) {
    const trusted = [uri, `${uri}/`].some((entry) => sgx.trusted_files.includes(entry as string));
    const allowed = [uri, `${uri}/`].some((entry) => sgx.allowed_files.includes(entry as string));
    const kinds = [trusted, allowed, type === "encrypted", type === "tmpfs"].filter(Boolean);
    assert.equal(kinds.length, 1, `${path} is exactly one of trusted, allowed, encrypted and in memory`);
  }
  assert.deepEqual(
    sgx.allowed_files.filter((entry) => !["file:/etc/hosts", "file:sealed/"].includes(entry)),
    [],
  );
}

async function assertRefused(kind: string, options: Options, message: RegExp): Promise<void> {
  const { code, stderr } = await build(kind, options);
  assert.equal(code, 2, stderr);
  assert.match(stderr, message);
  assert.equal(
    (await readdir(folder)).some((name) => options["out"] === at(name) || name.includes("partial")),
    false,
  );
}

describe("deploy/gramine: stock TensorFlow Serving", () => {
  test("is provisioned by our broker and reads model and TLS material from encrypted files", async () => {
    const options = servingOptions();
    const manifest = await built("tensorflow-serving", options);
    const out = options["out"] as string;
    assertSound(manifest, await readFile(join(out, "tensorflow-serving.manifest"), "utf8"));
    const { LD_LIBRARY_PATH: _path, ...env } = manifest.loader.env;
    assert.deepEqual(env, {
      LD_PRELOAD: "libsecret_prov_attest.so",
      SECRET_PROVISION_CONSTRUCTOR: "1",
      SECRET_PROVISION_SET_KEY: "default",
      SECRET_PROVISION_CA_CHAIN_PATH: "/ca.crt",
      SECRET_PROVISION_SERVERS: "attestation.service.com:4433",
      OMP_NUM_THREADS: "2",
      MKL_NUM_THREADS: "2",
      HOME: "/tmp",
    });
    const encrypted = manifest.fs.mounts.filter(({ type }) => type === "encrypted");
    // The paths embedded in the files: what `files encrypt -o models/NAME/…` and `-o ssl.cfg` write.
    assert.deepEqual(
      encrypted.map(({ uri, key_name }) => [uri, key_name]),
      [
        ["file:models/resnet50-v15-fp32", "default"],
        ["file:ssl.cfg", "default"],
      ],
    );
    assert.ok(manifest.loader.argv.includes("--ssl_config_file=/ssl.cfg"));
    assert.ok(manifest.loader.argv.includes("--rest_api_port=0"), "no port without TLS unless asked for");
    assert.equal(manifest.sgx["max_threads"], 400);
    assert.deepEqual((await readdir(out)).sort(), [
      "ca.crt",
      "models",
      "sign-arguments",
      "tensorflow-serving.manifest",
      "tensorflow-serving.manifest.sgx",
      "tensorflow-serving.sig",
    ]);
    assert.deepEqual(await readFile(join(out, "ca.crt")), await readFile(at("tls", "ca.crt")));
  });

  test("takes the knobs of CCZoo's recipe", async () => {
    const manifest = await built(
      "tensorflow-serving",
      servingOptions({
        "grpc-port": "9000",
        "rest-port": "8501",
        "rest-threads": "8",
        cores: "4",
        "poll-seconds": "60",
        "enclave-size": "8G",
        "max-threads": "128",
        "isv-prod-id": "3",
        "isv-svn": "2",
        broker: "a.example:4433,b.example:4433",
        key: at("tls", "ca.key"),
      }),
    );
    for (const flag of [
      "port=9000",
      "rest_api_port=8501",
      "rest_api_num_threads=8",
      "file_system_poll_wait_seconds=60",
    ]) {
      assert.ok(manifest.loader.argv.includes(`--${flag}`), flag);
    }
    const { enclave_size, max_threads, isvprodid, isvsvn } = manifest.sgx as Record<string, unknown>;
    assert.deepEqual([enclave_size, max_threads, isvprodid, isvsvn], ["8G", 128, 3, 2]);
    assert.equal(manifest.loader.env["SECRET_PROVISION_SERVERS"], "a.example:4433,b.example:4433");
  });

  test("says that a REST port has no TLS", async () => {
    const { stderr } = await build("tensorflow-serving", servingOptions({ "rest-port": "8501" }));
    assert.match(stderr, /warning: .*8501.* in the clear/);
  });

  test("with --check makes nothing", async () => {
    const options = servingOptions({ check: true });
    const { code, stderr } = await build("tensorflow-serving", options);
    assert.equal(code, 0, stderr);
    await assert.rejects(readdir(options["out"] as string), { code: "ENOENT" });
  });

  const refusals: readonly (readonly [string, Options, RegExp])[] = [
    ["a missing model name", { "model-name": undefined }, /--model-name/],
    ["a name that ends its string", { "model-name": 'a"]' }, /--model-name/],
    ["a name that climbs", { "model-name": "../a" }, /--model-name/],
    ["a placeholder for a name", { "model-name": "{{ a }}" }, /--model-name/],
    ["a name of two lines", { "model-name": "a\nb" }, /--model-name/],
    ["a broker without port", { broker: "attestation.service.com" }, /--broker: expected HOST:PORT/],
    ["a broker that ends its string", { broker: 'a"b:1' }, /--broker/],
    ["a port beyond the last", { "grpc-port": "65536" }, /--grpc-port: at most 65535/],
    ["a port in octal", { "grpc-port": "0777" }, /--grpc-port/],
    ["a size in words", { "enclave-size": "large" }, /--enclave-size/],
    ["a server that is not there", { server: "/nonexistent/server" }, /--server: .* is no file/],
    ["a CA that is not there", { ca: "/nonexistent/ca" }, /--ca: .* is no file/],
    ["a CA's private key", { ca: "KEY" }, /--ca: .* no PEM certificate/],
    ["a missing CA", { ca: undefined }, /--ca is missing/],
    ["an option of the other kind", { program: "x" }, /--program is no option of tensorflow-serving/],
    ["an unknown option", { insecure: "1" }, /--insecure is no option/],
    ["a folder of libraries that is not there", { "arch-libdir": "/nonexistent" }, /--arch-libdir/],
  ];
  for (const [what, changes, message] of refusals) {
    test(`refuses ${what}`, async () => {
      const options = servingOptions(changes);
      await assertRefused(
        "tensorflow-serving",
        options["ca"] === "KEY" ? { ...options, ca: at("tls", "ca.key") } : options,
        message,
      );
    });
  }

  test("refuses a certificate with its key", async () => {
    await writeFile(
      at("both.pem"),
      (await readFile(at("tls", "ca.crt"), "utf8")) + (await readFile(at("tls", "ca.key"), "utf8")),
    );
    await assertRefused("tensorflow-serving", servingOptions({ ca: at("both.pem") }), /holds a private key/);
  });

  test("does not overwrite a folder", async () => {
    const { code, stderr } = await build("tensorflow-serving", servingOptions({ out: at("tls") }));
    assert.equal(code, 2);
    assert.match(stderr, /exists already/);
  });

  test("says that Gramine is not installed", async (t) => {
    const { stderr } = await build("tensorflow-serving", servingOptions(), "/nonexistent");
    if (!stderr.includes("gramine-")) {
      t.skip("Gramine is installed here");
      return;
    }
    assert.match(stderr, /gramine-manifest is not installed/);
  });

  test("leaves nothing when signing fails", async () => {
    await mkdir(at("failing"));
    await writeFile(at("failing", "gramine-sgx-sign"), "#!/bin/sh\nexit 1\n");
    await chmod(at("failing", "gramine-sgx-sign"), 0o755);
    const options = servingOptions();
    const { code } = await build("tensorflow-serving", options, `${at("failing")}:${at("bin")}`);
    assert.notEqual(code, 0);
    assert.equal(
      (await readdir(folder)).some((name) => options["out"] === at(name) || name.includes("partial")),
      false,
    );
  });
});

describe("deploy/gramine: sealserve serve on Node", () => {
  test("measures the program, its configuration and the broker's CA", async () => {
    const options = nodeOptions();
    const manifest = await built("sealserve-node", options);
    const out = options["out"] as string;
    assertSound(manifest, await readFile(join(out, "sealserve-node.manifest"), "utf8"));
    assert.deepEqual(manifest.loader.argv.slice(2), [
      "--max-semi-space-size=4",
      "--no-parallel-scavenge",
      "/program/node_modules/sealserve/dist/main.js",
      "serve",
      "--config",
      "/config/serve.yaml",
    ]);
    for (const entry of ["file:program/", "file:config/", `file:${process.execPath}`]) {
      assert.ok(manifest.sgx.trusted_files.includes(entry), entry);
    }
    assert.deepEqual((await readdir(join(out, "config"))).sort(), ["broker-ca.pem", "serve.yaml"]);
    assert.equal(manifest.loader.env["LD_PRELOAD"], undefined);
  });

  const yaml: readonly (readonly [string, string, RegExp])[] = [
    ["names a simulated platform", serveYaml("{ simulated: tee.sock }"), /simulated platform/],
    ["names another package", serveYaml("gramine").replace("/sealed", "/models"), /must say 'package: \/sealed'/],
    ["names another CA", serveYaml("gramine").replace("broker-ca.pem", "/etc/ca.pem"), /must say 'ca: broker-ca.pem'/],
  ];
  for (const [what, text, message] of yaml) {
    test(`refuses a configuration that ${what}`, async () => {
      await writeFile(at("other.yaml"), text);
      await assertRefused("sealserve-node", nodeOptions({ config: at("other.yaml") }), message);
    });
  }

  test("refuses a program that is none, or that holds the simulator", async () => {
    await assertRefused("sealserve-node", nodeOptions({ program: at("tls") }), /not what sealserve image makes/);
    const simulator = at("program", "node_modules", "@sealserve", "simulator");
    await mkdir(simulator, { recursive: true });
    await assertRefused("sealserve-node", nodeOptions(), /holds the simulator/);
    await rm(simulator, { recursive: true });
  });

  test("refuses what is not Node 24", async () => {
    await writeFile(at("old-node"), "#!/bin/sh\necho v20.20.0\n");
    await chmod(at("old-node"), 0o755);
    await assertRefused("sealserve-node", nodeOptions({ node: at("old-node") }), /is not Node 24/);
  });
});

test("the script explains itself", async () => {
  const { code, stdout } = await build("--help", {});
  assert.equal(code, 0);
  const names = [...stdout.matchAll(/^ {4}--([a-z-]+)/gm)].map((match) => match[1]);
  const script = await readFile(SCRIPT, "utf8");
  const options = [...script.matchAll(/^[a-z]+_options='(.*)'$/gm)].flatMap((match) =>
    (match[1] as string).trim().split(" "),
  );
  assert.deepEqual(names.filter((name) => name !== "check").sort(), options.sort(), "--help lists every option");
  assert.equal((await build("nothing", {})).code, 2);
});

test("a template uses each of Gramine's placeholders in the form that Gramine knows", async () => {
  for (const name of (await readdir(FOLDER)).filter((file) => file.endsWith(".template"))) {
    const text = await readFile(join(FOLDER, name), "utf8");
    const marks = [...text.matchAll(/\{[{%#].*?[}%#]\}/g)].map(([mark]) => mark);
    assert.ok(marks.includes("{{ gramine.runtimedir() }}"), name);
    for (const mark of marks) {
      assert.match(mark, /^\{\{ (gramine\.runtimedir\(\)|[a-z_]+) \}\}$/, `${name}: ${mark}`);
    }
  }
});
