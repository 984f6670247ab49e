// Every SGX quote of the public attestation vectors, by the scoring rules of their description: real evidence with the
// collateral of its time, and synthetic evidence under throw-away roots.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AttestationError,
  appraise,
  type Collateral,
  defaultPolicy,
  encodeCollateralFile,
  parseCollateralFile,
  parseSgxQuote,
  type SgxReportBody,
  type TrustedRoot,
  trustedRootFromPem,
  type VerifiedEvidence,
  vendorRoot,
  verifyCollateral,
  verifyEvidence,
  verifySignatureOnly,
} from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import { readVector, readVectorManifest, readVectorText, skipWithoutVectors } from "../support/vectors.ts";

type ReportFields = Readonly<Record<"mrEnclave" | "mrSigner", string> & Record<"isvProdId" | "isvSvn", number>>;

interface Fields extends ReportFields {
  readonly version: number;
  readonly certificationDataType: number;
  readonly cpuSvn: string;
  readonly miscSelect: number;
  readonly attributes: string;
  readonly reportData: string;
  readonly configId: string;
  readonly configSvn: number;
  readonly isvFamilyId: string;
  readonly isvExtProdId: string;
  readonly debug: boolean;
  readonly qe: ReportFields;
  readonly trailingBytes: number;
  readonly qeAuthDataLength: number;
  readonly pck?: Readonly<Record<string, string | number>>;
}

interface Vector {
  readonly id: string;
  readonly family: string;
  readonly mode: "full" | "signature-only";
  readonly files: Readonly<Partial<Record<"quote" | "collateral" | "trustedRoot" | "pckCertificateChain", string>>>;
  readonly atTime: string;
  readonly expect: {
    readonly verdict: "verified" | "signature-valid" | "rejected";
    readonly reason?: string;
    readonly tcbStatus?: string;
    readonly platformTcbStatus?: string;
    readonly qeTcbStatus?: string;
    readonly advisoryIDs?: readonly string[];
    readonly tcbDate?: string;
    readonly tcbEvaluationDataNumber?: number;
    readonly defaultPolicyAccepts: boolean;
    readonly fields?: Fields;
  };
}

/** The codes that fit the words in which an entry says why it must be refused: a refusal for another reason is luck. */
const CODES_BY_REASON: Readonly<Record<string, RegExp>> = {
  "quote-malformed": /^quote-(malformed|qe-vendor-unknown|key-type-unsupported)$/,
  "quote-signature": /^quote-signature-invalid$/,
  "qe-report-signature": /^qe-report-signature-invalid$/,
  "qe-binding": /^qe-binding-mismatch$/,
  "qe-identity-mismatch": /^qe-identity-.*-mismatch$/,
  "qe-identity-expired": /^qe-identity-expired$/,
  "no-pck-chain": /^pck-chain-missing$/,
  "pck-chain": /^pck-chain-invalid$/,
  "pck-chain-expired": /^(pck-chain|issuer-chain)-(expired|not-yet-valid)$/,
  "pck-revoked": /^pck-revoked$/,
  "intermediate-revoked": /^intermediate-revoked$/,
  "root-untrusted": /^root-untrusted$/,
  "pck-crl-expired": /^crl-expired$/,
  "pck-crl-not-yet-valid": /^crl-not-yet-valid$/,
  "pck-crl-signature": /^pck-crl-signature-invalid$/,
  "pck-crl-issuer": /^pck-crl-issuer-mismatch$/,
  "root-crl-expired": /^crl-expired$/,
  "crl-malformed": /^pck-crl-malformed$/,
  "tcb-info-expired": /^tcb-info-expired$/,
  "tcb-info-not-yet-valid": /^tcb-info-not-yet-valid$/,
  "tcb-info-signature": /^tcb-info-signature-invalid$/,
  "tcb-info-mismatch": /^tcb-info-(fmspc|pceid)-mismatch$/,
  "tcb-not-supported": /^(platform|qe)-tcb-not-supported$/,
};

const vectors = await readVectorManifest<Vector>("sgx-quote-v3");

/** The path of a file that the entry must name. */
function fileOf({ id, files }: Vector, key: keyof Vector["files"]): string {
  const path = files[key];
  assert.ok(path !== undefined, `${id} names no ${key}`);
  return path;
}

function quoteOf(vector: Vector): Promise<Uint8Array> {
  return readVector(fileOf(vector, "quote"));
}

async function rootOf({ files }: Vector): Promise<TrustedRoot> {
  return files.trustedRoot === undefined ? vendorRoot : trustedRootFromPem(await readVectorText(files.trustedRoot));
}

async function suppliedChain({ files }: Vector): Promise<{ pckCertificateChain?: string }> {
  const file = files.pckCertificateChain;
  return file === undefined ? {} : { pckCertificateChain: await readVectorText(file) };
}

async function collateralOf(vector: Vector): Promise<Collateral> {
  const file = await readVectorText(fileOf(vector, "collateral"));
  return { ...parseCollateralFile(file), ...(await suppliedChain(vector)) };
}

async function verify(vector: Vector): Promise<VerifiedEvidence> {
  const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
  return verifyEvidence(await quoteOf(vector), await collateralOf(vector), options);
}

/** Undefined when the evidence or its collateral is refused; any other failure fails the test. */
async function verifyOrRefuse(vector: Vector): Promise<VerifiedEvidence | AttestationError> {
  try {
    return await verify(vector);
  } catch (error) {
    assert.ok(error instanceof AttestationError, `not a refusal: ${String(error)}`);
    return error;
  }
}

