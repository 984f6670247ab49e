// Every SEV-SNP entry of the public attestation vectors, by the scoring rules of their description: real reports of Milan
// and Genoa, certificates of all three products, AMD's revocation lists, and synthetic evidence under throw-away roots.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AttestationError,
  appraise,
  defaultPolicy,
  parseSnpReport,
  parseVekExtension,
  type SnpCollateral,
  type TrustedRoot,
  trustedRootFromPem,
  type VerifiedSnpEvidence,
  vendorRoot,
  verifyEvidence,
  verifySnpCollateral,
} from "@sealserve/attestation";
import {
  decodeHex,
  derSmallInteger,
  encodeHex,
  parseCertificate,
  parseCertificateChainPem,
  parseCertificateRevocationList,
  parseDer,
  sha256,
} from "@sealserve/core";
import { readVector, readVectorManifest, readVectorText, skipWithoutVectors } from "../support/vectors.ts";

interface Fields {
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: string;
  readonly policyFields: Readonly<Record<string, number | boolean>>;
  readonly vmpl: number;
  readonly platformInfo: string;
  readonly signingKey: string;
  readonly maskChipKey: boolean;
  readonly authorKeyEn: boolean;
  readonly currentBuild: string;
  readonly committedBuild: string;
  readonly cpuid?: Readonly<Record<"family" | "model" | "stepping", string>>;
  readonly product?: string;
  readonly launchMitVector?: string;
  readonly currentMitVector?: string;
}

type FileName = "report" | "vek" | "ask" | "ark" | "crl" | "trustedRoot";

interface Vector {
  readonly id: string;
  readonly family: string;
  readonly mode: "full" | "chain-only" | "parse";
  readonly files: Readonly<Partial<Record<FileName, string>> & Record<string, string>>;
  readonly atTime: string;
  readonly expect: {
    readonly verdict: "verified" | "rejected";
    readonly reason?: string;
    readonly defaultPolicyAccepts?: boolean;
    readonly fields?: Fields & Readonly<Record<string, unknown>>;
    readonly vekExtensions?: Readonly<Record<string, string>>;
    readonly revokedSerials?: readonly string[];
    readonly spkiSha256?: Readonly<Record<string, string>>;
  };
}

/** The codes that fit the words in which an entry says why it must be refused: a refusal for another reason is luck. */
const CODES_BY_REASON: Readonly<Record<string, RegExp>> = {
  "report-malformed": /^snp-report-(malformed|version-unsupported|signature-algorithm-unsupported)$/,
  "report-signature": /^snp-report-signature-invalid$/,
  "certificate-expired": /^snp-chain-expired$/,
  chain: /^snp-chain-invalid$/,
  "root-untrusted": /^root-untrusted$/,
  "signing-key-mismatch": /^snp-signing-key-mismatch$/,
  "chip-id-mismatch": /^snp-chip-id-mismatch$/,
  "tcb-mismatch": /^snp-tcb-mismatch$/,
};

/** Byte strings of the report that an entry states in hex, by the names of both. */
const BYTES = [
  "familyId",
  "imageId",
  "currentTcb",
  "reportData",
  "measurement",
  "hostData",
  "idKeyDigest",
  "authorKeyDigest",
  "reportId",
  "reportIdMa",
  "reportedTcb",
  "chipId",
  "committedTcb",
  "launchTcb",
] as const;

const FAMILIES = ["snp-report-v1", "snp-report-v2", "snp-report-v3", "snp-report-v5", "snp-certs", "snp-crl"] as const;

function read(vector: Vector, name: FileName): Promise<Uint8Array> {
  const path = vector.files[name];
  assert.ok(path !== undefined, `the entry names a file ${name}`);
  return readVector(path);
}

async function rootOf({ files }: Vector): Promise<TrustedRoot> {
  return files.trustedRoot === undefined ? vendorRoot : trustedRootFromPem(await readVectorText(files.trustedRoot));
}

async function collateralOf(vector: Vector): Promise<SnpCollateral> {
  return { vek: await read(vector, "vek"), ask: await read(vector, "ask"), ark: await read(vector, "ark") };
}

async function verifyOrRefuse(vector: Vector): Promise<VerifiedSnpEvidence | AttestationError> {
  try {
    const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
    return await verifyEvidence(await read(vector, "report"), await collateralOf(vector), options);
  } catch (error) {
    assert.ok(error instanceof AttestationError, `not a refusal: ${String(error)}`);
    return error;
  }
}

