// TDX evidence from end to end: one refusal for each case of each rule of verification.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, decodeHex, encodeHex, encodeUtf8, generateEcKey, rawEcPoint, sha256 } from "@sealserve/core";
import {
  type Authority,
  type CollateralOptions,
  chainPem,
  createVendor,
  type Role,
  type TdQuoteOptions,
  type Vendor,
} from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { parseIntelQuote } from "../src/quote/intel-quote.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import {
  DIGITAL_SIGNATURE,
  daysLater,
  ENCLAVE,
  flipped,
  issueUnderRoot,
  NOW,
  refusal,
  root,
  vendor,
} from "./simulated.ts";
import { TD, tdxCollateral } from "./simulated-td.ts";

interface Given {
  readonly evidence?: Uint8Array;
  readonly collateral?: Collateral;
  readonly now?: Date;
}

type Refused = readonly [what: string, code: AttestationErrorCode, given: Given];

const quote = await quoteWith({});
const stranger = await generateEcKey("P-256");
const strangers = await createVendor({ now: NOW });

function refusesEach(rule: string, cases: readonly Refused[]): void {
  describe(`TDX evidence is refused by the rule on ${rule}`, () => {
    for (const [what, code, { evidence = quote, collateral = tdxCollateral, now = NOW }] of cases) {
      it(`for ${what}: ${code}`, async () => {
        await assert.rejects(verifyEvidence(evidence, collateral, { now, root }), refusal(code));
      });
    }
  });
}

function quoteWith(overrides: Partial<TdQuoteOptions>, maker: Vendor = vendor): Promise<Uint8Array> {
  return maker.tdxQuote({ ...TD, version: 5, ...overrides });
}

/** A quote that deviates, with the usual collateral. */
async function by(overrides: Partial<TdQuoteOptions>): Promise<Given> {
  return { evidence: await quoteWith(overrides) };
}

/** Collateral that deviates, with the usual quote. */
async function under(content: CollateralOptions, now: Date = NOW): Promise<Given> {
  return { collateral: await vendor.collateral({ tee: "tdx", ...content }), now };
}

function withCollateral(changed: Partial<Collateral>): Given {
  return { collateral: { ...tdxCollateral, ...changed } };
}

async function withChain(pem: string): Promise<Given> {
  return by({ certificationData: { type: 5, data: encodeUtf8(pem) } });
}

/** Sixteen SVNs, zero where none is given. */
function svns(...first: readonly number[]): number[] {
  return [...first, ...Array.from({ length: 16 - first.length }, () => 0)];
}

function teeTcbSvn(...first: readonly number[]): string {
  return encodeHex(Uint8Array.from(svns(...first)));
}

refusesEach("the form of a quote", [
  ["a cut quote", "quote-malformed", { evidence: quote.subarray(0, 2000) }],
  ["a buffer without end", "quote-too-large", { evidence: concatBytes(quote, new Uint8Array(16 * 1024)) }],
  ["version 6", "quote-version-unsupported", await by({ header: { version: 6 } })],
  ["a key for P-384", "quote-key-type-unsupported", await by({ header: { attestationKeyType: 3 } })],
  ["another vendor", "quote-qe-vendor-unknown", await by({ header: { qeVendor: "00".repeat(16) } })],
]);

const { pck, platformCa, root: ownRoot, tcbSigning } = vendor;

refusesEach("the PCK chain", [
  ["none", "pck-chain-missing", await by({ certificationData: { type: 3, data: new Uint8Array(404) } })],
  ["a leaf", "pck-chain-missing", await by({ certificationData: { type: 4, data: encodeUtf8(chainPem(pck)) } })],
  ["an empty one", "pck-chain-malformed", await withChain("")],
  ["two certificates", "pck-chain-invalid", await withChain(chainPem(pck, platformCa))],
  ["four certificates", "pck-chain-invalid", await withChain(chainPem(pck, platformCa, ownRoot, ownRoot))],
  ["the TCB signer as leaf", "pck-chain-invalid", await withChain(chainPem(tcbSigning, platformCa, ownRoot))],
  ["a stranger's", "root-untrusted", { evidence: await quoteWith({}, strangers) }],
  ["a stranger's beside it", "root-untrusted", withCollateral({ pckCertificateChain: strangers.pckChainPem })],
]);

