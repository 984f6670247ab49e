import assert from "node:assert/strict";
import { open, stat, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { encodeCollateralFile } from "@sealserve/attestation";
import { openSimulatedPlatform } from "@sealserve/platform";
import { type EvidenceStatement, reportDataFor } from "@sealserve/ra-tls";
import { createSnpVendor, createVendor, loadOrCreateVendor, startSimulatedPlatform } from "@sealserve/simulator";
import type { BrokerAnswer } from "../src/client/broker-connection.ts";
import { requestRelease } from "../src/client/request-release.ts";
import type { LogRecord } from "../src/log/log-record.ts";
import { generateRecipientKey } from "../src/release/sealed-key.ts";
import { defaultLimits } from "../src/server/limits.ts";
import { NodeSession, reportDataWith } from "./node-session.ts";
import {
  createOwner,
  DEFAULT_PARTS,
  MR_ENCLAVE,
  OTHER_MR_ENCLAVE,
  type Owner,
  platformOf,
  startTestBroker,
  type TestBroker,
  waitFor,
} from "./setup.ts";

const LABEL = "sealserve evidence statement v1";

describe("release of a key by Sealserve's own protocol", () => {
  let owner: Owner;
  let broker: TestBroker;
  let time = Date.now();

  before(async () => {
    owner = await createOwner();
    broker = await startTestBroker(owner, {}, { now: () => new Date(time) });
  });

  after(() => owner.dispose());

  /** The outside learns a class and an id; the owner's log has the reason under that id. */
  function refused(answer: BrokerAnswer, code: string, claims: readonly string[] = []): void {
    const record = broker.lastAttempt();
    assert.equal(answer.status, 403);
    assert.equal(answer.text, JSON.stringify({ error: { code: "refused", id: record.id } }));
    assert.equal(record.outcome, "refused");
    assert.equal(record.code, code);
    assert.deepEqual(
      record.failedClaims.map((claim) => claim.code),
      claims,
    );
  }

  function mismatched(answer: BrokerAnswer): void {
    refused(answer, "report-data-mismatch");
    assert.equal(broker.lastAttempt().step, "compare-report-data");
  }

  /** Without readable evidence there is no record, and so no id. */
  async function unread(release: Promise<BrokerAnswer>, code: string): Promise<void> {
    const [counted, recorded] = [broker.early().length, broker.attempts().length];
    const answer = await release;
    assert.equal(answer.status, 403);
    assert.equal(answer.text, JSON.stringify({ error: { code: "refused", id: "" } }));
    await waitFor(() => broker.early().slice(counted).includes(code));
    assert.equal(broker.attempts().length, recorded);
  }

  async function challenged(): Promise<NodeSession> {
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    return session;
  }

  it("judges a quote without its PCK chain by the chain from the collateral, and only by that", async () => {
    const certificationData = { type: 3, data: new Uint8Array(404) };
    const platform = platformOf(owner.vendor, { certificationData });
    const chained = { ...(await owner.vendor.collateral()), pckCertificateChain: owner.vendor.pckChainPem };
    await writeFile(owner.path("chained.json"), encodeCollateralFile(chained));
    const supplied = await startTestBroker(owner, { collateral: "collateral: { file: chained.json }" });
    const request = { caPem: owner.caPem, model: "alpha", platform };
    assert.deepEqual((await requestRelease({ ...request, url: supplied.url })).wrapKey, owner.wrapKey);
    await assert.rejects(requestRelease({ ...request, url: broker.url }), { code: "collateral-unavailable" });
    const stranger = platformOf(await createVendor({ now: new Date() }), { certificationData });
    await assert.rejects(requestRelease({ ...request, url: supplied.url, platform: stranger }));
    const { outcome, step, code } = supplied.lastAttempt();
    assert.deepEqual([outcome, step, code], ["refused", "verify-evidence", "qe-report-signature-invalid"]);
  });

  it("has no collateral for SEV-SNP yet, so it refuses such a report before it looks at any signature", async () => {
    const snp = await createSnpVendor({ now: new Date(), product: "Milan" });
    const quote = (reportData: Uint8Array) => snp.report({ measurement: "aa".repeat(48), reportData });
    const platform = { ...platformOf(owner.vendor), quote };
    const request = { url: broker.url, caPem: owner.caPem, model: "alpha", platform };
    await assert.rejects(requestRelease(request), { code: "release-refused" });
    const { outcome, step, code, tee, genuine, software, tcbStatus } = broker.lastAttempt();
    assert.deepEqual([outcome, step, code], ["refused", "parse-evidence", "unsupported-evidence"]);
    assert.deepEqual([tee, genuine, tcbStatus], ["snp", false, null]);
    assert.ok(JSON.stringify(software).includes("aa".repeat(48)));
  });

  it("gives an accepted enclave the key, the digest, the owner's key and the minimum version", async () => {
    const platform = platformOf(owner.vendor);
    const released = await requestRelease({ url: broker.url, caPem: owner.caPem, model: "alpha", platform });
    assert.deepEqual(released, {
      wrapKey: owner.wrapKey,
      manifestDigest: owner.manifestDigest,
      ownerPublicKeyPem: owner.ownerKey.publicKeyPem,
      minimumVersion: 2,
      leaseSeconds: undefined,
    });
    const record = broker.lastAttempt();
    const { id, time: at, peer, ...facts } = record;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(at, new Date(time).toISOString());
    assert.match(peer, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual(facts, {
      kind: "release-attempt",
      protocol: "sealserve",
      model: "alpha",
      asked: "key",
      outcome: "released",
      step: "send",
      code: null,
      message: null,
      genuine: true,
      tee: "sgx",
      software: { mrEnclave: MR_ENCLAVE, mrSigner: "00".repeat(32) },
      tcbStatus: "UpToDate",
      failedClaims: [],
      simulated: true,
    });
    assert.equal((await broker.auditLines()).at(-1), JSON.stringify(record));
  });

  it("gives each enclave the key of its own model", async () => {
    const platform = platformOf(owner.vendor, { mrEnclave: OTHER_MR_ENCLAVE });
    const released = await requestRelease({ url: broker.url, caPem: owner.caPem, model: "beta", platform });
    assert.deepEqual(released.wrapKey, owner.otherWrapKey);
  });

  it("works with a simulated platform over its socket and its collateral service", async () => {
    const stateDirectory = owner.path("vendor");
    await loadOrCreateVendor(stateDirectory);
    const running = await startSimulatedPlatform({
      stateDirectory,
      socketPath: owner.path("platform.sock"),
      programDirectory: import.meta.dirname,
      pccs: { host: "127.0.0.1", port: 0 },
    });
    owner.running.push(() => running.close());
    const own = await startTestBroker(owner, {
      simulatedRoot: `simulatedRoot: ${running.rootFile}`,
      collateral: `collateral: { pccs: "${running.pccsUrl}" }`,
      models: DEFAULT_PARTS.models.replace(MR_ENCLAVE, running.measurement.mrEnclave),
    });
    const platform = await openSimulatedPlatform(running.socketPath);
    const released = await requestRelease({ url: own.url, caPem: owner.caPem, model: "alpha", platform });
    await platform.close();
    assert.deepEqual(released.wrapKey, owner.wrapKey);
  });

  it("is refused to another measurement", async () => {
    const session = await challenged();
    const answer = await session.release({ report: { mrEnclave: "33".repeat(32) } });
    refused(answer, "policy-not-met", ["mrenclave-not-accepted"]);
    const record = broker.lastAttempt();
    assert.equal(record.software?.["mrEnclave"], "33".repeat(32));
    assert.ok(record.genuine);
    assert.deepEqual(record.failedClaims[0], {
      model: "alpha",
      claim: "mrenclave",
      code: "mrenclave-not-accepted",
      expected: MR_ENCLAVE,
      actual: "33".repeat(32),
    });
  });

  it("is refused to the enclave of another model", async () => {
    const session = await challenged();
    refused(await session.release({ report: { mrEnclave: OTHER_MR_ENCLAVE } }), "policy-not-met", [
      "mrenclave-not-accepted",
    ]);
  });

  it("is refused to a debug enclave", async () => {
    const session = await challenged();
    const answer = await session.release({ report: { attributes: { flags: 0x07n } } });
    refused(answer, "policy-not-met", ["debug-enclave"]);
  });

  it("is refused without a challenge", async () => {
    const session = await NodeSession.open(owner, broker);
    await unread(session.release(), "no-challenge");
  });

  it("is refused for a nonce that was used", async () => {
    const session = await challenged();
    assert.equal((await session.release()).status, 200);
    await unread(session.release(), "no-challenge");
  });

  it("uses up the nonce even when it is refused", async () => {
    const session = await challenged();
    await session.release({ report: { mrEnclave: "33".repeat(32) } });
    await unread(session.release(), "no-challenge");
    const other = await challenged();
    assert.equal((await other.connection.post("/v1/release", "{")).status, 400);
    await unread(other.release(), "no-challenge");
  });

  it("is refused for a nonce that a newer one replaced", async () => {
    const session = await challenged();
    const nonce = session.nonce;
    await session.challenge();
    mismatched(await session.release({ statement: { nonce } }));
  });

  it("is refused for a nonce that is too old", async () => {
    const session = await challenged();
    time += 60_001;
    await unread(session.release(), "challenge-expired");
    await session.challenge();
    time += 59_000;
    assert.equal((await session.release()).status, 200);
  });

  it("is refused for the nonce of another connection", async () => {
    const other = await challenged();
    const session = await challenged();
    mismatched(await session.release({ statement: { nonce: other.nonce } }));
  });

  it("is refused for evidence that speaks for another connection, as a relay would bring it", async () => {
    const honest = await challenged();
    const relay = await challenged();
    const { exporter } = await honest.statement();
    mismatched(await relay.release({ statement: { exporter } }));
  });

  it("is refused for evidence that was accepted before", async () => {
    const first = await challenged();
    assert.equal((await first.release()).status, 200);
    const session = await challenged();
    mismatched(await session.release({ evidence: first.evidence }));
  });

  it("is refused for genuine evidence of another request before any collateral is fetched for it", async () => {
    const first = await challenged();
    assert.equal((await first.release()).status, 200);
    let fetches = 0;
    const source = { fetchCollateral: () => Promise.reject(new Error(`fetch ${++fetches}`)) };
    const own = await startTestBroker(owner, {}, { collateral: source });
    const session = await NodeSession.open(owner, own);
    await session.challenge();
    assert.equal((await session.release({ evidence: first.evidence })).status, 403);
    assert.equal(own.lastAttempt().code, "report-data-mismatch");
    assert.equal(fetches, 0);
  });

  it("is refused for evidence made for serving, or under another label", async () => {
    const session = await challenged();
    const serving = reportDataWith(LABEL, "serving", await session.statement());
    mismatched(await session.release({ reportData: serving }));
    await session.challenge();
    const relabelled = reportDataWith("other statement v1", "key-release", await session.statement());
    mismatched(await session.release({ reportData: relabelled }));
    await session.challenge();
    const right = reportDataWith(LABEL, "key-release", await session.statement());
    assert.equal((await session.release({ reportData: right })).status, 200);
  });

  it("is refused when any other field of the statement differs", async () => {
    const { publicKey } = await generateRecipientKey();
    const changes: Partial<EvidenceStatement>[] = [
      { serverCertificateSha256: new Uint8Array(32) },
      { publicKey },
      { model: "beta" },
    ];
    for (const statement of changes) {
      mismatched(await (await challenged()).release({ statement }));
    }
  });

  it("is refused for report data that is a prefix or tail of the right one", async () => {
    const session = await challenged();
    const right = await reportDataFor(await session.statement());
    mismatched(
      await session.release({ reportData: Uint8Array.from([...right.subarray(0, 32), ...new Uint8Array(32)]) }),
    );
    await session.challenge();
    mismatched(await session.release({ reportData: Uint8Array.from([...new Uint8Array(32), ...right.subarray(32)]) }));
  });

  it("is refused when the answer would be sealed to another key than the evidence names", async () => {
    const session = await challenged();
    const { publicKey } = await generateRecipientKey();
    mismatched(await session.release({ sent: { publicKey } }));
  });

  it("is refused when another model is asked for than the evidence names", async () => {
    const session = await challenged();
    mismatched(await session.release({ report: { mrEnclave: OTHER_MR_ENCLAVE }, sent: { model: "beta" } }));
  });

  it("answers for an unknown model as for a forbidden one; only the log tells them apart", async () => {
    const session = await challenged();
    refused(await session.release({ model: "gamma" }), "unknown-model");
    assert.equal(broker.lastAttempt().model, "gamma");
  });

  it("is refused for a quote that was changed after it was signed", async () => {
    const session = await challenged();
    const reportData = await reportDataFor(await session.statement());
    const forged = await owner.vendor.quote({ mrEnclave: "33".repeat(32), reportData });
    forged.set(Buffer.from(MR_ENCLAVE, "hex"), 48 + 64);
    refused(await session.release({ evidence: forged }), "quote-signature-invalid");
    assert.equal(broker.lastAttempt().genuine, false);
    assert.equal(broker.lastAttempt().step, "verify-evidence");
  });

  it("is refused for evidence of another vendor, before any collateral is fetched for it", async () => {
    const stranger = await createVendor({ now: new Date(Date.now() - 60_000) });
    let fetches = 0;
    const source = { fetchCollateral: () => Promise.reject(new Error(`fetch ${++fetches}`)) };
    const cold = await startTestBroker(owner, {}, { collateral: source });
    for (const [own, step] of [
      [cold, "verify-signature"],
      [broker, "verify-evidence"],
    ] as const) {
      const session = await NodeSession.open(owner, own, stranger);
      await session.challenge();
      assert.equal((await session.release()).status, 403);
      assert.deepEqual([own.lastAttempt().code, own.lastAttempt().step], ["root-untrusted", step]);
    }
    assert.equal(fetches, 0);
  });

  it("is refused, not failed, for a PCK chain that nobody can read", async () => {
    const session = await challenged();
    const reportData = await reportDataFor(await session.statement());
    const quote = Buffer.from(await owner.vendor.quote({ mrEnclave: MR_ENCLAVE, reportData }));
    quote.fill("x", quote.indexOf("-----BEGIN CERTIFICATE-----") + 40, quote.indexOf("-----END CERTIFICATE-----"));
    refused(await session.release({ evidence: quote }), "pck-chain-malformed");
    assert.equal(broker.lastAttempt().step, "verify-signature");
  });

  it("is refused for bytes that are no evidence", async () => {
    const cases = [
      [new Uint8Array(0), "quote-malformed"],
      [new Uint8Array(1184), "snp-report-version-unsupported"],
      [new Uint8Array(5000).fill(3), "quote-key-type-unsupported"],
    ] as const;
    for (const [evidence, code] of cases) {
      const session = await challenged();
      await unread(session.release({ evidence }), code);
    }
  });

  it("says in every record that it rests on a simulation", async () => {
    assert.ok(broker.records.length > 20);
    assert.ok(broker.records.every((record) => record.simulated));
    const lines = await broker.auditLines();
    assert.equal(lines.filter((line) => JSON.parse(line).kind === "release-attempt").length, broker.attempts().length);
    assert.ok(lines.every((line) => JSON.parse(line).simulated === true));
  });

  it("leaves no key in any record, in any form", async () => {
    const log = (await broker.auditLines()).join("\n") + JSON.stringify(broker.records);
    assert.ok(broker.attempts().some(({ outcome }) => outcome === "released"));
    for (const key of [owner.wrapKey, owner.otherWrapKey].map((bytes) => Buffer.from(bytes))) {
      for (const form of [
        key.toString("hex"),
        key.toString("hex").toUpperCase(),
        key.toString("base64"),
        key.join(","),
      ]) {
        assert.ok(!log.includes(form.replace(/=+$/, "")));
      }
      assert.equal(Buffer.from(log, "latin1").indexOf(key), -1);
    }
  });
});

describe("broker that trusts Intel's root", () => {
  it("refuses simulated evidence, whatever its collateral says", async () => {
    const owner = await createOwner();
    try {
      const collateral = await owner.vendor.collateral();
      const source = { fetchCollateral: async () => collateral };
      const parts = { simulatedRoot: "", collateral: `collateral: { pccs: "http://127.0.0.1:9" }` };
      const broker = await startTestBroker(owner, parts, { collateral: source });
      const session = await NodeSession.open(owner, broker);
      await session.challenge();
      assert.equal((await session.release()).status, 403);
      assert.equal(broker.lastAttempt().code, "root-untrusted");
      assert.ok(broker.records.every((record) => !record.simulated));
    } finally {
      await owner.dispose();
    }
  });
});

describe("audit log", () => {
  it("stops the release when it cannot be written", async () => {
    const owner = await createOwner();
    try {
      const broker = await startTestBroker(owner, { auditLog: "auditLog: /dev/full" });
      const session = await NodeSession.open(owner, broker);
      await session.challenge();
      const answer = await session.release();
      assert.equal(answer.status, 500);
      assert.match(answer.text, /"internal"/);
      assert.equal(broker.lastAttempt().outcome, "failed");
      assert.ok(broker.attempts().every(({ outcome }) => outcome !== "released"));
    } finally {
      await owner.dispose();
    }
  });

  it("is the broker's output where none is configured: no key leaves that it does not take, until it does again", async () => {
    const owner = await createOwner();
    const full = await open("/dev/full", "w");
    try {
      let room = false;
      const told: string[] = [];
      const log = async (record: LogRecord): Promise<void> => {
        await (room ? undefined : full.write(JSON.stringify(record)));
        told.push(record.kind === "notice" ? "notice" : record.outcome);
      };
      const broker = await startTestBroker(owner, { auditLog: "" }, { log });
      const ask = async (): Promise<number> => {
        const session = await NodeSession.open(owner, broker);
        await session.challenge();
        return (await session.release()).status;
      };
      assert.deepEqual([await ask(), await ask(), told], [500, 500, []]);
      room = true;
      assert.deepEqual([await ask(), told], [200, ["released"]]);
      room = false;
      const recorded = await startTestBroker(owner, {}, { log });
      const session = await NodeSession.open(owner, recorded);
      await session.challenge();
      assert.equal((await session.release()).status, 200, "with an audit log the output is no record");
    } finally {
      await full.close();
      await owner.dispose();
    }
  });

  it("does not grow with attempts that bring no evidence: they are counted, and told in all", async () => {
    const owner = await createOwner();
    try {
      const broker = await startTestBroker(owner, {}, { limits: { earlyFailureNoticeMs: 3_600_000 } });
      for (let index = 0; index < 20; index++) {
        const session = await NodeSession.open(owner, broker);
        assert.equal((await session.release()).status, 403);
        session.connection.close();
      }
      const [first, ...more] = await broker.auditLines();
      assert.match(first ?? "", /"notice".*of their own: no-challenge 1; addresses: 1"/);
      assert.deepEqual(more, []);
      await broker.close();
      const lines = await broker.auditLines();
      assert.equal(lines.length, 2);
      assert.match(lines[1] ?? "", /"notice".*of their own: no-challenge 19; addresses: 1"/);
      assert.deepEqual(broker.attempts(), []);
    } finally {
      await owner.dispose();
    }
  });

  it("does not grow with evidence that anybody can send: a few records, the rest counted", async () => {
    const owner = await createOwner();
    try {
      const broker = await startTestBroker(owner, {}, { limits: { earlyFailureNoticeMs: 3_600_000 } });
      const ask = async (release: Parameters<NodeSession["release"]>[0], vendor = owner.vendor): Promise<string> => {
        const session = await NodeSession.open(owner, broker, vendor);
        await session.challenge();
        const { status, text } = await session.release(release);
        session.connection.close();
        assert.equal(status, 403);
        return JSON.parse(text).error.id;
      };
      const ids: string[] = [];
      for (let index = 0; index < 12; index++) {
        ids.push(await ask({ reportData: new Uint8Array(64) }));
      }
      const stranger = await createVendor({ now: new Date(Date.now() - 60_000) });
      ids.push(await ask({}, stranger));
      assert.deepEqual(
        ids.filter((id) => id !== ""),
        broker.attempts().map(({ id }) => id),
      );
      assert.equal(broker.attempts().length, defaultLimits.maxUnprovenRecords);
      assert.deepEqual(ids.slice(10), ["", "", ""]);
      assert.notEqual(await ask({ report: { mrEnclave: "33".repeat(32) } }), "");
      assert.equal(broker.lastAttempt().code, "policy-not-met");
      await broker.close();
      const lines = await broker.auditLines();
      assert.equal(lines.length, defaultLimits.maxUnprovenRecords + 3);
      assert.match(lines.at(-1) ?? "", /of their own: report-data-mismatch 1, root-untrusted 1; addresses: 1"/);
    } finally {
      await owner.dispose();
    }
  });

  it("records a node that proved itself each time also where the collateral is missing, others seldom", async () => {
    const owner = await createOwner();
    try {
      const source = { fetchCollateral: () => Promise.reject(new Error("down")) };
      const limits = { earlyFailureNoticeMs: 3_600_000, maxUnprovenRecords: 1 };
      const broker = await startTestBroker(owner, {}, { limits, collateral: source });
      const request = { url: broker.url, caPem: owner.caPem, model: "alpha" };
      const chainless = { certificationData: { type: 3, data: new Uint8Array(404) } };
      for (const [fields, recorded] of [
        [{}, 1],
        [{}, 2],
        [chainless, 3],
        [chainless, 3],
        [{}, 4],
      ] as const) {
        const platform = platformOf(owner.vendor, fields);
        await assert.rejects(requestRelease({ ...request, platform }), { code: "collateral-unavailable" });
        assert.equal(broker.attempts().length, recorded);
      }
    } finally {
      await owner.dispose();
    }
  });

  it("records genuine hardware that is revoked each time, also where strangers filled the allowance", async () => {
    const owner = await createOwner();
    try {
      const revoked = [owner.vendor.pck.certificate.serialNumber];
      const source = { fetchCollateral: () => owner.vendor.collateral({ pckCrl: { revoked } }) };
      const limits = { earlyFailureNoticeMs: 3_600_000, maxUnprovenRecords: 1 };
      const broker = await startTestBroker(owner, {}, { limits, collateral: source });
      const foreign = { reportData: new Uint8Array(64) };
      for (const [fields, recorded] of [
        [{}, 1],
        [foreign, 2],
        [foreign, 2],
        [{}, 3],
        [{}, 4],
      ] as const) {
        const session = await NodeSession.open(owner, broker);
        await session.challenge();
        assert.equal((await session.release(fields)).status, 403);
        session.connection.close();
        assert.equal(broker.attempts().length, recorded);
      }
      assert.equal(broker.lastAttempt().code, "pck-revoked");
    } finally {
      await owner.dispose();
    }
  });

  it("is for its owner's eyes only", async () => {
    const owner = await createOwner();
    try {
      await startTestBroker(owner, { auditLog: "auditLog: own.jsonl" });
      assert.equal((await stat(owner.path("own.jsonl"))).mode & 0o777, 0o600);
    } finally {
      await owner.dispose();
    }
  });
});