function expectParsedFields(bytes: Uint8Array, expected: Fields & Readonly<Record<string, unknown>>): void {
  const { report } = parseSnpReport(bytes);
  for (const name of BYTES) {
    assert.equal(encodeHex(report[name]), expected[name], name);
  }
  const firmware = ({ major, minor, build }: typeof report.currentFirmware): string => `${major}.${minor}.${build}`;
  assert.equal(report.version, expected.version);
  assert.equal(report.guestSvn, expected.guestSvn);
  assert.equal(report.vmpl, expected.vmpl);
  assert.equal(report.signingKey.toUpperCase(), expected.signingKey);
  assert.equal(report.maskChipKey, expected.maskChipKey);
  assert.equal(report.authorKeyEnabled, expected.authorKeyEn);
  assert.equal(report.policy.flags, BigInt(expected.policy));
  assert.equal(report.platformInfo.flags, BigInt(expected.platformInfo));
  assert.equal(firmware(report.currentFirmware), expected.currentBuild);
  assert.equal(firmware(report.committedFirmware), expected.committedBuild);
  assert.equal(littleEndian(report.launchMitigations), expected.launchMitVector);
  assert.equal(littleEndian(report.currentMitigations), expected.currentMitVector);
  assert.deepEqual(report.cpuId, expected.cpuid && numbersOf(expected.cpuid));
  if (expected.product !== undefined && report.product !== undefined) {
    assert.equal(report.product, expected.product);
  }
  expectPolicyFields(report.policy, expected.policyFields);
}

function expectPolicyFields(
  policy: ReturnType<typeof parseSnpReport>["report"]["policy"],
  expected: Fields["policyFields"],
): void {
  assert.deepEqual(
    {
      abiMinor: policy.minimumAbi.minor,
      abiMajor: policy.minimumAbi.major,
      smt: policy.smtAllowed,
      migrateMa: policy.migrationAgentAllowed,
      debug: policy.debug,
      singleSocket: policy.singleSocket,
      cxlAllow: policy.cxlAllowed,
      memAes256Xts: policy.aes256XtsRequired,
      raplDis: policy.raplDisabled,
      ciphertextHidingDram: policy.ciphertextHiding,
    },
    expected,
  );
}

function numbersOf(hex: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(Object.entries(hex).map(([name, value]) => [name, Number(value)]));
}

function littleEndian(value: bigint | undefined): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return encodeHex(bytes);
}

/** The entries state the values in DER; the hardware id has none around it. */
function expectVekExtensions(vek: Uint8Array, expected: Readonly<Record<string, string>>): void {
  const extension = parseVekExtension(parseCertificate(vek));
  const { bootLoader, tee, snp, microcode, fmc } = extension.levels;
  const numbers = {
    "1": extension.structureVersion,
    "3.1": bootLoader,
    "3.2": tee,
    "3.3": snp,
    "3.8": microcode,
    "3.9": fmc,
  };
  for (const [suffix, actual] of Object.entries(numbers)) {
    const der = expected[suffix];
    assert.equal(actual, der === undefined ? undefined : derSmallInteger(parseDer(decodeHex(der))), suffix);
  }
  assert.equal(extension.productName, textIn(expected["2"]));
  assert.equal(extension.providerId, textIn(expected["5"]));
  assert.equal(extension.hardwareId, expected["4"]);
}

function textIn(der: string | undefined): string | undefined {
  return der === undefined ? undefined : new TextDecoder().decode(parseDer(decodeHex(der)).content);
}

function defaultPolicyAccepts(evidence: VerifiedSnpEvidence): boolean {
  return appraise(evidence, defaultPolicy, { reportData: "unchecked" }).accepted;
}

const vectors = await readVectorManifest<Vector>(...FAMILIES);