const serial = (role: Role): string => vendor[role].certificate.serialNumber;
const over = { thisUpdate: daysLater(-40), nextUpdate: daysLater(-10) };
const impostorCa = { ...platformCa, key: stranger };

refusesEach("revocation", [
  ["a root", "root-revoked", await under({ rootCaCrl: { revoked: [serial("root")] } })],
  ["a CA", "intermediate-revoked", await under({ rootCaCrl: { revoked: [serial("platformCa")] } })],
  ["a TCB signer", "tcb-signer-revoked", await under({ rootCaCrl: { revoked: [serial("tcbSigning")] } })],
  ["a PCK certificate", "pck-revoked", await under({ pckCrl: { revoked: [serial("pck")] } })],
  ["a forged list of the root", "root-crl-signature-invalid", await under({ rootCaCrl: { signer: impostorCa } })],
  ["a forged list of the CA", "pck-crl-signature-invalid", await under({ pckCrl: { signer: impostorCa } })],
  ["a list of the wrong CA", "pck-crl-issuer-mismatch", withCollateral({ pckCrl: tdxCollateral.rootCaCrl })],
  ["a list of the wrong root", "root-crl-issuer-mismatch", withCollateral({ rootCaCrl: tdxCollateral.pckCrl })],
  ["an expired list of the root", "crl-expired", await under({ rootCaCrl: over })],
  ["an expired list of the CA", "crl-expired", await under({ pckCrl: over })],
  ["an early list of the root", "crl-not-yet-valid", await under({ rootCaCrl: { thisUpdate: daysLater(1) } })],
  ["an early list of the CA", "crl-not-yet-valid", await under({ pckCrl: { thisUpdate: daysLater(1) } })],
  ["no list of the root", "root-crl-malformed", withCollateral({ rootCaCrl: new Uint8Array() })],
  ["no list of the CA", "pck-crl-malformed", withCollateral({ pckCrl: new Uint8Array() })],
]);

const impostor = { ...tcbSigning, key: stranger };
const renamed = await issueUnderRoot("Intel SGX TCB Signing Test", DIGITAL_SIGNATURE);
const past = { notBefore: daysLater(-9), notAfter: daysLater(-1) };
const expired = await issueUnderRoot("Intel SGX TCB Signing", { ...DIGITAL_SIGNATURE, ...past });

for (const [name, document] of [
  ["tcbInfo", "tcb-info"],
  ["qeIdentity", "qe-identity"],
] as const) {
  const signedBy = (signer: Authority, issuerChain = chainPem(signer, ownRoot)): Promise<Given> =>
    under({ [name]: { signer, issuerChain } });
  refusesEach(`the signer of a document (${name})`, [
    ["a stranger", `${document}-signature-invalid`, await signedBy(impostor)],
    ["the PCK key", `${document}-issuer-chain-invalid`, await signedBy(pck, vendor.pckChainPem)],
    ["the CA", `${document}-issuer-chain-invalid`, await signedBy(platformCa)],
    ["the root", `${document}-issuer-chain-invalid`, await signedBy(ownRoot)],
    ["another name", `${document}-issuer-chain-invalid`, await signedBy(renamed)],
    ["an expired one", "issuer-chain-expired", await signedBy(expired)],
    ["one without chain", `${document}-issuer-chain-malformed`, await signedBy(tcbSigning, "")],
  ]);
}

const late = daysLater(31);
const lasting = { nextUpdate: daysLater(99) };
const lastingLists = { rootCaCrl: lasting, pckCrl: lasting };
const early = { issueDate: daysLater(1) };
const shortLevel = { componentSvns: svns(), pceSvn: 0, tdxComponentSvns: [0], status: "UpToDate" };

