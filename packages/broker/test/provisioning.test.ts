import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { encodePem, generateEcKey, generateRsaKey, parseCertificateChainPem } from "@sealserve/core";
import {
  type ClientIdentity,
  currentIdentity,
  legacyIdentity,
  REQUEST,
  type Report,
  selfSigned,
} from "./gramine-client.ts";
import {
  createOwner,
  DEFAULT_PARTS,
  issueCertificate,
  MR_ENCLAVE,
  OTHER_MR_ENCLAVE,
  type Owner,
  startTestBroker,
  type TestBroker,
  waitFor,
} from "./setup.ts";

const RESPONSE = Buffer.from("SECRET_PROVISION_RA_TLS_RESPONSE_V1:\0\0\0\0\x10", "latin1");

describe("Gramine's secret provisioning protocol", () => {
  let owner: Owner;
  let broker: TestBroker;

  before(async () => {
    owner = await createOwner();
    broker = await startTestBroker(owner, {}, { limits: { requestTimeoutMs: 300 } });
  });

  after(() => owner.dispose());

  const enclave = (report?: Report): Promise<ClientIdentity> => currentIdentity(owner.vendor, report);

  async function connect(
    identity: Partial<ClientIdentity>,
    options: tls.ConnectionOptions = {},
  ): Promise<tls.TLSSocket> {
    const [host, port] = (broker.provisioningAddress ?? "").split(":");
    const socket = tls.connect({ host, port: Number(port), ca: owner.caPem, ...identity, ...options });
    socket.on("error", () => undefined);
    owner.running.push(async () => {
      socket.destroy();
    });
    await once(socket, "secureConnect");
    socket.setNoDelay(true);
    return socket;
  }

  /** Everything the broker sends before it closes. */
  async function answerTo(socket: tls.TLSSocket, ...parts: readonly Uint8Array[]): Promise<Buffer> {
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!socket.closed) {
      await once(socket, "close");
    }
    return Buffer.concat(received);
  }

  /** Closed without a byte, and written down with the reason. */
  async function refused(
    socket: tls.TLSSocket,
    parts: readonly Uint8Array[],
    code: string,
    step: string,
  ): Promise<void> {
    const earlier = broker.attempts().length;
    assert.deepEqual(await answerTo(socket, ...parts), Buffer.alloc(0));
    await waitFor(() => broker.attempts().length > earlier);
    const record = broker.lastAttempt();
    assert.equal(record.protocol, "gramine-secret-provisioning");
    assert.equal(record.outcome, "refused");
    assert.equal(record.code, code);
    assert.equal(record.step, step);
  }

  /** Closed without a byte, and counted. */
  async function unread(socket: tls.TLSSocket, parts: readonly Uint8Array[], code: string): Promise<void> {
    const earlier = broker.early().length;
    assert.deepEqual(await answerTo(socket, ...parts), Buffer.alloc(0));
    await waitFor(() => broker.early().slice(earlier).includes(code));
  }

  it("gives an enclave of Gramine 1.8 or later its key, in exactly the expected bytes", async () => {
    const socket = await connect(await enclave());
    assert.equal(socket.getProtocol(), "TLSv1.2");
    assert.deepEqual(await answerTo(socket, REQUEST), Buffer.concat([RESPONSE, owner.wrapKey]));
    const record = broker.lastAttempt();
    assert.equal(record.protocol, "gramine-secret-provisioning");
    assert.equal(record.outcome, "released");
    assert.equal(record.model, "alpha");
    assert.equal(record.software?.["mrEnclave"], MR_ENCLAVE);
    assert.ok(record.simulated);
    assert.ok((await broker.auditLines()).includes(JSON.stringify(record)));
  });

  it("gives older enclaves theirs: RSA-3072 or P-384 with the legacy quote, P-256 with the clean identifier", async () => {
    const rsa = await legacyIdentity(owner.vendor, await generateRsaKey("sha256-with-rsa", 3072));
    const p384 = await legacyIdentity(owner.vendor, await generateEcKey("P-384"));
    const p256 = await legacyIdentity(owner.vendor, await generateEcKey("P-256"), { oid: "1.2.840.113741.1337.6" });
    for (const identity of [rsa, p384, p256]) {
      const answer = await answerTo(await connect(identity), REQUEST);
      assert.deepEqual(answer, Buffer.concat([RESPONSE, owner.wrapKey]));
    }
  });

  it("gives the key as hex digits with a NUL where the model's enclaves want it so", async () => {
    const models = DEFAULT_PARTS.models.replace("wrapKey: wrap.key", "wrapKey: wrap.key\n    keyFormat: hex-nul");
    const other = await startTestBroker(owner, { models });
    const [host, port] = (other.provisioningAddress ?? "").split(":");
    const socket = tls.connect({ host, port: Number(port), ca: owner.caPem, ...(await enclave()) });
    await once(socket, "secureConnect");
    const start = Buffer.from("SECRET_PROVISION_RA_TLS_RESPONSE_V1:\0\0\0\0\x21", "latin1");
    const secret = Buffer.from(`${Buffer.from(owner.wrapKey).toString("hex")}\0`);
    assert.deepEqual(await answerTo(socket, REQUEST), Buffer.concat([start, secret]));
  });

  it("tells models apart by the measured identity", async () => {
    const socket = await connect(await enclave({ mrEnclave: OTHER_MR_ENCLAVE }));
    assert.deepEqual(await answerTo(socket, REQUEST), Buffer.concat([RESPONSE, owner.otherWrapKey]));
    assert.equal(broker.lastAttempt().model, "beta");
  });

  it("takes the request byte by byte", async () => {
    const bytes = Array.from(REQUEST, (byte) => Uint8Array.of(byte));
    const answer = await answerTo(await connect(await enclave()), ...bytes);
    assert.deepEqual(answer, Buffer.concat([RESPONSE, owner.wrapKey]));
  });

  it("serves the cipher suites that all generations share, and no older one", async () => {
    for (const cipher of ["AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256"]) {
      const answer = await answerTo(await connect(await enclave(), { ciphers: `ECDHE-ECDSA-${cipher}` }), REQUEST);
      assert.equal(answer.length, 57);
    }
    await assert.rejects(connect(await enclave(), { ciphers: "ECDHE-ECDSA-AES128-SHA" }));
  });

  it("serves with an RSA key as with an EC key", async () => {
    const key = await generateRsaKey("sha256-with-rsa", 2048);
    const certificate = await issueCertificate({ name: "localhost", key, issuerKey: key });
    await writeFile(owner.path("rsa.key"), encodePem("PRIVATE KEY", await key.exportPkcs8()));
    await writeFile(owner.path("rsa.crt"), encodePem("CERTIFICATE", certificate));
    const identityYaml = "tls: { key: rsa.key, certificate: rsa.crt }";
    const other = await startTestBroker(owner, {
      secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:0", ${identityYaml} }`,
    });
    const [host, port] = (other.provisioningAddress ?? "").split(":");
    const ca = encodePem("CERTIFICATE", certificate);
    const socket = tls.connect({ host, port: Number(port), ca, ...(await enclave()) });
    await once(socket, "secureConnect");
    assert.deepEqual(await answerTo(socket, REQUEST), Buffer.concat([RESPONSE, owner.wrapKey]));
  });

  it("refuses a client without a certificate, before it says anything", async () => {
    const earlier = broker.early().length;
    // The broker may be gone before the client has seen the end of the handshake.
    const answer = await connect({}).then(answerTo, () => Buffer.alloc(0));
    assert.deepEqual(answer, Buffer.alloc(0));
    await waitFor(() => broker.early().slice(earlier).includes("no-client-certificate"));
  });

  it("refuses a certificate without evidence", async () => {
    const identity = await selfSigned(await generateEcKey("P-384"));
    await unread(await connect(identity), [REQUEST], "no-evidence");
  });

  it("refuses a certificate whose evidence speaks for another key", async () => {
    const boundKey = await generateEcKey("P-384");
    const identity = await legacyIdentity(owner.vendor, await generateEcKey("P-384"), { boundKey });
    await refused(await connect(identity), [REQUEST], "report-data-mismatch", "compare-report-data");
  });

  it("refuses a certificate with tagged evidence that was taken from another one", async () => {
    const { cert } = await enclave();
    const value = parseCertificateChainPem(cert)[0]?.extensions.get("2.23.133.5.4.9")?.value;
    assert.ok(value);
    const identity = await selfSigned(await generateEcKey("P-384"), [{ oid: "2.23.133.5.4.9", value }]);
    await unread(await connect(identity), [REQUEST], "key-not-bound");
  });

  it("refuses other measurements and debug enclaves", async () => {
    await refused(await connect(await enclave({ mrEnclave: "33".repeat(32) })), [REQUEST], "policy-not-met", "decide");
    const debug = await enclave({ attributes: { flags: 0x07n } });
    await refused(await connect(debug), [REQUEST], "policy-not-met", "decide");
    assert.ok(broker.lastAttempt().failedClaims.some(({ code }) => code === "debug-enclave"));
  });

  it("refuses any other request", async () => {
    const other = Buffer.from(REQUEST);
    other[33] = 0x32;
    const requests = [other, Buffer.from("GET / HTTP/1.1\r\n"), Buffer.concat([REQUEST, Buffer.of(0)]), Buffer.of(0)];
    for (const request of requests) {
      await unread(await connect(await enclave()), [request], "wrong-request");
    }
  });

  it("refuses a client that stays silent or stops half-way, after a time", async () => {
    await unread(await connect(await enclave()), [], "request-timeout");
    await unread(await connect(await enclave()), [REQUEST.subarray(0, 34)], "request-timeout");
  });

  it("notices a client that leaves", async () => {
    const socket = await connect(await enclave());
    const earlier = broker.early().length;
    socket.end(REQUEST.subarray(0, 10));
    await waitFor(() => broker.early().length > earlier);
    assert.equal(broker.early().at(-1), "closed-early");
  });

  it("ends a conversation that takes too long as a whole", async () => {
    const source = { fetchCollateral: () => new Promise<never>(() => undefined) };
    const slow = await startTestBroker(owner, {}, { collateral: source, limits: { provisioningTimeoutMs: 200 } });
    const [host, port] = (slow.provisioningAddress ?? "").split(":");
    const socket = tls.connect({ host, port: Number(port), ca: owner.caPem, ...(await enclave()) });
    socket.on("error", () => undefined);
    await once(socket, "secureConnect");
    assert.deepEqual(await answerTo(socket, REQUEST), Buffer.alloc(0));
  });

  it("is offered under TLS 1.2 only, without resumption", async () => {
    await assert.rejects(connect(await enclave(), { minVersion: "TLSv1.3" }), /alert protocol version/);
    const identity = await enclave();
    const first = await connect(identity);
    const session = first.getSession();
    await answerTo(first, REQUEST);
    const second = await connect(identity, session === undefined ? {} : { session });
    assert.equal(second.isSessionReused(), false);
  });

  it("does not renegotiate", async () => {
    const socket = await connect(await enclave());
    const renegotiated = new Promise<boolean>((resolve) => {
      socket.renegotiate({ rejectUnauthorized: true }, (error) => resolve(error === null));
      socket.once("close", () => resolve(false));
    });
    assert.equal(await renegotiated, false);
  });

  it("leaves no key in any record", async () => {
    const log = (await broker.auditLines()).join("\n") + JSON.stringify(broker.records);
    for (const key of [owner.wrapKey, owner.otherWrapKey].map((bytes) => Buffer.from(bytes))) {
      assert.ok(!log.includes(key.toString("hex")));
      assert.ok(!log.includes(key.toString("base64").replace(/=+$/, "")));
    }
    assert.ok(broker.attempts().every(({ simulated }) => simulated));
  });
});