describe("SEV-SNP evidence, real and synthetic", { skip: skipWithoutVectors }, () => {
  const reports = vectors.filter(({ mode }) => mode === "full");

  it("is all there", () => {
    assert.ok(vectors.length >= 38, `${vectors.length} entries`);
    assert.deepEqual(new Set(vectors.map(({ mode }) => mode)), new Set(["full", "chain-only", "parse"]));
  });

  for (const vector of reports) {
    const { id, files, expect } = vector;
    it(`${id}: ${expect.verdict} ${expect.reason ?? ""}`, async () => {
      const evidence = await verifyOrRefuse(vector);
      if (evidence instanceof AttestationError) {
        assert.equal(expect.verdict, "rejected", `refused with ${evidence.code}: ${evidence.message}`);
        assert.match(evidence.code, CODES_BY_REASON[expect.reason ?? ""] ?? /^never/);
        assert.equal(expect.defaultPolicyAccepts, false);
        return;
      }
      assert.equal(expect.verdict, "verified", "must be refused");
      assert.equal(evidence.simulated, files.trustedRoot !== undefined);
      assert.equal(evidence.revocation, "unchecked");
      assert.equal(defaultPolicyAccepts(evidence), expect.defaultPolicyAccepts);
    });
  }

  for (const vector of reports) {
    const { id, expect } = vector;
    const { fields, vekExtensions } = expect;
    if (fields !== undefined && expect.reason !== "report-malformed") {
      it(`${id}: parsed fields`, async () => expectParsedFields(await read(vector, "report"), fields));
    }
    if (vekExtensions !== undefined) {
      it(`${id}: certificate extensions`, async () => expectVekExtensions(await read(vector, "vek"), vekExtensions));
    }
  }

  it("verifies again with collateral that was verified once", async () => {
    for (const vector of reports.filter(({ expect }) => expect.verdict === "verified")) {
      const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
      const verified = await verifySnpCollateral(await collateralOf(vector), options);
      const first = await verifyEvidence(await read(vector, "report"), verified, options);
      assert.deepEqual(await verifyEvidence(await read(vector, "report"), verified, options), first, vector.id);
    }
  });
});

describe("AMD's certificates and lists", { skip: skipWithoutVectors }, () => {
  for (const vector of vectors.filter(({ mode }) => mode === "chain-only")) {
    it(`${vector.id}: ${vector.expect.verdict}`, async () => {
      const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
      const collateral = await collateralOf(vector);
      const verified = await verifySnpCollateral(collateral, options);
      assert.equal(verified.product, "Turin");
      const vek = await read(vector, "vek");
      assert.equal(verified.earliestExpiry.getTime(), parseCertificate(vek).notAfter.getTime());
      vek[vek.length - 1] = (vek.at(-1) ?? 0) ^ 1;
      await assert.rejects(verifySnpCollateral({ ...collateral, vek }, options), { code: "snp-chain-invalid" });
      expectVekExtensions(await read(vector, "vek"), vector.expect.vekExtensions ?? {});
    });
  }

  for (const vector of vectors.filter(({ expect }) => expect.spkiSha256 !== undefined)) {
    it(`${vector.id}: the roots pinned here, and every CA under them`, async () => {
      const names = Object.keys(vector.files).filter((name) => name.startsWith("sev-"));
      assert.equal(names.length, 6);
      for (const name of names) {
        const product = name.split("-").at(-1) ?? "";
        const ark = await readVectorText(vector.files[`ark-${product}`] ?? "");
        const ask = await readVectorText(vector.files[name] ?? "");
        const verified = await verifySnpCollateral(
          { ask, ark },
          { now: new Date("2025-06-01T00:00:00Z"), root: vendorRoot },
        );
        assert.equal(verified.product.toLowerCase(), product);
        assert.equal(verified.signingKey, name.includes("vlek") ? "vlek" : "vcek");
        assert.equal(verified.simulated, false);
        const [root] = parseCertificateChainPem(ark);
        assert.ok(root !== undefined);
        const key = encodeHex(await sha256(root.publicKeyInfo));
        assert.equal(key, vector.expect.spkiSha256?.[`ARK-${verified.product}`]);
        assert.equal(key, vendorRoot.amd[verified.product]);
      }
    });
  }

  for (const vector of vectors.filter(({ family }) => family === "snp-crl")) {
    it(`${vector.id}: the list of the root, which does not name the CAs in use`, async () => {
      const ark = await readVectorText(vector.files.ark ?? "");
      const product = vector.files.ark?.includes("genoa") === true ? "genoa" : "milan";
      const crl = await read(vector, "crl");
      for (const kind of ["sev", "sev-vlek"]) {
        const ask = await readVectorText(`snp/certs/${kind}-${product}.pem`);
        const options = { now: new Date(vector.atTime), root: vendorRoot };
        assert.equal((await verifySnpCollateral({ ask, ark, crl }, options)).revocation, "checked");
      }
      assert.deepEqual(
        [...parseCertificateRevocationList(crl).revoked].map((serialNumber) => BigInt(`0x${serialNumber}`)),
        vector.expect.revokedSerials?.map(BigInt),
      );
    });
  }
});