refusesEach("documents", [
  ["another FMSPC", "tcb-info-fmspc-mismatch", await under({ fmspc: "00a067110000" })],
  ["another PCEID", "tcb-info-pceid-mismatch", await under({ pceId: "0001" })],
  ["TCB info of version 4", "tcb-info-version-unsupported", await under({ tcbInfo: { members: { version: 4 } } })],
  ["TCB info of version 2", "tcb-info-malformed", await under({ tcbInfo: { members: { version: 2 } } })],
  [
    "a QE identity of version 3",
    "qe-identity-version-unsupported",
    await under({ qeIdentity: { members: { version: 3 } } }),
  ],
  ["collateral for SGX", "tcb-info-tee-mismatch", await under({ tee: "sgx" })],
  [
    "the identity of the QE for SGX",
    "qe-identity-tee-mismatch",
    await under({ qeIdentity: { members: { id: "QE" } } }),
  ],
  ["expired TCB info", "tcb-info-expired", await under({ ...lastingLists, qeIdentity: lasting }, late)],
  ["early TCB info", "tcb-info-not-yet-valid", await under({ tcbInfo: early })],
  ["an expired QE identity", "qe-identity-expired", await under({ ...lastingLists, tcbInfo: lasting }, late)],
  ["an early QE identity", "qe-identity-not-yet-valid", await under({ qeIdentity: early })],
  ["an unknown status", "tcb-status-unknown", await under({ tcbStatus: "Fine" })],
  ["an unknown status of a module", "tcb-status-unknown", await under({ tdxModuleStatus: "SWHardeningNeeded" })],
  ["an unknown status of the QE", "tcb-status-unknown", await under({ qeTcbStatus: "Fine" })],
  ["no word on modules", "tcb-info-malformed", await under({ tdxModule: "absent" })],
  ["a short list of components", "tcb-info-malformed", await under({ tcbLevels: [shortLevel] })],
]);

const attestationKey = rawEcPoint(vendor.attestationKey.publicKeyInfo);
const authenticationData = new Uint8Array(32).fill(3);
const keyAlone = concatBytes(await sha256(attestationKey), new Uint8Array(32));
const lenient = { attributesMask: "F9FFFFFFFFFFFFFF0000000000000000" };
const debugged = await by({ qeReport: { attributes: { flags: 0x17n } } });
const sgxQe = parseIntelQuote(await vendor.quote(ENCLAVE)).qe.report;
const ofSgxQe = { mrSigner: encodeHex(sgxQe.mrSigner), isvProdId: sgxQe.isvProdId, isvSvn: sgxQe.isvSvn };

// An attacker who owns a genuine platform, and supplies an enclave of their own in the place of the quoting enclave.
refusesEach("the quoting enclave", [
  ["an identity of one's own", "qe-identity-signature-invalid", await under({ qeIdentity: { signer: impostor } })],
  ["another signer", "qe-identity-mrsigner-mismatch", await by({ qeReport: { mrSigner: "77".repeat(32) } })],
  ["the QE of SGX", "qe-identity-mrsigner-mismatch", await by({ qeReport: ofSgxQe })],
  ["another product", "qe-identity-isv-prod-id-mismatch", await by({ qeReport: { isvProdId: 1 } })],
  ["another attribute", "qe-identity-attributes-mismatch", await by({ qeReport: { attributes: { flags: 0x95n } } })],
  ["another MISCSELECT", "qe-identity-miscselect-mismatch", await by({ qeReport: { miscSelect: 1 } })],
  ["an ISVSVN below all levels", "qe-tcb-not-supported", await by({ qeReport: { isvSvn: 1 } })],
  ["a report by a stranger", "qe-report-signature-invalid", await by({ qeReportSigner: stranger })],
  [
    "a report by the attestation key",
    "qe-report-signature-invalid",
    await by({ qeReportSigner: vendor.attestationKey }),
  ],
  ["a report without signature", "qe-report-signature-invalid", await by({ qeReportSignature: new Uint8Array(64) })],
  ["data not vouched for", "qe-binding-mismatch", await by({ authenticationData, qeReport: { reportData: keyAlone } })],
  ["nothing vouched for", "qe-binding-mismatch", await by({ qeReport: { reportData: new Uint8Array(64) } })],
  ["debug mode", "qe-debug", { ...debugged, ...(await under({ qeIdentity: { members: lenient } })) }],
]);

