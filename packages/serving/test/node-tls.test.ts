import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import tls from "node:tls";
import { appraise, expectIntelQuote, parseEvidence, verifyCollateral, verifyEvidence } from "@sealserve/attestation";
import type { RunningBroker } from "@sealserve/broker";
import { type AttestedNode, connectNode, type NodeOptions } from "@sealserve/client";
import { openPlatform } from "@sealserve/platform";
import { ModelSpec } from "@sealserve/protocol";
import { connectRaTls, expectBound, type RaTlsVerification } from "@sealserve/ra-tls";
import { type RunningNode, startNode } from "../src/node/start.ts";
import { parseFlags } from "../src/options/parse-flags.ts";
import { readOptions } from "../src/options/read-options.ts";
import { askHttp1 } from "./support/evidence-ports.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { createWorld, type World } from "./support/world.ts";

const request = {
  modelSpec: ModelSpec.create({ name: "half_plus_two" }),
  inputs: new Map([["x", { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const]]),
  outputFilter: [],
};

let world: World;
/** Of a package that was sealed without a TLS pair. */
let withoutPair: string;
let broker: RunningBroker;
let node: RunningNode | undefined;
let clock: PassingClock;
let log: string[];

before(async () => {
  world = await createWorld();
  withoutPair = (await world.seal("without-pair", { version: 3, tls: false })).manifestDigest;
});

afterEach(async () => {
  await node?.close();
  node = undefined;
  await broker.close();
});

after(() => world.close());

async function start(packageName: string, source: string): Promise<RunningNode> {
  [clock, log] = [new PassingClock(), []];
  broker = await world.startBroker({ package: packageName });
  node = await startNode(world.serveConfig(broker, { package: packageName, more: `tls: ${source}` }), {
    clock,
    log: (event, fields) => log.push([event, ...Object.values(fields)].join(" ")),
  });
  return node;
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));

async function connect(
  running: RunningNode,
  trust: Partial<NodeOptions>,
  manifestDigest: string,
): Promise<AttestedNode> {
  const { root, collateral, policy } = world;
  return await connectNode({
    host: "localhost",
    grpcPort: portOf(running.grpcAddress),
    restPort: portOf(running.restAddress),
    evidence: { root, collateral, policy, manifestDigest },
    ...trust,
  });
}

async function predictBothWays(client: AttestedNode): Promise<void> {
  for (const predict of ["predictGrpc", "predictRest"] as const) {
    assert.deepEqual((await client[predict](request)).outputs.get("y")?.data, Float32Array.of(3));
  }
  await client.close();
}

/** The project's own verifier of evidence in certificates, with the owner's policy. */
function certificateVerification(): RaTlsVerification<Awaited<ReturnType<typeof verifyEvidence>>> {
  const now = new Date();
  return {
    age: { maxMs: 60_000, now: () => new Date() },
    strict: true,
    verifyEvidence: async (bytes, binding) => {
      const quote = expectIntelQuote(parseEvidence(bytes));
      const collateral = await world.collateral.fetchCollateral(quote);
      const verified = await verifyCollateral(collateral, { now, root: world.root });
      const evidence = await verifyEvidence(quote, verified, { now, root: world.root });
      const reportData = expectBound(evidence.report.reportData, binding);
      assert.equal(appraise(evidence, world.policy, { reportData }).accepted, true);
      return evidence;
    },
  };
}

