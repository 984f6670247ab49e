import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import tls from "node:tls";
import { channelOf, connectRaTls, decodeAttestationAnswer, type RaTlsPeer } from "@sealserve/ra-tls";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE, quoteOf, verifierOf } from "../../ra-tls/test/sample-vendor.ts";
import { AttestedCertificate } from "../src/evidence/attested-certificate.ts";
import { evidenceRoute } from "../src/evidence/http-route.ts";
import { EvidenceIssuer } from "../src/evidence/issuer.ts";
import { quoteInTime } from "../src/evidence/quote-in-time.ts";
import { openGrpcServer } from "../src/grpc/server.ts";
import { openHttpServer } from "../src/http/server.ts";
import type { Front } from "../src/transport/front.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import type { TlsMaterial } from "../src/transport/tls.ts";
import { askHttp1, manifestDigest } from "./support/evidence-ports.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { testPlatform } from "./support/test-platform.ts";

const HOUR = 3_600_000;
const ANY = { host: "127.0.0.1", port: 0 };

let clock: PassingClock;
let certificate: AttestedCertificate;
let grpc: Front;
let rest: Front;
let failure: Error | undefined;
/** What the platform waits for. */
let held: Promise<void> | undefined;
/** What the ports say to new material. */
let refusal: Error | undefined;
/** What the ports were given, as it was then. */
let given: TlsMaterial[];
let logged: string[];
let stop: AbortController;
let kept: Promise<void>;

beforeEach(async () => {
  clock = new PassingClock();
  [failure, held, refusal, given, logged, stop] = [undefined, undefined, undefined, [], [], new AbortController()];
  const quote = async (reportData: Uint8Array): Promise<Uint8Array> => {
    if (failure !== undefined) {
      throw failure;
    }
    await held;
    return await quoteOf()(reportData);
  };
  const log = (event: string, fields: object): void => void logged.push(`${event} ${Object.values(fields).join()}`);
  certificate = new AttestedCertificate({ quote, lifetimeMs: HOUR, log, clock, random: () => 0.5 });
  const limits = quickLimits();
  const issuer = new EvidenceIssuer({ ...testPlatform(), quote }, { model: "half", manifestDigest }, limits);
  const shared = { tls: await certificate.make(), limits, budget: new MemoryBudget(1 << 20), log };
  grpc = await openGrpcServer(ANY, { ...shared, methods: new Map(), evidence: issuer });
  rest = await openHttpServer(ANY, { ...shared, routes: [evidenceRoute({ issuer, limits, log })] });
  const ports = {
    replaceTls: (material: TlsMaterial) => {
      given.push(material);
      if (refusal !== undefined) {
        throw refusal;
      }
      grpc.replaceTls(material);
      rest.replaceTls(material);
    },
    refuseTls: () => {
      grpc.refuseTls();
      rest.refuseTls();
    },
  };
  kept = certificate.keep(ports, stop.signal);
});

afterEach(async () => {
  stop.abort();
  await Promise.all([kept, grpc.close(), rest.close()]);
  assert.deepEqual(clock.waits, []);
});

async function connect(
  front: Front,
  mrEnclave = MR_ENCLAVE,
): Promise<RaTlsPeer<Awaited<ReturnType<ReturnType<typeof verifierOf>>>>> {
  const age = { maxMs: 60_000, now: () => new Date() };
  const { socket, peer } = await connectRaTls({
    to: front.address,
    verifyServer: { verifyEvidence: verifierOf(mrEnclave), strict: true, age },
    protocols: [front === grpc ? "h2" : "http/1.1"],
    minVersion: "TLSv1.3",
  });
  socket.destroy();
  return peer;
}

/** Lets key, quotes and certificate be made, which takes true time: on a busy machine less than the life of one, still. */
async function passUntil(ms: number, done: () => boolean): Promise<void> {
  await clock.pass(ms);
  while (!done()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.pass(1000);
  }
}