const order = decodeHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const { signature, signedBytes } = parseIntelQuote(quote);
const [r, s, zero] = [signature.subarray(0, 32), signature.subarray(32), new Uint8Array(32)];
const unsigned = "quote-signature-invalid";

async function signedWith(...parts: readonly Uint8Array[]): Promise<Given> {
  return by({ quoteSignature: concatBytes(...parts) });
}

refusesEach("the signature of a quote", [
  ["a stranger's", unsigned, await by({ quoteSigner: stranger })],
  ["the PCK key's", unsigned, await by({ quoteSigner: pck.key })],
  ["DER, cut to size", unsigned, await signedWith((await vendor.attestationKey.sign(signedBytes)).subarray(0, 64))],
  ["r of zero", unsigned, await signedWith(zero, s)],
  ["s of zero", unsigned, await signedWith(r, zero)],
  ["r of the order", unsigned, await signedWith(order, s)],
  ["s of the order", unsigned, await signedWith(r, order)],
  ["r and s exchanged", unsigned, await signedWith(s, r)],
  ["a key of zero bytes", unsigned, await by({ attestationPublicKey: new Uint8Array(64) })],
  ["a key off the curve", unsigned, await by({ attestationPublicKey: new Uint8Array(64).fill(1) })],
  ["another header", unsigned, { evidence: flipped(quote, 30) }],
  ["another module that runs now", unsigned, { evidence: flipped(quote, 54 + 584) }],
  ["another service TD", unsigned, { evidence: flipped(quote, 54 + 647) }],
  ["another bit", unsigned, { evidence: flipped(quote, 702 + 4 + 63) }],
]);

const newer = { tdxModuleIdentities: [{ id: "TDX_03", tcbLevels: [{ isvSvn: 5, status: "UpToDate" }] }] };
const level = { componentSvns: svns(), pceSvn: 0, tdxComponentSvns: svns(), status: "UpToDate" };
const microcode = { ...level, tdxComponentSvns: svns(0, 0, 13) };
const relaunch = { teeTcbSvn: teeTcbSvn(3, 3, 12), teeTcbSvn2: teeTcbSvn(255, 2, 255) };

refusesEach("TDX modules and levels", [
  ["a module of an unknown version", "tdx-module-unknown", await by({ teeTcbSvn: teeTcbSvn(4, 2, 12) })],
  ["no identities", "tdx-module-unknown", await under({ tdxModuleIdentities: "absent" })],
  ["a running module of an unknown version", "tdx-module-unknown", await by(relaunch)],
  ["another signer", "tdx-module-mrsigner-mismatch", await by({ mrSignerSeam: "01".repeat(48) })],
  ["an attribute", "tdx-module-attributes-mismatch", await by({ seamAttributes: "0100000000000000" })],
  ["a module below its levels", "tdx-module-tcb-not-supported", await by({ teeTcbSvn: teeTcbSvn(1, 3, 12) })],
  ["a module below newer levels", "tdx-module-tcb-not-supported", await under(newer)],
  [
    "an SGX component",
    "platform-tcb-not-supported",
    await under({ tcbLevels: [{ ...level, componentSvns: svns(13) }] }),
  ],
  ["late microcode", "platform-tcb-not-supported", await under({ tcbLevels: [microcode] })],
  ["the PCESVN", "platform-tcb-not-supported", await under({ tcbLevels: [{ ...level, pceSvn: 14 }] })],
]);
