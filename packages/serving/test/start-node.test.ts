import assert from "node:assert/strict";
import { copyFile, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tls from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { BrokerError, type RunningBroker } from "@sealserve/broker";
import { connectNode } from "@sealserve/client";
import { EncryptedFilesError } from "@sealserve/encrypted-files";
import { ModelError } from "@sealserve/models";
import { PlatformError } from "@sealserve/platform";
import {
  decodePredictResponse,
  encodePredictRequest,
  ModelConfig,
  ModelSpec,
  type PredictRequest,
  type PredictResponse,
  ReloadConfigRequest,
  type Tensor,
} from "@sealserve/protocol";
import { type RunningNode, type StartOptions, startNode } from "../src/node/start.ts";
import type { StartStep } from "../src/node/step.ts";
import { optionsOfFlags } from "../src/options/options-of-flags.ts";
import { parseFlags } from "../src/options/parse-flags.ts";
import { createWorld, type World } from "./support/world.ts";

let world: World;
let broker: RunningBroker;

before(async () => {
  world = await createWorld();
  broker = await world.startBroker();
});

after(async () => {
  await broker.close();
  await world.close();
});

const x: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) };
const request = { modelSpec: undefined, inputs: new Map([["x", x]]), outputFilter: [] };

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

async function connect(node: RunningNode, changes: { manifestDigest?: string } = {}) {
  const { authority, root, collateral, policy, manifestDigest } = world;
  return await connectNode({
    host: "127.0.0.1",
    serverName: "localhost",
    grpcPort: portOf(node.grpcAddress),
    restPort: portOf(node.restAddress),
    caPem: authority.caPem,
    evidence: { root, collateral, policy, manifestDigest, ...changes },
  });
}

/** Steps of a start that must fail, with the check that nothing was opened to requesters. */
async function stepsOfFailure(
  config: Parameters<typeof startNode>[0],
  expected: (error: unknown) => boolean,
  options: StartOptions = {},
): Promise<string[]> {
  const steps: StartStep[] = [];
  await assert.rejects(startNode(config, { ...options, onStep: (step) => steps.push(step) }), expected);
  const names = steps.map(({ name }) => name);
  assert.ok(!names.includes("ports open"));
  return names;
}

function refusedFiles(...codes: string[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof EncryptedFilesError, String(error));
    assert.ok(codes.includes(error.code), error.code);
    return true;
  };
}

test("a node attests, gets its key, opens its package in memory and serves verified predictions", async () => {
  const steps: StartStep[] = [];
  const logged: string[] = [];
  const filesBefore = await readdir(world.directory, { recursive: true });
  const node = await startNode(world.serveConfig(broker), {
    onStep: (step) => steps.push(step),
    log: (event, fields) => logged.push(JSON.stringify([event, fields])),
  });
  assert.deepEqual(
    steps.map(({ name }) => name),
    ["platform opened", "key released", "manifest verified", "TLS pair decrypted", "model loaded", "ports open"],
  );
  assert.ok(steps.every(({ ms, detail }) => ms >= 0 && detail !== ""));
  assert.match(steps[0]?.detail ?? "", /simulated/);
  assert.deepEqual([node.models, node.readiness.state], [["half_plus_two"], "ready"]);
  const { manifestDigest } = world;
  assert.deepEqual(node.sealed, { version: "1", manifestDigest, simulated: true });

  const client = await connect(node);
  const byGrpc = await client.predictGrpc(request);
  const byRest = await client.predictRest(request);
  for (const { outputs, modelSpec, node: proven, seal } of [byGrpc, byRest]) {
    assert.deepEqual(seal, { manifestDigest, leaseEndsAt: undefined });
    assert.deepEqual(outputs.get("y"), { dtype: "float32", shape: [3], data: Float32Array.of(2.5, 3, 4.5) });
    assert.deepEqual(
      [modelSpec.name, modelSpec.version, modelSpec.signatureName],
      ["half_plus_two", 1n, "serving_default"],
    );
    assert.deepEqual([proven.appraisal.accepted, proven.appraisal.simulated], [true, true]);
    assert.deepEqual([proven.model, proven.manifestDigest], ["half_plus_two", world.manifestDigest]);
  }
  await client.close();
  await node.close();
  assert.deepEqual(await readdir(world.directory, { recursive: true }), filesBefore, "nothing was written");
  assert.ok(!logged.join().includes("PRIVATE KEY"));
});

