/** What the conformance tests of SGX and TDX quotes share: entries of the public vectors, and how they score. */
import assert from "node:assert/strict";
import { it } from "node:test";
import {
  AttestationError,
  appraise,
  type Collateral,
  defaultPolicy,
  encodeCollateralFile,
  type IntelQuote,
  parseCollateralFile,
  parseIntelQuote,
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
import { fileOf, readVector, readVectorText } from "./vectors.ts";

/** Fields of an enclave report, of enclaves as well as of quoting enclaves. */
export type ReportFields = Readonly<Record<"mrEnclave" | "mrSigner", string> & Record<"isvProdId" | "isvSvn", number>>;

/** Fields that quotes of every kind have. */
export interface QuoteFields {
  readonly version: number;
  readonly certificationDataType: number;
  readonly reportData: string;
  readonly debug: boolean;
  readonly qe: ReportFields;
  readonly trailingBytes: number;
  readonly qeAuthDataLength: number;
  readonly pck?: Readonly<Record<string, string | number>>;
}

/** One entry about a quote. */
export interface QuoteVector<Fields extends QuoteFields> {
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
    readonly sgxTcbStatus?: string;
    readonly tdxModuleTcbStatus?: string | null;
    readonly qeTcbStatus?: string;
    readonly advisoryIDs?: readonly string[];
    readonly tcbDate?: string;
    readonly tcbEvaluationDataNumber?: number;
    readonly defaultPolicyAccepts: boolean;
    readonly fields?: Fields | null;
  };
}

type IntelEvidence = Extract<VerifiedEvidence, { tee: "sgx" | "tdx" }>;

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
  // Collateral of another kind of TEE has the wrong list as well as the wrong documents.
  "pck-crl-issuer": /^(pck-crl-issuer-mismatch|tcb-info-tee-mismatch)$/,
  "root-crl-expired": /^crl-expired$/,
  "crl-malformed": /^pck-crl-malformed$/,
  "tcb-info-expired": /^tcb-info-expired$/,
  "tcb-info-not-yet-valid": /^tcb-info-not-yet-valid$/,
  "tcb-info-signature": /^tcb-info-signature-invalid$/,
  "tcb-info-mismatch": /^(tcb-info-(fmspc|pceid|tee)|qe-identity-tee)-mismatch$/,
  "tcb-not-supported": /^(platform|qe|tdx-module)-tcb-not-supported$/,
  "tdx-module-mismatch": /^tdx-module-(unknown|mrsigner-mismatch|attributes-mismatch)$/,
};

type Vector = QuoteVector<QuoteFields>;

/** Declares one test for each entry: the verdict, its parts, what the default policy decides, and the fields. */
export function testVerdicts<Fields extends QuoteFields>(
  vectors: readonly QuoteVector<Fields>[],
  expectReport: (quote: IntelQuote, fields: Fields) => void,
): void {
  for (const vector of vectors) {
    const { id, mode, expect } = vector;
    it(`${id}: ${expect.verdict} ${expect.reason ?? expect.tcbStatus ?? ""}`, () =>
      mode === "full" ? expectFullVerdict(vector) : expectSignatureVerdict(vector));
    const { fields } = expect;
    if (fields !== undefined && fields !== null && expect.reason !== "quote-malformed") {
      it(`${id}: parsed fields`, async () => {
        const quote = parseIntelQuote(await quoteOf(vector));
        expectCommonFields(quote, fields);
        expectReport(quote, fields);
      });
    }
  }
}

/** Every accepted entry once more with collateral verified before, and with its file form written anew. */
export async function expectReuse(vectors: readonly Vector[]): Promise<void> {
  for (const vector of vectors.filter(({ expect }) => expect.verdict === "verified")) {
    const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
    const collateral = await collateralOf(vector);
    assert.deepEqual(parseCollateralFile(encodeCollateralFile(collateral)), collateral);
    const verified = await verifyCollateral(collateral, options);
    const quote = await quoteOf(vector);
    const first = await verifyEvidence(quote, verified, options);
    assert.deepEqual(await verifyEvidence(quote, verified, options), first, vector.id);
  }
}

