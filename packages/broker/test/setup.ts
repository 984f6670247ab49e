import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeCollateralFile } from "@sealserve/attestation";
import { createCertificate, encodePem, generateEcKey, parseCertificate, type SigningKey } from "@sealserve/core";
import { generateOwnerKey, type OwnerKey, sealPackage } from "@sealserve/encrypted-files";
import type { Platform } from "@sealserve/platform";
import { createVendor, type Vendor } from "@sealserve/simulator";
import { parseBrokerConfig } from "../src/config/broker-config.ts";
import type { AttemptRecord, LogRecord } from "../src/log/log-record.ts";
import { type BrokerOptions, type RunningBroker, startBroker } from "../src/start-broker.ts";

export const MR_ENCLAVE = "11".repeat(32);
export const OTHER_MR_ENCLAVE = "22".repeat(32);

/** Files of an owner: two sealed models, keys, TLS and collateral of a simulated vendor. */
export interface Owner {
  readonly directory: string;
  readonly vendor: Vendor;
  readonly caPem: string;
  readonly ownerKey: OwnerKey;
  readonly wrapKey: Uint8Array;
  readonly otherWrapKey: Uint8Array;
  readonly manifestDigest: string;
  path(name: string): string;
  /** What {@link Owner.dispose} ends. */
  readonly running: (() => Promise<void>)[];
  /** Closes what was started for the owner and removes the files. */
  dispose(): Promise<void>;
}

export const wrapKeyOf = (seed: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => seed + 7 * index);

export async function createOwner(): Promise<Owner> {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-broker-"));
  const path = (name: string): string => join(directory, name);
  const vendor = await createVendor({ now: new Date(Date.now() - 60_000) });
  const ownerKey = generateOwnerKey();
  const [wrapKey, otherWrapKey] = [wrapKeyOf(0x31), wrapKeyOf(0x62)];
  await writeFile(path("wrap.key"), wrapKey);
  await writeFile(path("other-wrap.key"), otherWrapKey);
  await writeFile(path("owner.pub"), ownerKey.publicKeyPem);
  await writeFile(path("root.pem"), vendor.rootPem);
  await writeFile(path("collateral.json"), encodeCollateralFile(await vendor.collateral()));
  const caPem = await writeTls(directory);
  const manifestDigest = await seal(directory, "alpha", ownerKey, wrapKey);
  await seal(directory, "beta", ownerKey, otherWrapKey);
  const running: (() => Promise<void>)[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(running.map((close) => close()));
    await rm(directory, { recursive: true, force: true });
  };
  return { directory, vendor, caPem, ownerKey, wrapKey, otherWrapKey, manifestDigest, path, running, dispose };
}

async function seal(directory: string, name: string, ownerKey: OwnerKey, wrapKey: Uint8Array): Promise<string> {
  const modelDirectory = join(directory, `plain-${name}`);
  await mkdir(join(modelDirectory, "1"), { recursive: true });
  await writeFile(join(modelDirectory, "1", "model.onnx"), "not a model, but a file");
  const { manifestDigest } = await sealPackage({
    modelDirectory,
    output: join(directory, `sealed-${name}`),
    wrapKey,
    signingKeyPem: ownerKey.privateKeyPem,
    model: { name, version: 3 },
  });
  return manifestDigest;
}

async function writeTls(directory: string): Promise<string> {
  const caKey = await generateEcKey("P-256");
  const ca = await issueCertificate({ name: "Test CA", key: caKey, issuerKey: caKey, ca: true });
  const serverKey = await generateEcKey("P-256");
  const server = await issueCertificate({ name: "localhost", key: serverKey, issuerKey: caKey, issuer: ca });
  await writeFile(join(directory, "server.key"), encodePem("PRIVATE KEY", await serverKey.exportPkcs8()));
  await writeFile(join(directory, "server.crt"), encodePem("CERTIFICATE", server));
  return encodePem("CERTIFICATE", ca);
}