test("a stock gRPC client without attestation is served as by TensorFlow Serving", async () => {
  const node = await startNode(world.serveConfig(broker));
  const credentials = grpc.credentials.createSsl(Buffer.from(world.authority.caPem));
  const client = new grpc.Client(`localhost:${portOf(node.grpcAddress)}`, credentials);
  const modelSpec = ModelSpec.create({ name: "half_plus_two" });
  const answer = await new Promise<PredictResponse>((resolve, reject) => {
    client.makeUnaryRequest(
      "/tensorflow.serving.PredictionService/Predict",
      (value: PredictRequest) => Buffer.from(encodePredictRequest(value)),
      (bytes) => decodePredictResponse(bytes),
      { ...request, modelSpec },
      (error, value) => (value === undefined ? reject(error) : resolve(value)),
    );
  });
  assert.deepEqual(answer.outputs.get("y")?.data, Float32Array.of(2.5, 3, 4.5));
  client.close();
  await node.close();
});

/** How a node answers one who asks it, over its port, to serve another model as well. */
async function askToReload(node: RunningNode, credentials: grpc.ChannelCredentials): Promise<grpc.status | undefined> {
  const client = new grpc.Client(`localhost:${portOf(node.grpcAddress)}`, credentials);
  const config = ["half_plus_two", "other"].map((name) =>
    ModelConfig.create({
      name,
      basePath: join(world.directory, "models/half_plus_two"),
      modelPlatform: "tensorflow",
    }),
  );
  const refused = await new Promise<grpc.ServiceError | null>((resolve) => {
    client.makeUnaryRequest(
      "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
      (value: ReloadConfigRequest) => Buffer.from(ReloadConfigRequest.encode(value)),
      (bytes: Buffer) => bytes,
      ReloadConfigRequest.create({ config: { modelConfigList: { config } } }),
      (error) => resolve(error),
    );
  });
  client.close();
  return refused?.code;
}

test("nobody who calls a sealed node can change what it serves, also if its options would permit it (threat E6)", async () => {
  const config = world.serveConfig(broker);
  const credentials = grpc.credentials.createSsl(Buffer.from(world.authority.caPem));
  assert.equal(config.loading.allowReload, false);
  for (const allowReload of [false, true]) {
    const node = await startNode({ ...config, loading: { ...config.loading, allowReload } });
    assert.equal(await askToReload(node, credentials), grpc.status.PERMISSION_DENIED);
    assert.deepEqual([node.models, node.readiness.state], [["half_plus_two"], "ready"]);
    await node.close();
  }
});

test("nobody who calls a node of plain models can change what it serves where the options do not permit it", async () => {
  const base = `--model_base_path=${join(world.directory, "models/half_plus_two")}`;
  for (const [flag, code] of [
    ["--allow-model-reload=false", grpc.status.PERMISSION_DENIED],
    ["--allow-model-reload=true", undefined],
  ] as const) {
    const flags = [base, "--model_name=half_plus_two", flag];
    const options = await optionsOfFlags(parseFlags([...flags, "--allow-insecure-plaintext"]));
    const node = await startNode({ ...options, listen: { ...options.listen, grpc: { host: "127.0.0.1", port: 0 } } });
    assert.equal(await askToReload(node, grpc.credentials.createInsecure()), code);
    await node.close();
  }
});

test("the TLS key is in no buffer of the node any more when its ports are open", async (t) => {
  const keys: Uint8Array[] = [];
  const create = tls.createSecureContext;
  const mock = t.mock.method(tls, "createSecureContext", (options: tls.SecureContextOptions = {}) => {
    const { key } = options;
    if (key instanceof Uint8Array && Buffer.from(key).equals(world.identity.key)) {
      keys.push(key);
    }
    return create(options);
  });
  syncBuiltinESMExports();
  t.after(() => {
    mock.mock.restore();
    syncBuiltinESMExports();
  });
  const node = await startNode(world.serveConfig(broker));
  const left = keys.filter((key) => key.some((byte) => byte !== 0));
  await node.close();
  assert.deepEqual([keys.length > 0, left], [true, []]);
});

test("a port is free again after the node has closed", async () => {
  const first = await startNode(world.serveConfig(broker));
  const config = world.serveConfig(broker);
  const port = portOf(first.grpcAddress);
  const taken = { ...config, listen: { ...config.listen, grpc: { host: "127.0.0.1", port } } };
  await assert.rejects(startNode(taken), { code: "port-unavailable" });
  await first.close();
  const second = await startNode(taken);
  assert.equal(second.grpcAddress, first.grpcAddress);
  await second.close();
});