async function signatureHolds(vector: Vector): Promise<boolean> {
  const options = { now: new Date(vector.atTime), root: await rootOf(vector), ...(await suppliedChain(vector)) };
  try {
    return (await verifySignatureOnly(await quoteOf(vector), options)).signatureValid;
  } catch (error) {
    assert.ok(error instanceof AttestationError, `not a refusal: ${String(error)}`);
    return false;
  }
}

function expectReportFields(report: SgxReportBody, expected: ReportFields): void {
  assert.equal(encodeHex(report.mrEnclave), expected.mrEnclave);
  assert.equal(encodeHex(report.mrSigner), expected.mrSigner);
  assert.equal(report.isvProdId, expected.isvProdId);
  assert.equal(report.isvSvn, expected.isvSvn);
}

function expectParsedFields(bytes: Uint8Array, expected: Fields): void {
  const quote = parseSgxQuote(bytes);
  const { report } = quote;
  expectReportFields(report, expected);
  expectReportFields(quote.qe.report, expected.qe);
  assert.equal(quote.header.version, expected.version);
  assert.equal(quote.certificationData.type, expected.certificationDataType);
  assert.equal(encodeHex(report.cpuSvn), expected.cpuSvn);
  assert.equal(report.miscSelect, expected.miscSelect);
  assert.equal(encodeHex(report.attributes.raw), expected.attributes);
  assert.equal(report.attributes.debug, expected.debug);
  assert.equal(encodeHex(report.reportData), expected.reportData);
  assert.equal(encodeHex(report.configId), expected.configId);
  assert.equal(report.configSvn, expected.configSvn);
  assert.equal(encodeHex(report.isvFamilyId), expected.isvFamilyId);
  assert.equal(encodeHex(report.isvExtProdId), expected.isvExtProdId);
  assert.equal(quote.fillerLength, expected.trailingBytes);
  assert.equal(quote.qe.authenticationData.length, expected.qeAuthDataLength);
}

function expectVerdict(evidence: VerifiedEvidence, { files, expect }: Vector): void {
  assert.equal(evidence.tcbStatus, expect.tcbStatus);
  assert.equal(evidence.platformTcbStatus, expect.platformTcbStatus);
  assert.equal(evidence.qeTcbStatus, expect.qeTcbStatus);
  assert.deepEqual(new Set(evidence.advisoryIds), new Set(expect.advisoryIDs));
  // The entries state the date of the platform's level; ours is the oldest of all levels, which can only be older.
  assert.ok(evidence.tcbDate.getTime() <= Date.parse(expect.tcbDate ?? ""));
  assert.equal(evidence.tcbEvaluationDataNumber, expect.tcbEvaluationDataNumber);
  assert.equal(evidence.simulated, files.trustedRoot !== undefined);
  for (const [name, value] of Object.entries(expect.fields?.pck ?? {})) {
    assert.equal(pckField(evidence, name), value, `PCK field ${name}`);
  }
}

function pckField({ pck }: VerifiedEvidence, name: string): unknown {
  return name === "serial" ? pck.serialNumber.replace(/^0+/, "") : { ...pck }[name as keyof typeof pck];
}

function defaultPolicyAccepts(evidence: VerifiedEvidence): boolean {
  return appraise(evidence, defaultPolicy, { reportData: "unchecked" }).accepted;
}

describe("SGX quotes, real and synthetic", { skip: skipWithoutVectors }, () => {
  it("are all there", () => {
    assert.ok(vectors.length >= 94, `${vectors.length} entries`);
  });

  for (const vector of vectors.filter(({ mode }) => mode === "full")) {
    const { id, expect } = vector;
    it(`${id}: ${expect.verdict} ${expect.reason ?? expect.tcbStatus}`, async () => {
      const evidence = await verifyOrRefuse(vector);
      if (evidence instanceof AttestationError) {
        const counts = expect.verdict === "rejected" || expect.tcbStatus === "Revoked";
        assert.ok(counts, `refused with ${evidence.code}: ${evidence.message}`);
        assert.match(evidence.code, CODES_BY_REASON[expect.reason ?? ""] ?? /^/);
        assert.equal(expect.defaultPolicyAccepts, false);
        return;
      }
      assert.equal(expect.verdict, "verified", "must be refused");
      expectVerdict(evidence, vector);
      assert.equal(defaultPolicyAccepts(evidence), expect.defaultPolicyAccepts);
    });
  }

  for (const vector of vectors.filter(({ mode }) => mode === "signature-only")) {
    const { id, expect } = vector;
    it(`${id}: ${expect.verdict} ${expect.reason ?? ""}`, async () => {
      assert.equal(await signatureHolds(vector), expect.verdict === "signature-valid");
      assert.equal(expect.defaultPolicyAccepts, false);
    });
  }

  for (const vector of vectors) {
    const { id, expect } = vector;
    const { fields } = expect;
    if (fields !== undefined && expect.reason !== "quote-malformed") {
      it(`${id}: parsed fields`, async () => expectParsedFields(await quoteOf(vector), fields));
    }
  }

  it("verifies again with collateral that was verified once, and with the file form written anew", async () => {
    for (const vector of vectors.filter(({ expect }) => expect.verdict === "verified")) {
      const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
      const collateral = await collateralOf(vector);
      assert.deepEqual(parseCollateralFile(encodeCollateralFile(collateral)), collateral);
      const verified = await verifyCollateral(collateral, options);
      const quote = await quoteOf(vector);
      const first = await verifyEvidence(quote, verified, options);
      assert.deepEqual(await verifyEvidence(quote, verified, options), first, vector.id);
    }
  });
});
