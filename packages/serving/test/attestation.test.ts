import assert from "node:assert/strict";
import http2 from "node:http2";
import { after, before, test } from "node:test";
import type tls from "node:tls";
import { encodeHex, encodeUtf8 } from "@sealserve/core";
import {
  ATTESTATION_PATH,
  channelOf,
  decodeAttestationAnswer,
  decodeEvidenceAnswer,
  EVIDENCE_PATH,
  encodeEvidenceRequest,
} from "@sealserve/ra-tls";
import { evidenceRoute } from "../src/evidence/http-route.ts";
import { EvidenceIssuer } from "../src/evidence/issuer.ts";
import { openHttpServer } from "../src/http/server.ts";
import { Lease } from "../src/lease/lease.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import {
  type Ask,
  askHttp1,
  askHttp2,
  connectPort,
  type EvidencePorts,
  manifestDigest,
  openEvidencePorts,
  type Reply,
} from "./support/evidence-ports.ts";
import { PassingClock } from "./support/passing-clock.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { type TestPlatform, testPlatform } from "./support/test-platform.ts";

const nonce = Uint8Array.from({ length: 32 }, (_, index) => index);
const NONCE = encodeHex(nonce);
const byQuery: Ask = { method: "GET", path: `${ATTESTATION_PATH}?nonce=${NONCE}` };
const byBody: Ask = { path: ATTESTATION_PATH, body: encodeEvidenceRequest({ nonce }) };

let platform: TestPlatform;
let ports: EvidencePorts;

before(async () => {
  platform = testPlatform();
  ports = await openEvidencePorts(platform);
});

after(() => ports.close());

/** Runs asks on one connection of either port. */
async function onPort<T>(
  port: "grpc" | "rest",
  work: (ask: (ask: Ask) => Promise<Reply>, socket: tls.TLSSocket) => Promise<T>,
  at: EvidencePorts = ports,
): Promise<T> {
  const socket = await connectPort(at.caPem, at[port], port === "grpc" ? "h2" : "http/1.1");
  const session = port === "grpc" ? http2.connect("https://localhost", { createConnection: () => socket }) : undefined;
  try {
    return await work((ask) => (session === undefined ? askHttp1(socket, ask) : askHttp2(session, ask)), socket);
  } finally {
    session?.destroy();
    socket.destroy();
  }
}

for (const port of ["grpc", "rest"] as const) {
  test(`${port}: GET and POST give evidence with all that it speaks for: nonce, connection, certificate, package`, async () => {
    for (const ask of [byQuery, byBody]) {
      await onPort(port, async (send, socket) => {
        const { status, text, cacheControl } = await send(ask);
        assert.deepEqual([status, cacheControl], [200, "no-store"]);
        const answer = await decodeAttestationAnswer(text);
        const channel = await channelOf(socket, "client", "serving");
        assert.deepEqual(answer.nonce, nonce);
        assert.deepEqual(answer.exporter, channel.exporter);
        assert.deepEqual(answer.serverCertificateSha256, channel.serverCertificateSha256);
        assert.deepEqual([answer.model, answer.manifestDigest], ["half", manifestDigest]);
        assert.deepEqual(answer.evidence, Uint8Array.from([...encodeUtf8("quote:"), ...answer.reportData]));
      });
    }
  });

  test(`${port}: an answer names the connection that it came on, which no other is`, async () => {
    const exporters = await Promise.all(
      Array.from({ length: 2 }, () =>
        onPort(port, async (send) => encodeHex((await decodeAttestationAnswer((await send(byQuery)).text)).exporter)),
      ),
    );
    assert.notEqual(exporters[0], exporters[1]);
  });

  test(`${port}: the path of Sealserve's own client answers as before`, async () => {
    const { status, text } = await onPort(port, (send) => send({ ...byBody, path: EVIDENCE_PATH }));
    assert.deepEqual([status, decodeEvidenceAnswer(text).model], [200, "half"]);
  });

  test(`${port}: malformed requests are refused and reach no platform`, async () => {
    const quotedBefore = platform.quoted.length;
    const get = (query: string): Ask => ({ method: "GET", path: `${ATTESTATION_PATH}${query}` });
    const asks: Ask[] = [
      get(""),
      get("?"),
      get(`?nonce=`),
      get(`?nonce=${NONCE.slice(2)}`),
      get(`?nonce=${NONCE}00`),
      get(`?nonce=${NONCE}&nonce=${NONCE}`),
      get(`?nonce=${NONCE}&more=1`),
      get(`?Nonce=${NONCE}`),
      get(`?nonce=0x${NONCE.slice(2)}`),
      get(`?nonce=%30${NONCE.slice(1)}`),
      { ...byQuery, body: "{}" },
      { ...byBody, body: "" },
      { ...byBody, body: `{"nonce":"${NONCE}","purpose":"key-release"}` },
    ];
    for (const ask of asks) {
      const { status, text } = await onPort(port, (send) => send(ask));
      assert.equal(status, 400, ask.path);
      assert.ok(!text.includes(NONCE.slice(0, 20)));
    }
    assert.equal(platform.quoted.length, quotedBefore);
  });

  test(`${port}: a connection that asks too often is refused, by whatever path`, async () => {
    const statuses = await onPort(port, async (send) => {
      const found: number[] = [];
      for (const ask of [byQuery, byBody, { ...byBody, path: EVIDENCE_PATH }, byQuery, byBody, byQuery]) {
        found.push((await send(ask)).status);
      }
      return found;
    });
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429]);
  });
}

test("a nonce in the query is for GET alone", async () => {
  const posted: Ask = { ...byQuery, method: "POST" };
  assert.equal((await onPort("rest", (send) => send(posted))).status, 404);
});

test("a node whose lease has ended gives no evidence: nobody is to send it data", async () => {
  const clock = new PassingClock();
  const lease = new Lease(clock);
  lease.grant(clock.now(), 60);
  const asked = testPlatform();
  const leased = await openEvidencePorts(asked, { lease });
  try {
    for (const expected of [200, 503]) {
      for (const port of ["grpc", "rest"] as const) {
        assert.equal((await onPort(port, (send) => send(byQuery), leased)).status, expected);
      }
      await clock.pass(60_000);
    }
    assert.equal(asked.quoted.length, 2, "what would be kept back is not even made");
  } finally {
    await leased.close();
  }
});

test("a quote that was asked for within the lease and comes after its end is kept back", async () => {
  const clock = new PassingClock();
  const lease = new Lease(clock);
  lease.grant(clock.now(), 60);
  const slow = testPlatform();
  const gate = Promise.withResolvers<void>();
  slow.gate = gate.promise;
  const leased = await openEvidencePorts(slow, { lease });
  try {
    const asked = onPort("rest", (send) => send(byQuery), leased);
    while (slow.load.now === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await clock.pass(60_000);
    gate.resolve();
    assert.equal((await asked).status, 503);
  } finally {
    await leased.close();
  }
});

test("a plaintext port has no connection that evidence could speak for", async () => {
  const limits = quickLimits();
  const issuer = new EvidenceIssuer(testPlatform(), { model: "half", manifestDigest }, limits);
  const log = (): void => undefined;
  const routes = [evidenceRoute({ issuer, limits, log })];
  const options = { tls: "plaintext", routes, limits, budget: new MemoryBudget(1 << 20), log } as const;
  const rest = await openHttpServer({ host: "127.0.0.1", port: 0 }, options);
  const answer = await fetch(`http://127.0.0.1:${rest.address.port}${byQuery.path}`);
  assert.equal(answer.status, 404);
  await rest.close();
});