test("a broker that is down, or a stranger in its place, means never ready", async () => {
  const down = { url: "https://127.0.0.1:1" };
  const unreachable = (error: unknown): boolean => error instanceof BrokerError && error.code === "broker-unreachable";
  assert.deepEqual(await stepsOfFailure(world.serveConfig(down), unreachable), ["platform opened"]);
  const stranger = await createWorld();
  await copyFile(join(stranger.directory, "ca.pem"), join(world.directory, "other-ca.pem"));
  const config = world.serveConfig(broker);
  const broken = { ...config.models.broker, caFile: join(world.directory, "other-ca.pem") };
  const wrongCa = { ...config, models: { ...config.models, broker: broken } };
  const untrusted = (error: unknown): boolean => error instanceof BrokerError && error.code === "broker-not-trusted";
  assert.deepEqual(await stepsOfFailure(wrongCa, untrusted), ["platform opened"]);
  await stranger.close();
});

test("a program that the owner does not accept gets no key", async () => {
  const strict = await world.startBroker({ mrEnclave: "ab".repeat(32) });
  const refused = (error: unknown): boolean => error instanceof BrokerError && error.code === "release-refused";
  assert.deepEqual(await stepsOfFailure(world.serveConfig(strict), refused), ["platform opened"]);
  assert.ok(world.brokerLog.some((line) => line.includes("mrenclave-not-accepted")));
  await strict.close();
});

test("one flipped byte in a model file stops the start after the manifest", async () => {
  const path = join(world.directory, "flipped");
  await cp(world.packageDirectory, path, { recursive: true });
  const file = join(path, "models/half_plus_two/1/saved_model.pb");
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  await writeFile(file, bytes);
  const steps = await stepsOfFailure(
    world.serveConfig(broker, { package: path }),
    refusedFiles("file-digest-mismatch"),
  );
  assert.deepEqual(steps, ["platform opened", "key released", "manifest verified", "TLS pair decrypted"]);
});

test("another package of the same owner is refused, also an older one", async () => {
  const newer = await world.seal("newer", { version: 3 });
  const older = await world.seal("older", { version: 1 });
  for (const { path } of [newer, older]) {
    const refused = refusedFiles("manifest-digest-mismatch", "version-too-old");
    const steps = await stepsOfFailure(world.serveConfig(broker, { package: path }), refused);
    assert.deepEqual(steps, ["platform opened", "key released"]);
  }
});

test("another model under the name of this one is refused, whether its manifest says so or not", async () => {
  const named = await world.seal("named", { version: 2, model: "tiny_classifier" });
  const posing = await world.seal("posing", { version: 2, content: "tiny_classifier" });
  for (const { path } of [named, posing]) {
    const refused = refusedFiles("manifest-digest-mismatch");
    const steps = await stepsOfFailure(world.serveConfig(broker, { package: path }), refused);
    assert.deepEqual(steps, ["platform opened", "key released"]);
  }
});

test("a missing, added or swapped file is refused", async () => {
  const path = join(world.directory, "added");
  await cp(world.packageDirectory, path, { recursive: true });
  await writeFile(join(path, "models/half_plus_two/1/extra.bin"), "plain");
  await stepsOfFailure(world.serveConfig(broker, { package: path }), refusedFiles("file-unlisted"));
});

test("a model that the broker does not know gets no key", async () => {
  const refused = (error: unknown): boolean => error instanceof BrokerError && error.code === "release-refused";
  await stepsOfFailure(world.serveConfig(broker, { model: "other" }), refused);
});

test("a platform that is not there stops the start before anything else", async () => {
  const config = world.serveConfig(broker);
  const platform = { kind: "simulated", socketPath: "/nonexistent.sock" } as const;
  const absent = { ...config, models: { ...config.models, platform } };
  const refused = (error: unknown): boolean => error instanceof PlatformError && error.code === "platform-unreachable";
  assert.deepEqual(await stepsOfFailure(absent, refused), []);
});

test("a start can be cancelled between steps", async () => {
  const controller = new AbortController();
  const reason = new Error("stopped");
  const steps: string[] = [];
  const start = startNode(world.serveConfig(broker), {
    signal: controller.signal,
    onStep: ({ name }) => {
      steps.push(name);
      if (name === "TLS pair decrypted") {
        controller.abort(reason);
      }
    },
  });
  await assert.rejects(start, reason);
  assert.equal(steps.at(-1), "TLS pair decrypted");
});

test("a model that does not come into its engine in time fails the start, and nothing of the node stays (threat D10)", async () => {
  const config = world.serveConfig(broker, { more: "limits: { loadTimeoutMs: 1 }" });
  await assert.rejects(
    startNode(config),
    (error) => error instanceof ModelError && error.code === "engine-stuck" && /more than 1 ms/.test(error.message),
  );
  const node = await startNode(world.serveConfig(broker));
  await node.close();
});
