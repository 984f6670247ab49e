/** `sealserve serve` with the command line of tensorflow_model_server, as a real process. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import https from "node:https";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { CHECKOUT, Running, sealserve, startSealserve } from "./command.ts";
import { answerTo, freePort, makeServerFolder, predictGrpc, rest, type ServerFolder } from "./model-server.ts";

const BODY = '{"instances": [1.0, 2.0, 5.0]}';
const ANSWER = { predictions: [2.5, 3.0, 4.5] };
const PREDICT = "/v1/models/half:predict";

let folder: ServerFolder;
let ca: Buffer;

before(async () => {
  folder = await makeServerFolder();
  ca = await readFile(folder.at("tls", "ca.crt"));
});

after(async () => await folder.remove());

test("both ports serve over TLS; unknown arguments are named and passed over; SIGTERM ends with 0", async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  const ssl = `--ssl_config_file=${folder.at("ssl.cfg")}`;
  const server = folder.start(ssl, `--port=${port}`, `--rest_api_port=${restPort}`, "--nonsense=1", "word");
  await server.says("serving half");
  assert.deepEqual(await predictGrpc(`localhost:${port}`, grpc.credentials.createSsl(ca)), [2.5, 3, 4.5]);
  const { status, text } = await rest({ port: restPort, path: PREDICT, ca }, BODY);
  assert.deepEqual([status, JSON.parse(text)], [200, ANSWER]);
  await assert.rejects(rest({ port: restPort, path: PREDICT, plaintext: true }, BODY));
  const { code, stdout, stderr } = await server.stop();
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /^unknown argument: --nonsense=1\nunknown argument: word\n/);
  assert.match(stderr, /warning: whoever can write to the models' folders chooses what is served/);
});

test("events come as JSON lines on standard output, the ready one with true addresses", async () => {
  const port = await freePort();
  const server = folder.start("--json", `--ssl_config_file=${folder.at("ssl.cfg")}`, `--port=${port}`);
  await server.says('"ready"');
  await server.stop();
  const events = server.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    events.filter(({ event }) => event === "step").map(({ name }) => name),
    ["models loaded", "ports open"],
  );
  const ready = events.find(({ event }) => event === "ready");
  assert.deepEqual([ready?.["grpc"], ready?.["models"], ready?.["rest"]], [`127.0.0.1:${port}`, ["half"], ""]);
});

test("a server loads models fast and keeps its memory small by settings of the process that was started", async () => {
  const server = folder.start(`--ssl_config_file=${folder.at("ssl.cfg")}`, `--port=${await freePort()}`);
  await server.says("serving half");
  const environment = await readFile(`/proc/${server.process.pid}/environ`, "utf8");
  assert.ok(environment.split("\0").includes("MALLOC_MMAP_THRESHOLD_=4194304"));
  assert.ok(environment.split("\0").includes("MALLOC_TRIM_THRESHOLD_=4194304"));
  assert.ok(environment.split("\0").includes("MALLOC_ARENA_MAX=1"));
  assert.ok(environment.split("\0").includes("GLIBC_TUNABLES=glibc.malloc.hugetlb=1"));
  const commandLine = await readFile(`/proc/${server.process.pid}/cmdline`, "utf8");
  assert.ok(commandLine.split("\0").includes("--max-semi-space-size=4"));
  assert.ok(commandLine.split("\0").includes("--no-parallel-scavenge"));
  assert.equal((await server.stop()).code, 0);
});

test("two-way TLS asks callers of both ports for a certificate", async () => {
  const [port, restPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const ssl = `--ssl_config_file=${folder.at("two-way.cfg")}`;
  const server = folder.start(ssl, `--port=${port}`, `--rest_api_port=${restPort}`, `--admin-port=${adminPort}`);
  await server.says("serving half");
  const [key, cert] = await Promise.all([
    readFile(folder.at("tls", "client.key")),
    readFile(folder.at("tls", "client.crt")),
  ]);
  assert.deepEqual(await predictGrpc(`localhost:${port}`, grpc.credentials.createSsl(ca, key, cert)), [2.5, 3, 4.5]);
  assert.equal((await rest({ port: restPort, path: PREDICT, ca, key, cert }, BODY)).status, 200);
  await assert.rejects(predictGrpc(`localhost:${port}`, grpc.credentials.createSsl(ca)));
  await assert.rejects(rest({ port: restPort, path: PREDICT, ca }, BODY));
  assert.equal((await rest({ port: adminPort, path: "/v2/health/ready", ca })).status, 200, "health needs none");
  assert.equal((await server.stop()).code, 0);
});

test("sealserve predict asks a server without evidence only when told so by name", async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  const server = folder.start(
    `--ssl_config_file=${folder.at("ssl.cfg")}`,
    `--port=${port}`,
    `--rest_api_port=${restPort}`,
  );
  await server.says("serving half");
  await writeFile(folder.at("policy.yaml"), `sgx: { mrEnclave: ["${"ab".repeat(32)}"] }\n`);
  const ports = ["--grpc-port", String(port), "--rest-port", String(restPort)];
  const predict = [
    "predict",
    "localhost",
    "--model",
    "half",
    "--input",
    BODY,
    "--ca",
    folder.at("tls", "ca.crt"),
    ...ports,
  ];
  const asked = await sealserve([...predict, "--via", "both", "--insecure-without-evidence"]);
  assert.equal(asked.code, 0, asked.stderr);
  assert.deepEqual(JSON.parse(asked.stdout), { outputs: { y: [2.5, 3, 4.5] } });
  assert.match(asked.stderr, /node not verified: whoever runs it can read and change everything/);

  const evidence = ["--policy", folder.at("policy.yaml"), "--pccs", "https://localhost:1"];
  const attested = await sealserve([...predict, ...evidence]);
  assert.equal(attested.code, 20, attested.stderr);
  assert.match(attested.stderr, /gives no evidence/);
  const both = await sealserve([...predict, ...evidence, "--insecure-without-evidence"]);
  assert.deepEqual([both.code, both.stdout], [2, ""]);
  const neither = await sealserve(predict);
  assert.deepEqual([neither.code, neither.stdout], [2, ""]);
  assert.match(neither.stderr, /no policy says what the node's evidence must be/);
  await sealserve(["certs", "--out", folder.at("other-tls"), "--name", "localhost"]);
  const other = predict.map((part) => (part === folder.at("tls", "ca.crt") ? folder.at("other-tls", "ca.crt") : part));
  assert.equal((await sealserve([...other, "--insecure-without-evidence"])).code, 20, "the certificate still counts");
  await server.stop();
});

test("plaintext is served where it is asked for by name, with a warning", async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  const server = folder.start("--allow-insecure-plaintext", `--port=${port}`, `--rest_api_port=${restPort}`);
  await server.says(`REST http://127.0.0.1:${restPort}`);
  assert.deepEqual(await predictGrpc(`localhost:${port}`, grpc.credentials.createInsecure()), [2.5, 3, 4.5]);
  assert.equal((await rest({ port: restPort, path: PREDICT, plaintext: true }, BODY)).status, 200);
  const { code, stderr } = await server.stop();
  assert.equal(code, 0);
  assert.match(stderr, /warning: no TLS: everyone on the way can read and change requests and answers/);
});

test("a Unix socket alone needs no TLS, is for owner and group, and is gone afterwards", async () => {
  const path = folder.at("grpc.sock");
  const server = folder.start("--port=0", `--grpc_socket_path=${path}`);
  await server.says(`gRPC unix:${path}`);
  assert.deepEqual(await predictGrpc(`unix:${path}`, grpc.credentials.createInsecure()), [2.5, 3, 4.5]);
  assert.equal((await stat(path)).mode & 0o777, 0o660);
  const { code, stderr } = await server.stop();
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /no TLS/);
  await assert.rejects(stat(path), { code: "ENOENT" });
});

test("limits that flags set hold on every API, and the next request is answered", async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  const limits = ["--max-elements=50", "--max-message-bytes=100000", "--max-requests-per-second-per-address=6"];
  const ssl = `--ssl_config_file=${folder.at("ssl.cfg")}`;
  const server = folder.start(ssl, `--port=${port}`, `--rest_api_port=${restPort}`, ...limits);
  await server.says("serving half");
  const words = JSON.stringify(Array(60).fill("a"));
  const target = { port: restPort, ca };
  const tooMany = /more than 50|limit|too many/i;
  const rows = await rest({ ...target, path: PREDICT }, `{"instances": ${words}}`);
  const data = `{"inputs": [{"name": "x", "shape": [60], "datatype": "BYTES", "data": ${words}}]}`;
  const infer = await rest({ ...target, path: "/v2/models/half/infer" }, data);
  for (const { status, text } of [rows, infer]) {
    assert.deepEqual([status, tooMany.test(text)], [400, true], text);
  }
  const credentials = grpc.credentials.createSsl(ca);
  const texts = { dtype: "string", shape: [60], data: Array(60).fill(Buffer.from("a")) } as const;
  await assert.rejects(predictGrpc(`localhost:${port}`, credentials, texts), { code: grpc.status.INVALID_ARGUMENT });
  const long = await rest({ ...target, path: PREDICT }, `{"instances": [${"1.0,".repeat(30_000)}1.0]}`);
  assert.equal(long.status, 429, long.text);
  assert.equal((await rest({ ...target, path: PREDICT }, BODY)).status, 200);
  const answers = await Promise.all(Array.from({ length: 40 }, () => rest({ ...target, path: PREDICT }, BODY)));
  assert.ok(answers.some(({ status, text }) => status === 429 && text.includes("Too many requests from this address")));
  await server.stop();
});

test("REST on the gRPC port is left out with TensorFlow Serving's message", async () => {
  const port = await freePort();
  const server = folder.start("--allow-insecure-plaintext", `--port=${port}`, `--rest_api_port=${port}`);
  await server.says("serving half");
  const { stderr } = await server.stop();
  assert.match(stderr, /server_options.http_port cannot be same as grpc_port. .* Skipped exporting HTTP\/REST API./);
  assert.doesNotMatch(stderr, /, REST/);
});

test("a model without a version is waited for until the server is stopped, also where nobody looks for one", async () => {
  const port = `--port=${await freePort()}`;
  const flags = ["--allow-insecure-plaintext", port, "--file_system_poll_wait_seconds=0"];
  await mkdir(folder.at("empty"));
  const server = folder.start(...flags, `--model_base_path=${folder.at("empty")}`);
  await server.says("No versions of servable half found");
  await delay(500);
  const { code, stderr } = await server.stop();
  assert.equal(code, 130);
  assert.match(stderr, /sealserve: stopped by SIGTERM\n$/);
});

describe("SIGTERM", () => {
  test("makes the server unready, lets a request in flight end and takes no new ones", async () => {
    const [port, restPort, adminPort] = [await freePort(), await freePort(), await freePort()];
    const ports = [`--port=${port}`, `--rest_api_port=${restPort}`, `--admin-port=${adminPort}`];
    const server = folder.start(`--ssl_config_file=${folder.at("ssl.cfg")}`, ...ports);
    await server.says("serving half");
    const health = { port: adminPort, path: "/v2/health/ready", ca };
    assert.equal((await rest(health)).status, 200);
    const slow = https.request({ host: "localhost", port: restPort, path: PREDICT, method: "POST", ca, agent: false });
    slow.write(BODY.slice(0, 5));
    // An answer on a later connection says that the server has the beginning of the first one.
    assert.equal((await rest({ port: restPort, path: PREDICT, ca }, BODY)).status, 200);
    server.process.kill("SIGTERM");
    await server.says("stopping");
    const unready = await rest(health);
    assert.ok(unready.status >= 400 && unready.status < 600, String(unready.status));
    await assert.rejects(rest({ port: restPort, path: PREDICT, ca }, BODY), { code: "ECONNREFUSED" });
    const { status, text } = await answerTo(slow, BODY.slice(5));
    assert.deepEqual([status, JSON.parse(text)], [200, ANSWER]);
    assert.equal((await server.finished).code, 0);
  });

  test("waits for the drain time at most, and ends with 0", async () => {
    const restPort = await freePort();
    const ports = [`--port=${await freePort()}`, `--rest_api_port=${restPort}`, "--drain-timeout-seconds=0.2"];
    const server = folder.start(`--ssl_config_file=${folder.at("ssl.cfg")}`, ...ports);
    await server.says("serving half");
    const stuck = https.request({ host: "localhost", port: restPort, path: PREDICT, method: "POST", ca, agent: false });
    stuck.write(BODY.slice(0, 5));
    await once(stuck, "socket").then(([socket]) => once(socket as tls.TLSSocket, "secureConnect"));
    const cut = once(stuck, "error");
    assert.equal((await server.stop()).code, 0);
    await cut;
  });

  test("a second one ends the server at once", async () => {
    const restPort = await freePort();
    const server = folder.start(
      `--ssl_config_file=${folder.at("ssl.cfg")}`,
      `--port=${await freePort()}`,
      `--rest_api_port=${restPort}`,
    );
    await server.says("serving half");
    const stuck = https.request({ host: "localhost", port: restPort, path: PREDICT, method: "POST", ca, agent: false });
    stuck.on("error", () => undefined).write(BODY.slice(0, 5));
    await once(stuck, "socket").then(([socket]) => once(socket as tls.TLSSocket, "secureConnect"));
    const again = setInterval(() => server.process.kill("SIGTERM"), 100);
    const { code } = await server.finished.finally(() => clearInterval(again));
    assert.equal(code, 130);
  });
});

describe("SIGHUP", () => {
  async function shownCertificate(port: number): Promise<string> {
    const socket = tls.connect({ host: "localhost", port, ca });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }

  test("has TLS material and the model config file read again; what is unusable changes nothing", async () => {
    const [port, restPort] = [await freePort(), await freePort()];
    const [ssl, models] = [folder.at("changing.cfg"), folder.at("models.cfg")];
    await copyFile(folder.at("ssl.cfg"), ssl);
    const config = (name: string): string =>
      `config { name: "${name}" base_path: "${folder.at("models", "half_plus_two")}" model_platform: "tensorflow" }`;
    await writeFile(models, `model_config_list { ${config("half")} }`);
    const files = [`--ssl_config_file=${ssl}`, `--model_config_file=${models}`];
    const server = folder.start(...files, `--port=${port}`, `--rest_api_port=${restPort}`);
    await server.says("serving half");
    const first = await shownCertificate(restPort);

    await writeFile(ssl, "server_key: 'none'");
    await writeFile(models, "model_config_list {");
    server.process.kill("SIGHUP");
    await server.says("tls-not-replaced");
    await server.says("model-config-failed");
    assert.equal(await shownCertificate(restPort), first);
    assert.equal((await rest({ port: restPort, path: PREDICT, ca }, BODY)).status, 200);

    const renewed = ["certs", "--out", folder.at("renewed"), "--ca", folder.at("tls"), "--name", "localhost"];
    await sealserve([...renewed, "--ssl-cfg", folder.at("renewed.cfg")]);
    await copyFile(folder.at("renewed.cfg"), ssl);
    await writeFile(models, `model_config_list { ${config("half")} ${config("second")} }`);
    server.process.kill("SIGHUP");
    await server.says("tls-replaced");
    assert.notEqual(await shownCertificate(restPort), first);
    const second = { port: restPort, path: "/v1/models/second:predict", ca };
    let answer = await rest(second, BODY);
    for (let tries = 0; answer.status !== 200 && tries < 300; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      answer = await rest(second, BODY);
    }
    assert.deepEqual(JSON.parse(answer.text), ANSWER);
    assert.equal((await server.stop()).code, 0);
  });
});

describe("refusals", () => {
  async function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
    const server = startSealserve(["serve", ...args]);
    const { code: ended, stderr, stdout } = await server.finished;
    assert.equal(ended, code, stderr);
    assert.match(stderr.trim().split("\n").at(-1) ?? "", message);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /^\s+at /m, "no stack trace");
  }

  const model = (): string => `--model_base_path=${folder.at("models", "half_plus_two")}`;

  test("neither TLS material nor the flag that allows plaintext: both remedies are named", async () => {
    await refused(
      [model(), "--port=1"],
      2,
      /^sealserve: Failed to start server. Error: there is no TLS .*--ssl_config_file=FILE .*--allow-insecure-plaintext$/,
    );
  });

  test("a near miss of the flag for TLS or of a flag of ours, with the usage", async () => {
    await refused([model(), "--ssl_config_fil=x"], 2, /close to --ssl_config_file/);
    await refused([model(), "--allow_insecure_plaintext"], 2, /close to --allow-insecure-plaintext/);
  });

  test("a value that is none, with the usage", async () => {
    const { code, stderr } = await sealserve(["serve", model(), "--port=eight"]);
    assert.equal(code, 2);
    assert.match(stderr, /^Usage: sealserve serve/);
    assert.match(stderr, /--rest_api_port=0 /);
    assert.match(stderr, /the value of --port cannot be used \(expected a whole number of 32 bits, came eight\)$/m);
  });

  test("what TensorFlow Serving refuses, in its words", async () => {
    const start = "^sealserve: Failed to start server. Error: INVALID_ARGUMENT: ";
    const both = "Both server_options.model_base_path and server_options.model_config_file are empty!";
    await refused([], 2, new RegExp(start + both));
    await refused([model(), "--port=0"], 2, new RegExp(`${start}At least one of server_options.grpc_port or `));
    await refused(
      [model(), "--batching_parameters_file=b"],
      2,
      /is set without setting server_options.enable_batching/,
    );
    await writeFile(folder.at("bad.cfg"), "model_config_list { config { name: } }");
    const bad = [`--model_config_file=${folder.at("bad.cfg")}`, "--allow-insecure-plaintext"];
    await refused(bad, 2, /Error parsing text-format tensorflow.serving.ModelServerConfig: .*bad.cfg: line 1/);
  });

  test("flags that would be unsafe, by name and with the reason", async () => {
    await refused([model(), "--use_alts_credentials"], 2, /--use_alts_credentials is refused: ALTS exists inside/);
    await refused([model(), "--platform_config_file=p"], 2, /--platform_config_file is refused: it loads other/);
  });

  test("files that cannot be used: SSL configuration, monitoring, batching parameters", async () => {
    await writeFile(folder.at("broken.cfg"), "server_key: 'x' server_cert: 'y'");
    await refused([model(), `--ssl_config_file=${folder.at("broken.cfg")}`], 2, /broken.cfg: .*server_key/);
    await refused([model(), `--ssl_config_file=${folder.at("absent.cfg")}`], 2, /absent.cfg: no such file/);
    await writeFile(folder.at("monitoring.cfg"), "prometheus_config {\n  enable: perhaps\n}");
    const monitoring = [`--monitoring_config_file=${folder.at("monitoring.cfg")}`];
    await refused([model(), ...monitoring], 2, /MonitoringConfig: .*monitoring.cfg: line 2/);
    await writeFile(folder.at("batching.cfg"), "max_batch_size { value: 8 } allowed_batch_sizes: 2");
    const batching = ["--enable_batching", `--batching_parameters_file=${folder.at("batching.cfg")}`];
    await refused([model(), ...batching], 2, /Last entry in allowed_batch_sizes must match max_batch_size/);
  });

  test("a model that cannot be loaded opens no port", async () => {
    const port = await freePort();
    const wrong = ["--model_name=m", `--model_base_path=${folder.at("tls")}`];
    const server = startSealserve(["serve", ...wrong, "--allow-insecure-plaintext", `--port=${port}`]);
    await server.says("No versions of servable m found");
    await assert.rejects(predictGrpc(`127.0.0.1:${port}`, grpc.credentials.createInsecure()), /ECONNREFUSED/);
    assert.equal((await server.stop()).code, 130);
    const relative = ["--model_base_path=models/m", "--allow-insecure-plaintext"];
    await refused(relative, 2, /Expected model default to have an absolute path or URI; got base_path\(\)=models\/m/);
  });

  test("a port that is taken", async () => {
    const port = await freePort();
    const first = folder.start("--allow-insecure-plaintext", `--port=${port}`);
    await first.says("serving half");
    const second = ["--bind-address=127.0.0.1", "--allow-insecure-plaintext", `--port=${port}`];
    await refused([model(), ...second], 2, /cannot listen on 127.0.0.1:\d+ \(came EADDRINUSE\)/);
    await first.stop();
  });

  test("any other argument beside a configuration file: in an enclave the command line is the host's", async () => {
    await refused(
      ["--config", "serve.yaml", "--allow-insecure-plaintext"],
      2,
      /beside --config \(came --allow-insecure-/,
    );
    await refused(["--config", "serve.yaml", "--port=1"], 2, /beside --config \(came --port\)/);
    await refused(["--config", "serve.yaml", "more"], 2, /beside --config \(came more\)/);
  });
});

test("--version prints TensorFlow Serving's two lines, --help every flag", async () => {
  const version = await sealserve(["serve", "--version"]);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^TensorFlow ModelServer: .*\nTensorFlow Library: .*\n$/);
  const help = await sealserve(["serve", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--grpc_socket_path=/);
  assert.match(help.stdout, /--drain-timeout-seconds=30 /);
});

test("a server under npx ends with it, though npm tells it nothing", { timeout: 120_000 }, async () => {
  const model = ["--model_name=half", `--model_base_path=${folder.at("models", "half_plus_two")}`];
  const flags = [...model, "--port=0", `--grpc_socket_path=${folder.at("npx")}`];
  const npx = new Running("npx", ["sealserve", "serve", ...flags], { cwd: CHECKOUT });
  await npx.says("serving half");
  // Its output ends with the server, not with npx.
  const { stderr } = await npx.stop("SIGTERM");
  assert.match(stderr, /stopping/);
});