/** The certificate's key, as a client sees it that verifies the evidence in it. */
async function certifiedKey(address: string, protocol: string, maxVersion?: "TLSv1.2"): Promise<string> {
  const { socket, peer } = await connectRaTls({
    to: { host: "127.0.0.1", port: portOf(address) },
    verifyServer: certificateVerification(),
    protocols: [protocol],
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
  socket.destroy();
  return Buffer.from(peer.publicKeyInfo).toString("hex");
}

/** Whether a TLS handshake succeeds. */
async function shakesHands(options: tls.ConnectionOptions): Promise<boolean> {
  const socket = tls.connect(options);
  const isSecure = await new Promise<boolean>((resolve) => {
    socket.on("secureConnect", () => resolve(true)).on("error", () => resolve(false));
  });
  socket.destroy();
  return isSecure;
}

describe("a node that makes its TLS pair in the TEE", () => {
  it("needs none in the package, and proves itself to RA-TLS clients and to those who ask for fresh evidence", async () => {
    const running = await start("without-pair", "{ from: ra-tls }");
    const keys = [await certifiedKey(running.grpcAddress, "h2"), await certifiedKey(running.restAddress, "http/1.1")];
    assert.equal(keys[0], keys[1]);
    await predictBothWays(await connect(running, { raTls: true }, withoutPair));
  });

  it("is no node for a requester who holds it to an authority, or to another package", async () => {
    const running = await start("without-pair", "{ from: ra-tls }");
    const { caPem } = world.authority;
    await assert.rejects(connect(running, { caPem }, withoutPair), { code: "chain-not-trusted" });
    await assert.rejects(connect(running, { raTls: true }, world.manifestDigest), { code: "package-not-accepted" });
  });

  it("replaces them before their time is over", async () => {
    const running = await start("without-pair", "{ from: ra-tls, lifetime: 10m }");
    const first = await certifiedKey(running.restAddress, "http/1.1");
    await clock.pass(7 * 60_000);
    while (!log.some((line) => line.startsWith("certificate-renewed"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.notEqual(await certifiedKey(running.restAddress, "http/1.1"), first);
    await predictBothWays(await connect(running, { raTls: true }, withoutPair));
  });

  it("has every port refuse connections when they cannot be replaced in time, and take them again", async () => {
    [clock, log] = [new PassingClock(), []];
    broker = await world.startBroker({ package: "without-pair" });
    const option = world.serveConfig(broker, { package: "without-pair", more: "tls: { from: ra-tls, lifetime: 10m }" });
    const { directory } = world;
    const listen = {
      ...option.listen,
      grpcSocket: join(directory, "grpc.sock"),
      admin: { host: "127.0.0.1", port: 0 },
    };
    const given = await openPlatform(option.models.platform);
    let isDown = false;
    const quote: typeof given.quote = async (reportData) =>
      isDown ? await Promise.reject(new Error("no quotes")) : await given.quote(reportData);
    const platform = {
      ...given,
      tee: given.tee,
      name: given.name,
      simulated: given.simulated,
      quote,
      close: async () => undefined,
    };
    node = await startNode(
      { ...option, listen },
      { clock, platform, log: (event, fields) => log.push([event, ...Object.values(fields)].join(" ")) },
    );
    const ports: tls.ConnectionOptions[] = [
      { port: portOf(node.grpcAddress), ALPNProtocols: ["h2"] },
      { path: listen.grpcSocket, ALPNProtocols: ["h2"] },
      { port: portOf(node.restAddress) },
      { port: portOf(node.adminAddress) },
    ];
    const shaken = async (): Promise<boolean[]> =>
      await Promise.all(ports.map((port) => shakesHands({ host: "127.0.0.1", rejectUnauthorized: false, ...port })));
    assert.deepEqual(await shaken(), [true, true, true, true]);
    isDown = true;
    while (!log.some((line) => line.startsWith("certificate-outdated"))) {
      await clock.pass(60_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(await shaken(), [false, false, false, false]);
    isDown = false;
    while (!log.some((line) => line.startsWith("certificate-renewed"))) {
      await clock.pass(60_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(await shaken(), [true, true, true, true]);
    await given.close();
  });

  it("speaks TLS 1.2 only where that is asked for, also with a new certificate, and gives no evidence over it", async () => {
    const modern = await start("without-pair", "{ from: ra-tls, lifetime: 10m }");
    await assert.rejects(certifiedKey(modern.restAddress, "http/1.1", "TLSv1.2"), { code: "peer-lost" });
    await modern.close();
    await broker.close();
    const older = await start("without-pair", "{ from: ra-tls, lifetime: 10m, minimumVersion: TLSv1.2 }");
    await certifiedKey(older.restAddress, "http/1.1", "TLSv1.2");
    await clock.pass(7 * 60_000);
    while (!log.some((line) => line.startsWith("certificate-renewed"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await certifiedKey(older.restAddress, "http/1.1", "TLSv1.2");
    const socket = tls.connect({
      host: "127.0.0.1",
      port: portOf(older.restAddress),
      rejectUnauthorized: false,
      maxVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
    });
    await once(socket, "secureConnect");
    const { status } = await askHttp1(socket, { method: "GET", path: `/attestation?nonce=${"01".repeat(32)}` });
    assert.equal(status, 503);
    socket.destroy();
  });
});

describe("a node with its TLS pair in files", () => {
  it("takes it from there, takes the next at a reread, and keeps what served when that is unusable", async () => {
    const { authority, directory } = world;
    const write = async (): Promise<void> => {
      const { key, certificate } = await authority.issue();
      await writeFile(join(directory, "node.key"), key, { mode: 0o600 });
      await writeFile(join(directory, "node.crt"), certificate);
    };
    await write();
    const running = await start("without-pair", "{ from: file, key: node.key, certificate: node.crt }");
    const { caPem } = authority;
    await predictBothWays(await connect(running, { caPem }, withoutPair));
    await write();
    await running.reread();
    assert.ok(log.includes("tls-replaced"));
    await predictBothWays(await connect(running, { caPem }, withoutPair));
    await writeFile(join(directory, "node.key"), "no key");
    await running.reread();
    assert.ok(log.some((line) => line.startsWith("tls-not-replaced tls-files-unusable")));
    await predictBothWays(await connect(running, { caPem }, withoutPair));
  });

  it("does not start without them", async () => {
    await assert.rejects(start("without-pair", "{ from: file, key: gone.key, certificate: gone.crt }"), {
      code: "ENOENT",
    });
  });
});

it("an SSL configuration that cannot take effect while the server runs changes no port, not the one for health either", async () => {
  const { authority, directory } = world;
  broker = await world.startBroker();
  const file = join(directory, "ssl.cfg");
  const write = async (more = ""): Promise<void> => {
    const { keyPem, certificatePem } = await authority.issue();
    await writeFile(
      file,
      `server_key: ${JSON.stringify(keyPem)} server_cert: ${JSON.stringify(certificatePem)} ${more}`,
    );
  };
  const shown = async (address: string): Promise<string> => {
    const socket = tls.connect({ port: portOf(address), host: "localhost", ca: authority.caPem });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate();
    socket.destroy();
    return certificate?.fingerprint256 ?? assert.fail("no certificate");
  };
  await write();
  log = [];
  const flags = ["--model_name=half_plus_two", `--model_base_path=${join(directory, "models", "half_plus_two")}`];
  const ports = [
    "--port=0",
    `--grpc_socket_path=${join(directory, "grpc.sock")}`,
    "--bind-address=127.0.0.1",
    "--admin-port=1",
  ];
  const { options } = await readOptions(parseFlags([...flags, ...ports, `--ssl_config_file=${file}`]));
  const listen = { ...options.listen, admin: { host: "127.0.0.1", port: 0 } };
  node = await startNode(
    { ...options, listen },
    { log: (event, fields) => log.push([event, ...Object.values(fields)].join(" ")) },
  );
  const first = await shown(node.adminAddress);
  await write(`client_verify: true custom_ca: ${JSON.stringify(authority.caPem)}`);
  await node.reread();
  assert.ok(log.some((line) => line.startsWith("tls-not-replaced bad-option")));
  assert.equal(await shown(node.adminAddress), first);
  await write();
  await node.reread();
  assert.notEqual(await shown(node.adminAddress), first);
});

it("a package without a TLS pair is not enough for a node that takes it from there", async () => {
  await assert.rejects(start("without-pair", "{ from: package }"), { code: "tls-files-missing" });
});
