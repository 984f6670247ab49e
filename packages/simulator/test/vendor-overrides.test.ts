import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AttestationErrorCode, trustedRootFromPem, verifyEvidence } from "@sealserve/attestation";
import { encodeUtf8 } from "@sealserve/core";
import type { CollateralOptions } from "../src/vendor/collateral.ts";
import { encodeSgxExtension } from "../src/vendor/pck-extension.ts";
import type { QuoteOptions } from "../src/vendor/quote.ts";
import type { VendorOptions } from "../src/vendor/vendor.ts";
import {
  days,
  mrEnclave,
  now,
  properChain,
  refused,
  refusedVendor,
  reportData,
  stranger,
  strangerKey,
  vendor,
} from "./verdict.ts";

describe("each override makes evidence that is refused", () => {
  const quoteFaults: [string, AttestationErrorCode | RegExp, Partial<QuoteOptions>][] = [
    ["another version", /unsupported/, { header: { version: 6 } }],
    ["another key type", "quote-key-type-unsupported", { header: { attestationKeyType: 3 } }],
    ["a TEE type", "quote-malformed", { header: { teeType: 0x81 } }],
    ["another QE vendor", "quote-qe-vendor-unknown", { header: { qeVendor: "00".repeat(16) } }],
    ["a quote signed by a stranger", "quote-signature-invalid", { quoteSigner: strangerKey }],
    ["a QE report signed by a stranger", "qe-report-signature-invalid", { qeReportSigner: strangerKey }],
    ["a binding of zeros", "qe-binding-mismatch", { qeReport: { reportData: new Uint8Array(64) } }],
    ["a QE of another signer", "qe-identity-mrsigner-mismatch", { qeReport: { mrSigner: "00".repeat(32) } }],
    ["a QE of another product", "qe-identity-isv-prod-id-mismatch", { qeReport: { isvProdId: 2 } }],
    ["a QE with other MISCSELECT", "qe-identity-miscselect-mismatch", { qeReport: { miscSelect: 1 } }],
    ["a QE without PROVISION_KEY", "qe-identity-attributes-mismatch", { qeReport: { attributes: { flags: 0x05n } } }],
    ["a debug QE", /^qe-(debug|identity-attributes-mismatch)$/, { qeReport: { attributes: { flags: 0x17n } } }],
    ["a QE older than all levels", "qe-tcb-not-supported", { qeReport: { isvSvn: 5 } }],
    ["unknown certification data", "quote-malformed", { certificationData: { type: 6, data: new Uint8Array(4) } }],
    [
      "a PCK chain of a stranger",
      "root-untrusted",
      { certificationData: { type: 5, data: encodeUtf8(stranger.pckChainPem) } },
    ],
    ["no PCK chain", /pck-chain/, { certificationData: { type: 5, data: new Uint8Array(0) } }],
  ];
  for (const [what, code, quote] of quoteFaults) {
    it(`quote: ${what}`, () => refused(code, { quote }));
  }

  const serial = (name: "root" | "platformCa" | "pck" | "tcbSigning"): string => vendor[name].certificate.serialNumber;
  const level = { componentSvns: vendor.machine.componentSvns, pceSvn: vendor.machine.pceSvn, status: "UpToDate" };
  const unreachable = { ...level, pceSvn: level.pceSvn + 1 };
  const strangeRoot = { revoked: [], signer: stranger.root };
  const collateralFaults: [string, AttestationErrorCode | RegExp, CollateralOptions][] = [
    ["an unknown TCB status", "tcb-status-unknown", { tcbStatus: "Fine" }],
    ["an unknown QE status", "tcb-status-unknown", { qeTcbStatus: "SWHardeningNeeded" }],
    ["levels out of reach", "platform-tcb-not-supported", { tcbLevels: [unreachable] }],
    ["no levels", /tcb/, { tcbLevels: [] }],
    ["a short level", "tcb-info-malformed", { tcbLevels: [{ ...level, componentSvns: [1, 2, 3] }] }],
    ["no QE levels", /qe/, { qeTcbLevels: [] }],
    ["another FMSPC", "tcb-info-fmspc-mismatch", { fmspc: "00A067110000" }],
    ["another PCEID", "tcb-info-pceid-mismatch", { pceId: "0100" }],
    ["TCB info issued tomorrow", "tcb-info-not-yet-valid", { tcbInfo: { issueDate: days(1) } }],
    ["TCB info of last month", "tcb-info-expired", { tcbInfo: { issueDate: days(-40), nextUpdate: days(-10) } }],
    ["a QE identity issued tomorrow", "qe-identity-not-yet-valid", { qeIdentity: { issueDate: days(1) } }],
    ["a QE identity of last month", "qe-identity-expired", { qeIdentity: { nextUpdate: days(-1) } }],
    ["TCB info for another TEE", "tcb-info-tee-mismatch", { tcbInfo: { members: { id: "SEV" } } }],
    ["TCB info of version 4", "tcb-info-version-unsupported", { tcbInfo: { members: { version: 4 } } }],
    ["TCB info without FMSPC", "tcb-info-malformed", { tcbInfo: { members: { fmspc: undefined } } }],
    ["the QE identity of TDX", "qe-identity-tee-mismatch", { qeIdentity: { members: { id: "TD_QE" } } }],
    ["a QE identity of version 1", "qe-identity-version-unsupported", { qeIdentity: { members: { version: 1 } } }],
    [
      "a member twice",
      "tcb-info-malformed",
      { tcbInfo: { rewrite: (text) => text.replace('"tcbType":0', '"tcbType":0,"tcbType":0') } },
    ],
    ["TCB info signed by the PCK", "tcb-info-issuer-chain-invalid", { tcbInfo: { signer: vendor.pck } }],
    ["TCB info signed by the Platform CA", "tcb-info-issuer-chain-invalid", { tcbInfo: { signer: vendor.platformCa } }],
    ["a QE identity signed by the root", /^qe-identity-issuer-chain/, { qeIdentity: { signer: vendor.root } }],
    [
      "TCB info signed by a stranger, with the right chain",
      "tcb-info-signature-invalid",
      { tcbInfo: { signer: stranger.tcbSigning, issuerChain: properChain } },
    ],
    [
      "a QE identity signed by a stranger, with the right chain",
      "qe-identity-signature-invalid",
      { qeIdentity: { signer: stranger.tcbSigning, issuerChain: properChain } },
    ],
    ["a revoked PCK", "pck-revoked", { pckCrl: { revoked: [serial("pck")] } }],
    ["a revoked Platform CA", "intermediate-revoked", { rootCaCrl: { revoked: [serial("platformCa")] } }],
    ["a revoked TCB signer", "tcb-signer-revoked", { rootCaCrl: { revoked: ["01", serial("tcbSigning")] } }],
    ["a revoked root", "root-revoked", { rootCaCrl: { revoked: [serial("root")] } }],
    ["a root list signed by a stranger", "root-crl-signature-invalid", { rootCaCrl: strangeRoot }],
    ["a PCK list signed by the root", "pck-crl-signature-invalid", { pckCrl: { signer: vendor.root } }],
    [
      "a PCK list in the root's name",
      "pck-crl-issuer-mismatch",
      { pckCrl: { issuer: vendor.root.certificate.subject } },
    ],
    ["a root list of last year", "crl-expired", { rootCaCrl: { thisUpdate: days(-400), nextUpdate: days(-35) } }],
    ["a PCK list of tomorrow", "crl-not-yet-valid", { pckCrl: { thisUpdate: days(1) } }],
  ];
  for (const [what, code, collateral] of collateralFaults) {
    it(`collateral: ${what}`, () => refused(code, { collateral }));
  }

  const certificateFaults: [string, AttestationErrorCode | RegExp, VendorOptions["certificates"]][] = [
    ["a root of another name", /invalid$/, { root: { commonName: "Sealserve Root" } }],
    ["an intermediate of another name", /invalid$/, { platformCa: { commonName: "Some CA" } }],
    ["a leaf of another name", "pck-chain-invalid", { pck: { commonName: "Some Certificate" } }],
    ["a TCB signer of another name", "tcb-info-issuer-chain-invalid", { tcbSigning: { commonName: "Some Signer" } }],
    ["an intermediate that is no CA", /invalid$/, { platformCa: { ca: false } }],
    ["a leaf that is a CA", "pck-chain-invalid", { pck: { ca: true } }],
    ["an intermediate that may not sign", /invalid$/, { platformCa: { keyUsage: ["digitalSignature"] } }],
    ["an expired leaf", "pck-chain-expired", { pck: { notAfter: days(-0.5) } }],
    ["a leaf of tomorrow", "pck-chain-not-yet-valid", { pck: { notBefore: days(1) } }],
    ["an expired TCB signer", "issuer-chain-expired", { tcbSigning: { notAfter: days(-0.5) } }],
    ["a leaf signed by a stranger", "pck-chain-invalid", { pck: { signer: strangerKey } }],
    ["a TCB signer signed by a stranger", "tcb-info-issuer-chain-invalid", { tcbSigning: { signer: strangerKey } }],
    ["a leaf without SGX extension", "pck-extension-malformed", { pck: { sgxExtension: "absent" } }],
    ["a leaf with half an extension", "pck-extension-malformed", { pck: { sgxExtension: Uint8Array.of(0x30, 0) } }],
    [
      "a leaf for another kind of platform",
      "tcb-info-fmspc-mismatch",
      { pck: { sgxExtension: encodeSgxExtension({ ...vendor.machine, fmspc: "00a067110000" }) } },
    ],
  ];
  for (const [what, code, certificates] of certificateFaults) {
    it(`certificates: ${what}`, () => refusedVendor(code, certificates === undefined ? {} : { certificates }));
  }

  it("collateral of another vendor", async () => {
    const evidence = await vendor.quote({ mrEnclave, reportData });
    const root = await trustedRootFromPem(vendor.rootPem);
    await assert.rejects(verifyEvidence(evidence, await stranger.collateral(), { now, root }), {
      code: "root-untrusted",
    });
  });
});
