import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { text } from "node:stream/consumers";
import { after, afterEach, before, describe, it } from "node:test";
import type { RunningBroker } from "@sealserve/broker";
import type { ReleasedKey } from "@sealserve/broker/client";
import { type AttestedNode, connectNode } from "@sealserve/client";
import { openPlatform, type Platform } from "@sealserve/platform";
import { ModelSpec, type ServingError } from "@sealserve/protocol";
import { NodeError } from "../src/errors.ts";
import { Lease } from "../src/lease/lease.ts";
import { ModelStore } from "../src/life/model-store.ts";
import { type AskBroker, brokerOf, releaseKey } from "../src/node/ask-broker.ts";
import { Closers } from "../src/node/closers.ts";
import { LeasedModel } from "../src/node/leased-model.ts";
import { NodeReadiness, type ReadinessState } from "../src/node/readiness.ts";
import { SealedPackage } from "../src/node/sealed-package.ts";
import { SealedVersions } from "../src/node/sealed-versions.ts";
import { type RunningNode, startNode } from "../src/node/start.ts";
import { type StartStep, StepRunner } from "../src/node/step.ts";
import type { LoadVersion } from "../src/node/version-loader.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { type BrokerChanges, createWorld, type World } from "./support/world.ts";

const MODEL = "half_plus_two";
const request = {
  modelSpec: ModelSpec.create({ name: MODEL }),
  inputs: new Map([["x", { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const]]),
  outputFilter: [],
};

let world: World;
let broker: RunningBroker;
let node: RunningNode;
let clock: PassingClock;
let log: string[];
const clients: AttestedNode[] = [];

before(async () => {
  world = await createWorld();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await node.close();
  await broker.close();
});

after(() => world.close());

async function start(changes: BrokerChanges, onStep: (step: StartStep) => unknown = () => undefined): Promise<void> {
  [log, clock] = [[], new PassingClock()];
  broker = await world.startBroker(changes);
  node = await startNode(world.serveConfig(broker), {
    clock,
    onStep,
    log: (event, fields) => log.push([event, ...Object.values(fields)].join(" ")),
  });
}

/** Lets time pass on the lease's clock, and the broker be asked, which takes true time, until something has come about. */
async function passUntil(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) {
    await clock.pass(10_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

async function connect(): Promise<AttestedNode> {
  const { authority, root, collateral, policy, manifestDigest } = world;
  const client = await connectNode({
    host: "localhost",
    grpcPort: portOf(node.grpcAddress),
    restPort: portOf(node.restAddress),
    caPem: authority.caPem,
    evidence: { root, collateral, policy, manifestDigest },
  });
  clients.push(client);
  return client;
}

const is = (state: ReadinessState) => (): boolean => node.readiness.state === state;

async function answerTo(path: string): Promise<IncomingMessage> {
  const place = { host: "localhost", port: portOf(node.restAddress), ca: world.authority.caPem, agent: false };
  const [response] = await once(get({ ...place, path }), "response");
  return response as IncomingMessage;
}

async function getText(path: string): Promise<string> {
  return await text(await answerTo(path));
}

async function statusOf(path: string): Promise<number | undefined> {
  const response = await answerTo(path);
  response.resume();
  return response.statusCode;
}

/** States of the model's versions, by REST, for a client that asks for no evidence. */
async function versionStates(): Promise<string[]> {
  const { model_version_status: statuses } = JSON.parse(await getText(`/v1/models/${MODEL}`));
  return statuses.map(({ state }: { state: string }) => state);
}

/** Nothing is served, nothing is in memory, and no evidence would have anybody send data. */
async function assertNothingServed(client: AttestedNode): Promise<void> {
  await assert.rejects(connect(), { code: "evidence-missing" });
  for (const predict of ["predictGrpc", "predictRest"] as const) {
    await assert.rejects(
      client[predict](request),
      (error) =>
        "code" in (error as Error) && ["UNAVAILABLE", "evidence-missing"].includes((error as ServingError).code),
    );
  }
}

describe("a node with a lease", () => {
  it("renews it by fresh evidence and serves on, and the broker's record says so", async () => {
    await start({ lease: "1h" });
    const client = await connect();
    const ask = async () => [await client.predictGrpc(request), await client.predictRest(request)];
    const first = await ask();
    await passUntil(() => log.includes("lease-renewed 3600"));
    const { manifestDigest } = world;
    const answers = await ask();
    for (const [index, { outputs, seal }] of answers.entries()) {
      assert.notEqual(seal?.leaseEndsAt?.getTime(), first[index]?.seal?.leaseEndsAt?.getTime(), "it has the new end");
      assert.deepEqual(outputs.get("y")?.data, Float32Array.of(3));
      assert.equal(seal?.manifestDigest, manifestDigest);
      const left = (seal?.leaseEndsAt?.getTime() ?? 0) - Date.now();
      assert.ok(left > 0 && left <= 3_600_000);
    }
    const { properties } = JSON.parse(await getText(`/v2/models/${MODEL}`));
    assert.deepEqual(properties, {
      sealed: "true",
      manifest_digest: manifestDigest,
      package_version: "2",
      lease_ends_at: answers[1]?.seal?.leaseEndsAt?.toISOString(),
    });
    const asked = world.brokerLog.map((line) => JSON.parse(line).asked).filter(Boolean);
    assert.deepEqual(asked.slice(0, 2), ["key", "renewal"]);
    assert.equal(node.readiness.state, "ready");
  });

  it("answers nothing from the end of its lease on, also before it has noticed", async () => {
    await start({ lease: "1h" });
    const client = await connect();
    clock.jump(7_200_000);
    await assert.rejects(client.predictGrpc(request), { code: "UNAVAILABLE" });
    assert.equal(node.readiness.state, "ready");
  });

  it("is not ready when its lease ended between loading and open ports, and gets ready with the next", async () => {
    await start({ lease: "1h" }, ({ name }) => name === "model loaded" && clock.jump(7_200_000));
    assert.equal(node.readiness.state, "starting");
    await passUntil(is("ready"));
    await (await connect()).predictGrpc(request);
  });

  it("goes unready without renewals, then drops the model, and loads it again when the broker is back", async () => {
    await start({ lease: "1h" });
    const client = await connect();
    const port = portOf(broker.url ?? "");
    await broker.close();
    await passUntil(is("starting"));
    await assertNothingServed(client);
    assert.deepEqual(await Promise.all(["live", "ready"].map((probe) => statusOf(`/v2/health/${probe}`))), [200, 503]);
    await passUntil(async () => (await versionStates()).join() === "END");
    broker = await world.startBroker({ lease: "1h", port });
    await passUntil(is("ready"));
    assert.deepEqual((await (await connect()).predictGrpc(request)).outputs.get("y")?.data, Float32Array.of(3));
    assert.ok(log.includes("lease-lapsed expired") && log.includes("lease-regained 3600"));
  });

  it("goes unready at the next renewal when the owner takes the key back, and comes back when she gives it again", async () => {
    await start({ lease: "1h" });
    const client = await connect();
    await broker.reload(async () => world.brokerConfig({ lease: "1h", mrEnclave: "ab".repeat(32) }));
    await passUntil(is("starting"));
    assert.ok(log.includes("lease-lapsed refused"));
    await assertNothingServed(client);
    await broker.reload(async () => world.brokerConfig({ lease: "1h" }));
    await passUntil(is("ready"));
    await (await connect()).predictRest(request);
  });

  it("does not serve on, nor the new package, when the broker's package is another one", async () => {
    await start({ lease: "1h" });
    const client = await connect();
    await world.seal("newer", { version: 3 });
    await broker.reload(async () => world.brokerConfig({ lease: "1h", package: "newer" }));
    await passUntil(is("starting"));
    await assertNothingServed(client);
    await passUntil(() => log.includes("lease-not-regained replaced"));
    assert.equal(node.readiness.state, "starting");
  });

  it("has connections end that were there when it lapsed", async () => {
    await start({ lease: "1h" });
    const client = await connect();
    await client.predictGrpc(request);
    await client.predictRest(request);
    await broker.reload(async () => world.brokerConfig({ mrEnclave: "ab".repeat(32) }));
    await passUntil(is("starting"));
    for (const predict of ["predictGrpc", "predictRest"] as const) {
      // The goodbye may still be on its way when the first of these calls is made.
      await assert.rejects(client[predict](request));
      await assert.rejects(client[predict](request), { code: "evidence-missing" });
    }
  });
});

it("the first lease counts from before the broker was asked", async () => {
  await start({ lease: "1h" });
  const own = new PassingClock();
  const lease = new Lease(own);
  const option = world.serveConfig(broker).models;
  const platform = await openPlatform(option.platform);
  const late: AskBroker = async (asked) => {
    const key = await brokerOf(option, platform)(asked);
    own.jump(1000);
    return key;
  };
  const steps = new StepRunner({ log: () => undefined });
  await releaseKey({ steps, signal: undefined, clock: own }, option, late, lease);
  assert.equal(lease.remainingMs, 3_599_000);
  await platform.close();
});

describe("a model under a lease", () => {
  let platform: Platform;
  let lease: Lease;
  let leased: LeasedModel;
  let readiness: NodeReadiness;
  let closers: Closers;

  afterEach(() => platform.close());

  /** A model whose lease is kept, made of the parts that a node makes it of. */
  async function keepModel(load: LoadVersion, onReleased: (key: ReleasedKey) => void = () => undefined): Promise<void> {
    await start({ lease: "1h" });
    const option = world.serveConfig(broker).models;
    platform = await openPlatform(option.platform);
    const ask = brokerOf(option, platform);
    const askBroker: AskBroker = async (asked) => {
      const key = await ask(asked);
      onReleased(key);
      return key;
    };
    lease = new Lease(clock);
    const released = await ask();
    lease.grant(clock.now(), released.leaseSeconds);
    const sealed = new SealedPackage({ option, release: async (signal) => await ask({ signal }), load, lease });
    const { opened } = await sealed.open(released);
    const store = new ModelStore({ maxRetries: 0, retryIntervalMs: 0, threads: 0 });
    const versions = new SealedVersions(store, option, sealed, opened.manifest);
    [closers, readiness] = [new Closers(1000), new NodeReadiness()];
    const parts = { lease, released, opened, sealed, versions, askBroker, closers, readiness, clock };
    leased = new LeasedModel({
      ...parts,
      log: (event, fields) => log.push([event, ...Object.values(fields)].join(" ")),
    });
    leased.keep();
  }

  it("that ends while it is loaded is given up: the node never gets ready", async () => {
    const begun = Promise.withResolvers<void>();
    await keepModel(async (_id, _files, signal) => {
      begun.resolve();
      await once(signal, "abort");
      throw signal.reason;
    });
    let ended: unknown;
    const loading = leased.load(undefined).catch((error: unknown) => {
      ended = error;
    });
    await begun.promise;
    await broker.close();
    await passUntil(() => ended !== undefined);
    await loading;
    assert.ok(ended instanceof NodeError && ended.code === "lease-ended", String(ended));
    assert.deepEqual([leased.serving, readiness.state], [false, "starting"]);
    await closers.closeAll();
  });

  it("is not loaded again, nor its key kept, when the node closes while the key is on its way", async () => {
    const keys: ReleasedKey[] = [];
    let loads = 0;
    let closed: Promise<void> | undefined;
    await keepModel(
      async () => {
        loads++;
        throw new Error("not to be loaded");
      },
      (key) => {
        keys.push(key);
        // When the answer has been taken, and the package is being opened.
        setImmediate(() => {
          closed = closers.closeAll();
        });
      },
    );
    lease.end();
    clock.jump(7_200_000);
    await passUntil(() => closed !== undefined);
    await closed;
    assert.ok(log.some((line) => line.startsWith("lease-lapsed")));
    assert.ok(keys.length > 0 && keys.every(({ wrapKey }) => wrapKey.every((byte) => byte === 0)));
    assert.equal(loads, 0);
  });
});