/** Compares fields of an enclave report. */
export function expectReportFields(report: SgxReportBody, expected: ReportFields): void {
  assert.equal(encodeHex(report.mrEnclave), expected.mrEnclave);
  assert.equal(encodeHex(report.mrSigner), expected.mrSigner);
  assert.equal(report.isvProdId, expected.isvProdId);
  assert.equal(report.isvSvn, expected.isvSvn);
}

async function expectFullVerdict(vector: Vector): Promise<void> {
  const { expect } = vector;
  const evidence = await verifyOrRefuse(vector);
  if (evidence instanceof AttestationError) {
    const counts = expect.verdict === "rejected" || expect.tcbStatus === "Revoked";
    assert.ok(counts, `refused with ${evidence.code}: ${evidence.message}`);
    if (expect.reason !== undefined) {
      assert.match(evidence.code, CODES_BY_REASON[expect.reason] ?? assert.fail(`no codes for ${expect.reason}`));
    }
    assert.equal(expect.defaultPolicyAccepts, false);
    return;
  }
  assert.equal(expect.verdict, "verified", "must be refused");
  expectStatus(evidence, vector);
  const { accepted } = appraise(evidence, defaultPolicy, { reportData: "unchecked" });
  assert.equal(accepted, expect.defaultPolicyAccepts);
}

async function expectSignatureVerdict(vector: Vector): Promise<void> {
  const { expect } = vector;
  const options = { now: new Date(vector.atTime), root: await rootOf(vector), ...(await suppliedChain(vector)) };
  const quote = await quoteOf(vector);
  const holds = await verifySignatureOnly(quote, options).then(
    ({ signatureValid }) => signatureValid,
    (error: unknown) => {
      assert.ok(error instanceof AttestationError, `not a refusal: ${String(error)}`);
      return false;
    },
  );
  assert.equal(holds, expect.verdict === "signature-valid");
  assert.equal(expect.defaultPolicyAccepts, false);
}

/** What was proven, or the refusal; any other failure fails the test. */
async function verifyOrRefuse(vector: Vector): Promise<IntelEvidence | AttestationError> {
  const options = { now: new Date(vector.atTime), root: await rootOf(vector) };
  const quote = await quoteOf(vector);
  try {
    return (await verifyEvidence(quote, await collateralOf(vector), options)) as IntelEvidence;
  } catch (error) {
    assert.ok(error instanceof AttestationError, `not a refusal: ${String(error)}`);
    return error;
  }
}

function expectStatus(evidence: IntelEvidence, { files, expect }: Vector): void {
  assert.equal(evidence.tcbStatus, expect.tcbStatus);
  assert.equal(evidence.platformTcbStatus, expect.platformTcbStatus);
  assert.equal(evidence.sgxTcbStatus, expect.sgxTcbStatus ?? evidence.platformTcbStatus);
  assert.equal(evidence.tdxModuleTcbStatus, expect.tdxModuleTcbStatus ?? undefined);
  assert.equal(evidence.qeTcbStatus, expect.qeTcbStatus);
  assert.deepEqual(new Set(evidence.advisoryIds), new Set(expect.advisoryIDs));
  // The entries state the date of the platform's level; ours is the oldest of all levels, which can only be older.
  assert.ok(evidence.tcbDate.getTime() <= Date.parse(expect.tcbDate ?? ""));
  assert.equal(evidence.levels.platform.tcbDate.toISOString(), new Date(expect.tcbDate ?? "").toISOString());
  assert.equal(evidence.tcbEvaluationDataNumber, expect.tcbEvaluationDataNumber);
  assert.equal(evidence.simulated, files.trustedRoot !== undefined);
  for (const [name, value] of Object.entries(expect.fields?.pck ?? {})) {
    assert.equal(pckField(evidence, name), value, `PCK field ${name}`);
  }
}

function pckField({ pck }: IntelEvidence, name: string): unknown {
  return name === "serial" ? pck.serialNumber.replace(/^0+/, "") : { ...pck }[name as keyof typeof pck];
}

function expectCommonFields(quote: IntelQuote, expected: QuoteFields): void {
  expectReportFields(quote.qe.report, expected.qe);
  assert.equal(quote.header.version, expected.version);
  assert.equal(quote.certificationData.type, expected.certificationDataType);
  assert.equal(encodeHex(quote.report.reportData), expected.reportData);
  assert.equal(quote.trailingLength, expected.trailingBytes);
  assert.equal(quote.qe.authenticationData.length, expected.qeAuthDataLength);
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