export async function issueCertificate(parts: {
  name: string;
  key: SigningKey;
  issuerKey: SigningKey;
  issuer?: Uint8Array;
  ca?: boolean;
}): Promise<Uint8Array> {
  const subject = [{ type: "CN" as const, value: parts.name }];
  return createCertificate({
    subject,
    issuer: parts.issuer === undefined ? subject : parseCertificate(parts.issuer).subject,
    serialNumber: Math.floor(1 + Math.random() * 1e9),
    notBefore: new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000),
    notAfter: new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000),
    publicKeyInfo: parts.key.publicKeyInfo,
    signer: parts.issuerKey,
    ...(parts.ca === true
      ? { ca: {}, keyUsage: ["keyCertSign"] as const }
      : { dns: ["localhost"], ip: ["127.0.0.1"], extendedKeyUsage: ["serverAuth"] as const }),
    keyIdentifiers: true,
  });
}

/** A broker's configuration, in YAML; every part can be replaced or, with an empty text, left out. */
export function brokerYaml(parts: Partial<typeof DEFAULT_PARTS> = {}): string {
  return Object.values({ ...DEFAULT_PARTS, ...parts })
    .filter((part) => part !== "")
    .join("\n");
}

export const DEFAULT_PARTS = {
  listen: `listen: "127.0.0.1:0"`,
  tls: "tls: { key: server.key, certificate: server.crt }",
  secretProvisioning: `secretProvisioning: { listen: "127.0.0.1:0" }`,
  collateral: "collateral: { file: collateral.json }",
  simulatedRoot: "simulatedRoot: root.pem",
  auditLog: "auditLog: audit.jsonl",
  models: `models:
  - name: alpha
    package: sealed-alpha
    wrapKey: wrap.key
    ownerKey: owner.pub
    minimumVersion: 2
    policy:
      sgx: { mrEnclave: ["${MR_ENCLAVE}"] }
  - name: beta
    package: sealed-beta
    wrapKey: other-wrap.key
    ownerKey: owner.pub
    minimumVersion: 3
    policy:
      sgx: { mrEnclave: ["${OTHER_MR_ENCLAVE}"] }`,
};

export interface TestBroker extends RunningBroker {
  readonly url: string;
  readonly records: LogRecord[];
  /** The records of attempts. */
  attempts(): AttemptRecord[];
  lastAttempt(): AttemptRecord;
  /** Codes of the attempts that were only counted, in their order. */
  early(): string[];
  auditLines(): Promise<string[]>;
}

/** Starts a broker of the owner; it ends with the owner. */
export async function startTestBroker(
  owner: Owner,
  parts: Partial<typeof DEFAULT_PARTS> = {},
  options: Partial<BrokerOptions> = {},
): Promise<TestBroker> {
  const records: LogRecord[] = [];
  const auditLog = `audit-${Math.random().toString(36).slice(2)}.jsonl`;
  const yaml = brokerYaml({ auditLog: `auditLog: ${auditLog}`, ...parts });
  const broker = await startBroker(parseBrokerConfig(yaml, owner.path("broker.yaml")), {
    log: (record) => records.push(record),
    ...options,
    limits: { drainTimeoutMs: 200, earlyFailureNoticeMs: 1, ...options.limits },
  });
  owner.running.push(broker.close);
  const attempts = (): AttemptRecord[] => records.filter((record) => record.kind === "release-attempt");
  return {
    ...broker,
    url: broker.url ?? "",
    records,
    attempts,
    early: () => records.flatMap((record) => (record.kind === "notice" ? countedIn(record.message) : [])),
    lastAttempt: () => {
      const last = attempts().at(-1);
      if (last === undefined) {
        throw new Error("the broker recorded no attempt");
      }
      return last;
    },
    auditLines: async () => (await readFile(owner.path(auditLog), "utf8")).split("\n").filter((line) => line !== ""),
  };
}

function countedIn(notice: string): string[] {
  const counts = /without a record of their own: (.*); addresses/.exec(notice)?.[1]?.split(", ") ?? [];
  return counts.flatMap((entry) => {
    const [code = "", count] = entry.split(" ");
    return Array.from({ length: Number(count) }, () => code);
  });
}

/** The enclave that the policies of the test configuration accept, with changes. */
export function platformOf(
  vendor: Vendor,
  fields: Partial<Parameters<Vendor["quote"]>[0]> = {},
  change: (reportData: Uint8Array) => Uint8Array = (reportData) => reportData,
): Platform {
  return {
    tee: "sgx",
    name: "vendor in the test's own process",
    simulated: true,
    quote: (reportData) => vendor.quote({ mrEnclave: MR_ENCLAVE, ...fields, reportData: change(reportData) }),
    close: async () => undefined,
  };
}

export async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error("condition did not come true");
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