describe("a certificate made in the TEE", { timeout: 60_000 }, () => {
  it("proves the node on both ports to a client that verifies as Gramine's do", async () => {
    for (const front of [grpc, rest]) {
      const { evidence, form } = await connect(front);
      assert.deepEqual([evidence.tee, form], ["sgx", "tagged"]);
      await assert.rejects(connect(front, OTHER_MR_ENCLAVE), /mrenclave/i);
    }
  });

  it("is valid for its life and not longer", async () => {
    const { certificate: pem } = await certificate.make();
    const { validFrom, validTo } = new X509Certificate(pem);
    const [from, to] = [new Date(validFrom).getTime(), new Date(validTo).getTime()];
    assert.ok(to > Date.now() + HOUR - 60_000 && to <= Date.now() + HOUR + 1000);
    assert.ok(from <= Date.now() && from > Date.now() - HOUR);
  });

  it("stands behind fresh evidence for the connection, which names it", async () => {
    const socket = tls.connect({ ...rest.address, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    const reply = await askHttp1(socket, { method: "GET", path: `/attestation?nonce=${"01".repeat(32)}` });
    const { exporter, serverCertificateSha256 } = await decodeAttestationAnswer(reply.text);
    assert.deepEqual({ exporter, serverCertificateSha256 }, await channelOf(socket, "client", "serving"));
    socket.destroy();
  });

  it("is replaced at half of its life, with another key, for the connections that come then", async () => {
    const first = await connect(rest);
    await clock.pass(0.4 * HOUR);
    assert.deepEqual((await connect(rest)).publicKeyInfo, first.publicKeyInfo);
    await passUntil(0.2 * HOUR, () => given.length >= 1);
    const second = await connect(rest);
    assert.notDeepEqual(second.publicKeyInfo, first.publicKeyInfo);
    assert.deepEqual((await connect(grpc)).publicKeyInfo, second.publicKeyInfo);
    assert.ok(given[0]?.key.every((byte) => byte === 0));
    await passUntil(0.6 * HOUR, () => given.length >= 2);
    assert.notDeepEqual((await connect(rest)).publicKeyInfo, second.publicKeyInfo);
  });

  it("serves no connection after its life when it cannot be replaced, until it can", async () => {
    failure = new Error("canary");
    await clock.pass(0.9 * HOUR);
    await connect(grpc);
    const outdated = (): string[] => logged.filter((line) => line.startsWith("certificate-outdated"));
    await passUntil(0.11 * HOUR, () => outdated().length >= 1);
    for (const front of [grpc, rest]) {
      await assert.rejects(connect(front), { code: "peer-lost" });
    }
    await passUntil(HOUR, () => logged.length > 5);
    assert.equal(outdated().length, 1);
    assert.ok(logged.includes("certificate-not-renewed internal") && !logged.join().includes("canary"));
    // The try that was under way while the hour passed would make a certificate of that hour.
    const tried = logged.length;
    await passUntil(0, () => logged.length > tried);
    failure = undefined;
    await passUntil(120_000, () => given.length >= 1);
    for (const front of [grpc, rest]) {
      await connect(front);
    }
  });

  it("serves no connection after its life while the platform still makes the next", async () => {
    const quoted = Promise.withResolvers<void>();
    held = quoted.promise;
    await clock.pass(0.9 * HOUR);
    await connect(rest);
    await clock.pass(0.11 * HOUR);
    assert.deepEqual(logged, ["certificate-outdated "]);
    await assert.rejects(connect(rest), { code: "peer-lost" });
    quoted.resolve();
    await passUntil(0, () => given.length >= 1);
    await connect(rest);
  });

  it("counts from before its evidence was asked for", async () => {
    const quoted = Promise.withResolvers<void>();
    held = quoted.promise;
    await clock.pass(0.9 * HOUR);
    quoted.resolve();
    await passUntil(0, () => given.length >= 1);
    await passUntil(0.2 * HOUR, () => logged.length >= 2);
    assert.deepEqual([given.length, logged], [2, ["certificate-renewed ", "certificate-renewed "]]);
    assert.ok(clock.now() < 1.3 * HOUR);
  });

  it("is tried again when the ports do not take it, and its key is wiped", async () => {
    refusal = new Error("canary");
    await passUntil(0.6 * HOUR, () => given.length > 0);
    refusal = undefined;
    await passUntil(0, () => logged.includes("certificate-renewed "));
    assert.ok(logged.includes("certificate-not-renewed internal") && !logged.join().includes("canary"));
    assert.ok(given.every(({ key }) => key.every((byte) => byte === 0)));
    await connect(rest);
  });

  it("goes to no port once the node closes", async () => {
    const quoted = Promise.withResolvers<void>();
    held = quoted.promise;
    await clock.pass(0.6 * HOUR);
    stop.abort();
    quoted.resolve();
    await kept;
    assert.deepEqual([given, logged], [[], []]);
  });
});

it("a platform that hangs is given up", async () => {
  const hanging = { ...testPlatform(), quote: () => new Promise<never>(() => undefined) };
  await assert.rejects(quoteInTime(hanging, new Uint8Array(64), 20), { code: "UNAVAILABLE" });
});
