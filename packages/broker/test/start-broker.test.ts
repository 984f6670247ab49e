import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { encodeCollateralFile } from "@sealserve/attestation";
import { encodePem, generateEcKey, generateEd25519Key } from "@sealserve/core";
import { generateOwnerKey } from "@sealserve/encrypted-files";
import { createVendor } from "@sealserve/simulator";
import { parseBrokerConfig } from "../src/config/broker-config.ts";
import { BrokerError, type BrokerErrorCode } from "../src/errors.ts";
import { startBroker } from "../src/start-broker.ts";
import {
  brokerYaml,
  createOwner,
  DEFAULT_PARTS,
  issueCertificate,
  MR_ENCLAVE,
  OTHER_MR_ENCLAVE,
  type Owner,
  startTestBroker,
} from "./setup.ts";

describe("starting a broker", () => {
  let owner: Owner;

  before(async () => {
    owner = await createOwner();
  });

  after(() => owner.dispose());

  /** Refused with one line that names the thing and says what to do; nothing is left listening. */
  async function refuses(parts: Partial<typeof DEFAULT_PARTS>, code: BrokerErrorCode, names: RegExp): Promise<void> {
    const config = parseBrokerConfig(brokerYaml(parts), owner.path("broker.yaml"));
    await assert.rejects(startBroker(config, { log: () => undefined }), (error) => {
      assert.ok(error instanceof BrokerError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, names);
      assert.doesNotMatch(error.message, /\n/);
      assert.ok(error.remedy);
      return true;
    });
  }

  function models(from: string, to: string): Partial<typeof DEFAULT_PARTS> {
    return { models: DEFAULT_PARTS.models.replace(from, to) };
  }

  it("succeeds with everything in place, and says that it rests on a simulation", async () => {
    const broker = await startTestBroker(owner);
    assert.match(broker.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(broker.provisioningAddress ?? "", /^127\.0\.0\.1:\d+$/);
    const [notice] = broker.records;
    assert.ok(notice?.kind === "notice" && notice.simulated);
    assert.match(notice.message, /simulated.*NOT SECURE/);
  });

  it("keeps in a file how far collateral has come, and does not start with one that it cannot read", async () => {
    const memory = { collateral: `${DEFAULT_PARTS.collateral}\ncollateralMemory: memory.json` };
    const broker = await startTestBroker(owner, memory);
    await broker.close();
    for (const text of ["", "{}", '{"format":1,"marks":[]}']) {
      await writeFile(owner.path("memory.json"), text);
      await refuses(memory, "collateral-memory-invalid", /memory\.json/);
    }
  });

  it("says which models one enclave could get the keys of by Gramine's protocol", async () => {
    const shared = { models: DEFAULT_PARTS.models.replace(OTHER_MR_ENCLAVE, MR_ENCLAVE) };
    const sharing = async (parts: Partial<typeof DEFAULT_PARTS>): Promise<number> => {
      const { records } = await startTestBroker(owner, parts);
      return records.filter((record) => record.kind === "notice" && /alpha and beta have policies/.test(record.message))
        .length;
    };
    assert.equal(await sharing(shared), 1);
    assert.equal(await sharing({}), 0);
    assert.equal(await sharing({ ...shared, secretProvisioning: "" }), 0);
  });

  it("says which policy accepts guests that get no key yet", async () => {
    const snp = `snp: { images: [{ measurement: "${"a1".repeat(48)}", hostData: "${"b2".repeat(32)}" }] }`;
    const { records } = await startTestBroker(owner, models("policy:", `policy:\n      ${snp}`));
    const messages = records.flatMap((record) => (record.kind === "notice" ? [record.message] : []));
    assert.deepEqual(
      messages.filter((message) => message.includes("SEV-SNP")).map((message) => message.replace(/:.*/, "")),
      ["the policy of model alpha accepts SEV-SNP guests, which get no key yet"],
    );
  });

  it("says which policy accepts debug enclaves", async () => {
    const broker = await startTestBroker(owner, models("policy:", "policy:\n      debug: allow-insecure"));
    const messages = broker.records.map((record) => record.kind === "notice" && record.message);
    assert.equal(
      messages.filter((message) => /model alpha accepts debug enclaves, NOT SECURE/.test(`${message}`)).length,
      1,
    );
  });

  it("opens no provisioning port unless asked to", async () => {
    const broker = await startTestBroker(owner, { secretProvisioning: "" });
    assert.equal(broker.provisioningAddress, undefined);
  });

  it("is refused without the wrap key, or with one of another length", async () => {
    await refuses(models("wrapKey: wrap.key", "wrapKey: none.key"), "wrap-key-invalid", /alpha.*none\.key/);
    await writeFile(owner.path("hex.key"), "00".repeat(16));
    await refuses(models("wrapKey: wrap.key", "wrapKey: hex.key"), "wrap-key-invalid", /Wrap key size 32 != 16/);
    await writeFile(owner.path("empty.key"), "");
    await refuses(models("wrapKey: wrap.key", "wrapKey: empty.key"), "wrap-key-invalid", /Wrap key size 0 != 16/);
  });

  it("is refused without TLS files, or when key and certificate do not belong together", async () => {
    const missing = "tls: { key: none.key, certificate: server.crt }";
    await refuses({ tls: missing }, "file-unreadable", /none\.key \(ENOENT\)/);
    await writeFile(
      owner.path("another.key"),
      encodePem("PRIVATE KEY", await (await generateEcKey("P-256")).exportPkcs8()),
    );
    const mismatch = "tls: { key: another.key, certificate: server.crt }";
    await refuses({ tls: mismatch }, "tls-invalid", /another\.key.*server\.crt/);
    await refuses({ tls: "tls: { key: server.crt, certificate: server.crt }" }, "tls-invalid", /server\.crt/);
  });

  it("is refused with a kind of key on the provisioning port that stock enclaves cannot use", async () => {
    const key = await generateEd25519Key();
    const certificate = await issueCertificate({ name: "localhost", key, issuerKey: key });
    await writeFile(owner.path("ed.key"), encodePem("PRIVATE KEY", await key.exportPkcs8()));
    await writeFile(owner.path("ed.crt"), encodePem("CERTIFICATE", certificate));
    const tls = "tls: { key: ed.key, certificate: ed.crt }";
    await refuses({ secretProvisioning: `secretProvisioning: { listen: 0, ${tls} }` }, "tls-invalid", /Gramine/);
  });

  it("is refused without the owner's key, or with something else in its place", async () => {
    await refuses(models("ownerKey: owner.pub", "ownerKey: none.pub"), "file-unreadable", /none\.pub/);
    await refuses(models("ownerKey: owner.pub", "ownerKey: root.pem"), "owner-key-invalid", /alpha/);
  });

  it("is refused with a package that is missing, another owner's, another model's or too old", async () => {
    await refuses(models("package: sealed-alpha", "package: nowhere"), "package-invalid", /nowhere/);
    await writeFile(owner.path("stranger.pub"), generateOwnerKey().publicKeyPem);
    await refuses(
      models("ownerKey: owner.pub", "ownerKey: stranger.pub"),
      "package-invalid",
      /not signed by this owner/,
    );
    await refuses(models("package: sealed-alpha", "package: sealed-beta"), "package-invalid", /another model/);
    await refuses(models("minimumVersion: 2", "minimumVersion: 4"), "package-invalid", /older/);
    await mkdir(owner.path("huge"));
    await writeFile(owner.path("huge/manifest.json"), Buffer.alloc(16 * 1024 * 1024 + 1));
    await refuses(models("package: sealed-alpha", "package: huge"), "package-invalid", /too large/);
  });

  it("is refused with collateral that is missing, damaged, expired or of another root", async () => {
    await refuses({ collateral: "collateral: { file: none.json }" }, "file-unreadable", /collateral.*none\.json/);
    await writeFile(owner.path("damaged.json"), "{}");
    await refuses({ collateral: "collateral: { file: damaged.json }" }, "collateral-invalid", /damaged\.json/);
    const past = await owner.vendor.collateral({ now: new Date("2020-01-01T00:00:00Z") });
    await writeFile(owner.path("expired.json"), encodeCollateralFile(past));
    await refuses({ collateral: "collateral: { file: expired.json }" }, "collateral-invalid", /expired/);
    const stranger = await createVendor({ now: new Date(Date.now() - 60_000) });
    await writeFile(owner.path("stranger.json"), encodeCollateralFile(await stranger.collateral()));
    await refuses({ collateral: "collateral: { file: stranger.json }" }, "collateral-invalid", /stranger\.json/);
    await refuses({ simulatedRoot: "" }, "collateral-invalid", /collateral\.json/);
    await refuses({ collateral: `collateral: { pccs: "http://a:1/other/path" }` }, "collateral-invalid", /PCCS/);
  });

  it("is refused with a simulated root that is missing or no certificate", async () => {
    await refuses({ simulatedRoot: "simulatedRoot: none.pem" }, "file-unreadable", /none\.pem/);
    await refuses({ simulatedRoot: "simulatedRoot: owner.pub" }, "root-invalid", /owner\.pub/);
  });

  it("is refused when the audit log cannot be written", async () => {
    await refuses({ auditLog: "auditLog: nowhere/audit.jsonl" }, "audit-log-unwritable", /nowhere.*ENOENT/);
  });

  it("is refused when a port is taken, and then leaves the other port free", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    await refuses(
      { listen: `listen: "127.0.0.1:${port}"` },
      "port-unavailable",
      new RegExp(`${port} \\(EADDRINUSE\\)`),
    );
    const free = await freePort();
    const parts = {
      listen: `listen: "127.0.0.1:${free}"`,
      secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:${port}" }`,
    };
    await refuses(parts, "port-unavailable", new RegExp(`${port} `));
    await startTestBroker(owner, { listen: `listen: "127.0.0.1:${free}"` });
    taken.close();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
