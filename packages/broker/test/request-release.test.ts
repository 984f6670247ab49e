import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { encodePem, generateEcKey } from "@sealserve/core";
import { PlatformError } from "@sealserve/platform";
import { type ReleaseOptions, requestRelease } from "../src/client/request-release.ts";
import { BrokerError, type BrokerErrorCode } from "../src/errors.ts";
import { createOwner, issueCertificate, type Owner, platformOf, startTestBroker, type TestBroker } from "./setup.ts";

describe("asking a broker for a key", () => {
  let owner: Owner;
  let broker: TestBroker;
  let options: ReleaseOptions;

  before(async () => {
    owner = await createOwner();
    broker = await startTestBroker(owner);
    options = { url: broker.url, caPem: owner.caPem, model: "alpha", platform: platformOf(owner.vendor) };
  });

  after(() => owner.dispose());

  async function fails(changes: Partial<ReleaseOptions>, code: BrokerErrorCode, message: RegExp): Promise<BrokerError> {
    const error = await requestRelease({ ...options, ...changes }).then(
      () => assert.fail("a key was released"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof BrokerError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return error;
  }

  /** A server with the broker's certificate and other manners. */
  async function impostor(listener: RequestListener): Promise<string> {
    const [key, cert] = await Promise.all([readFile(owner.path("server.key")), readFile(owner.path("server.crt"))]);
    const server = createServer({ key, cert, minVersion: "TLSv1.3" }, listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    owner.running.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  }

  function answering(...answers: readonly { status?: number; body: string }[]): RequestListener {
    let next = 0;
    return (request, response) => {
      const { status = 200, body } = answers[next++] ?? { body: "" };
      request.resume().once("end", () => response.writeHead(status).end(body));
    };
  }

  const challenge = { body: JSON.stringify({ nonce: "00".repeat(32) }) };

  it("works by host name as by address", async () => {
    const url = broker.url.replace("127.0.0.1", "localhost");
    assert.deepEqual((await requestRelease({ ...options, url })).wrapKey, owner.wrapKey);
  });

  it("uses one connection for everything", async () => {
    const peers = new Set<string>();
    let connections = 0;
    const url = await impostor((request, response) => {
      peers.add(`${request.socket.remotePort}`);
      connections++;
      request.resume().once("end", () => {
        response.writeHead(200).end(connections === 1 ? challenge.body : "{}");
      });
    });
    await fails({ url }, "broker-answer-invalid", /release answer/);
    assert.equal(connections, 2);
    assert.equal(peers.size, 1);
  });

  it("tells a refusal by name and id", async () => {
    const platform = platformOf(owner.vendor, { mrEnclave: "33".repeat(32) });
    const error = await fails({ platform }, "release-refused", /alpha/);
    const { id } = broker.lastAttempt();
    assert.equal(error.refusalId, id);
    assert.ok(error.message.includes(id));
  });

  it("tells of a refusal that the broker keeps no record of", async () => {
    const platform = { ...options.platform, quote: async () => new Uint8Array(1184) };
    const error = await fails({ platform }, "release-refused", /kept no record/);
    assert.equal(error.refusalId, undefined);
  });

  it("tells that the broker has no collateral", async () => {
    const source = { fetchCollateral: () => Promise.reject(new Error("down")) };
    const without = await startTestBroker(owner, {}, { collateral: source });
    const error = await fails({ url: without.url }, "collateral-unavailable", /no collateral/);
    assert.equal(error.refusalId, without.lastAttempt().id);
  });

  it("tells that nobody answers there", async () => {
    await fails({ url: "https://127.0.0.1:1" }, "broker-unreachable", /ECONNREFUSED/);
    await fails({ url: "https://host.invalid:7443" }, "broker-unreachable", /host\.invalid/);
  });

  it("tells that the broker's certificate is not trusted, and sends nothing then", async () => {
    const key = await generateEcKey("P-256");
    const stranger = await issueCertificate({ name: "Test CA", key, issuerKey: key, ca: true });
    const attempts = broker.attempts().length;
    await fails({ caPem: encodePem("CERTIFICATE", stranger) }, "broker-not-trusted", /UNABLE|CERT|SELF/);
    assert.equal(broker.attempts().length, attempts);
  });

  it("does not let the host's environment switch the check of the certificate off", async () => {
    const key = await generateEcKey("P-256");
    const stranger = await issueCertificate({ name: "Test CA", key, issuerKey: key, ca: true });
    const other = await startTestBroker(owner, { listen: `listen: "127.0.0.2:0"` });
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      await fails({ caPem: encodePem("CERTIFICATE", stranger) }, "broker-not-trusted", /UNABLE|CERT|SELF/);
      await fails({ url: other.url }, "broker-not-trusted", /ALTNAME/);
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  it("tells that the broker's certificate is for another name", async () => {
    const url = broker.url.replace("127.0.0.1", "127.0.0.2");
    const other = await startTestBroker(owner, { listen: `listen: "127.0.0.2:0"` });
    await fails({ url: other.url }, "broker-not-trusted", /ALTNAME/);
    assert.notEqual(url, other.url);
  });

  it("wants an authority, and takes no public one in its place", async () => {
    for (const caPem of ["", " ", "garbage", owner.ownerKey.publicKeyPem]) {
      await fails({ caPem }, "invalid-argument", /authority/);
    }
  });

  it("wants an https URL without a path", async () => {
    for (const url of ["", "127.0.0.1:7443", "http://localhost:1", `${broker.url}/v1`, `${broker.url}/?a`]) {
      await fails({ url }, "invalid-argument", /https URL/);
    }
  });

  it("refuses answers that make no sense", async () => {
    const answers = [
      [{ body: "" }],
      [{ body: "{}" }],
      [{ body: JSON.stringify({ nonce: "00".repeat(31) }) }],
      [{ status: 500, body: "<html>" }],
      [{ status: 500, body: JSON.stringify({ error: { code: "\u001b[31m", id: "" } }) }],
      [{ status: 403, body: JSON.stringify({ error: { code: "refused", id: "x y" } }) }],
      [{ status: 404, body: JSON.stringify({ error: { code: "not-found", id: "" } }) }],
      [challenge, { body: JSON.stringify({ enc: "AA==", ciphertext: "AA==" }) }],
      [challenge, { status: 200, body: JSON.stringify({ error: { code: "refused", id: "1" } }) }],
    ];
    for (const sequence of answers) {
      await fails({ url: await impostor(answering(...sequence)) }, "broker-answer-invalid", /broker/);
    }
  });

  it("reads no answer without end", async () => {
    const url = await impostor((request, response) => {
      request.resume();
      response.writeHead(200);
      const more = (): boolean => response.write("a".repeat(10_000), () => response.destroyed || more());
      more();
    });
    await fails({ url }, "broker-answer-invalid", /too long/);
  });

  it("gives up when the broker closes the connection in between", async () => {
    const url = await impostor((request, response) => {
      request.resume().once("end", () => response.writeHead(200, { Connection: "close" }).end(challenge.body));
    });
    await fails({ url }, "broker-unreachable", /closed|ECONNRESET/);
  });

  it("gives up when the broker stays silent", async () => {
    const url = await impostor((request) => request.resume());
    await fails({ url, timeoutMs: 100 }, "broker-unreachable", /in time/);
  });

  it("gives up when the platform stays silent", async () => {
    const platform = { ...options.platform, quote: () => new Promise<never>(() => undefined) };
    await fails({ platform, timeoutMs: 100 }, "broker-unreachable", /in time/);
  });

  it("ends when it is told to", async () => {
    const url = await impostor((request) => request.resume());
    const controller = new AbortController();
    const asked = requestRelease({ ...options, url, signal: controller.signal });
    const reason = new Error("node is shutting down");
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(asked, (error) => error === reason);
    await assert.rejects(
      requestRelease({ ...options, signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
  });

  it("refuses TLS 1.2", async () => {
    const [key, cert] = await Promise.all([readFile(owner.path("server.key")), readFile(owner.path("server.crt"))]);
    const server = createServer({ key, cert, maxVersion: "TLSv1.2" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    owner.running.push(async () => {
      server.close();
    });
    await fails(
      { url: `https://localhost:${(server.address() as AddressInfo).port}` },
      "broker-unreachable",
      /ERR_SSL/,
    );
  });

  it("hands on what the platform says", async () => {
    const reason = new PlatformError("platform-unreachable", "no platform");
    const platform = { ...options.platform, quote: () => Promise.reject(reason) };
    await assert.rejects(requestRelease({ ...options, platform }), (error) => error === reason);
  });
});
