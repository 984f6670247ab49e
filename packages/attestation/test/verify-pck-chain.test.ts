import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCertificateRevocationList, encodeUtf8, generateEcKey } from "@sealserve/core";
import { type CertificateOverrides, chainPem, createVendor, type QuoteOptions, type Role } from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { trustedRootFromPem, vendorRoot } from "../src/trust/trusted-root.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { daysLater, ENCLAVE, issueUnderRoot, NOW, options, refusal, vendor } from "./simulated.ts";

const quote = await vendor.quote(ENCLAVE);
const collateral = await vendor.collateral();
const verified = await verifyCollateral(collateral, options);

async function refuses(
  evidence: Uint8Array,
  code: AttestationErrorCode,
  endorsements: Collateral | typeof verified = verified,
): Promise<void> {
  await assert.rejects(verifyEvidence(evidence, endorsements, options), refusal(code));
}

async function refusesQuote(overrides: Partial<QuoteOptions>, code: AttestationErrorCode): Promise<void> {
  await refuses(await vendor.quote({ ...ENCLAVE, ...overrides }), code);
}

describe("the PCK certificate chain", () => {
  async function refusesVendor(role: Role, overrides: CertificateOverrides, code: AttestationErrorCode) {
    const other = await createVendor({ now: NOW, certificates: { [role]: overrides } });
    const otherRoot = await trustedRootFromPem(other.rootPem);
    const given = await other.collateral();
    const bytes = await other.quote(ENCLAVE);
    await assert.rejects(verifyEvidence(bytes, given, { now: NOW, root: otherRoot }), refusal(code));
  }

  it("is refused when its leaf is not a PCK certificate of that CA, in its time", async () => {
    await refusesVendor("pck", { signer: await generateEcKey("P-256") }, "pck-chain-invalid");
    await refusesVendor("pck", { ca: true }, "pck-chain-invalid");
    await refusesVendor("pck", { commonName: "Intel SGX TCB Signing" }, "pck-chain-invalid");
    await refusesVendor("pck", { keyUsage: ["keyCertSign"] }, "pck-chain-invalid");
    await refusesVendor("pck", { sgxExtension: "absent" }, "pck-extension-malformed");
    await refusesVendor("pck", { sgxExtension: new Uint8Array() }, "pck-extension-malformed");
    await refusesVendor("pck", { notBefore: daysLater(-9), notAfter: daysLater(-1) }, "pck-chain-expired");
    await refusesVendor("pck", { notBefore: daysLater(1) }, "pck-chain-not-yet-valid");
  });

  it("is refused when certificates are missing, too many or no PEM", async () => {
    const { pck, platformCa, root: ownRoot } = vendor;
    const cases = [
      [chainPem(pck, platformCa), "pck-chain-invalid"],
      [chainPem(pck, ownRoot), "pck-chain-invalid"],
      [chainPem(pck, pck, ownRoot), "pck-chain-invalid"],
      [chainPem(pck, platformCa, ownRoot, ownRoot), "pck-chain-invalid"],
      ["", "pck-chain-malformed"],
      ["\0", "pck-chain-malformed"],
      [`${vendor.pckChainPem}trailing`, "pck-chain-malformed"],
    ] as const;
    for (const [pem, code] of cases) {
      await refusesQuote({ certificationData: { type: 5, data: encodeUtf8(pem) } }, code);
    }
    await refusesQuote({ certificationData: { type: 5, data: Uint8Array.of(0xff, 0xfe) } }, "pck-chain-malformed");
    await refusesQuote({ certificationData: { type: 4, data: encodeUtf8(chainPem(pck)) } }, "pck-chain-missing");
  });

  it("is refused when the root allows no CA below it", async () => {
    const ca = await issueUnderRoot("Intel SGX Root CA", {
      ca: { pathLength: 0 },
      keyUsage: ["keyCertSign", "cRLSign"],
      publicKeyInfo: vendor.root.key.publicKeyInfo,
    });
    const data = encodeUtf8(chainPem(vendor.pck, vendor.platformCa, ca));
    await refusesQuote({ certificationData: { type: 5, data } }, "pck-chain-invalid");
  });

  it("is refused under another root, be it named alike", async () => {
    const stranger = await createVendor({ now: NOW });
    await refuses(await stranger.quote(ENCLAVE), "root-untrusted");
    const own = { now: NOW, root: vendorRoot };
    await assert.rejects(verifyEvidence(quote, collateral, own), refusal("root-untrusted"));
  });

  it("is refused when the list of PCK certificates is of another CA under the same root", async () => {
    for (const name of ["Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"]) {
      const ca = await issueUnderRoot(name, { ca: {}, keyUsage: ["keyCertSign", "cRLSign"] });
      const pckCrl = await createCertificateRevocationList({
        issuer: ca.certificate.subject,
        thisUpdate: NOW,
        nextUpdate: daysLater(30),
        number: 1,
        revoked: [],
        signer: ca.key,
      });
      const pckCrlIssuerChain = chainPem(ca, vendor.root);
      await refuses(quote, "pck-crl-issuer-mismatch", { ...collateral, pckCrl, pckCrlIssuerChain });
    }
  });

  it("is refused when leaf or CA is revoked", async () => {
    const leaf = vendor.pck.certificate.serialNumber;
    const ca = vendor.platformCa.certificate.serialNumber;
    await refuses(quote, "pck-revoked", await vendor.collateral({ pckCrl: { revoked: ["01", leaf] } }));
    await refuses(quote, "intermediate-revoked", await vendor.collateral({ rootCaCrl: { revoked: [ca] } }));
  });

  it("is refused when the quote holds an older, revoked certificate of root or CA", async () => {
    const authority = { ca: {}, keyUsage: ["keyCertSign", "cRLSign"] } as const;
    const { pck, platformCa, root: ownRoot } = vendor;
    const ca = await issueUnderRoot("Intel SGX PCK Platform CA", {
      ...authority,
      publicKeyInfo: platformCa.key.publicKeyInfo,
    });
    const otherRoot = await issueUnderRoot("Intel SGX Root CA", {
      ...authority,
      publicKeyInfo: ownRoot.key.publicKeyInfo,
    });
    const cases = [
      [chainPem(pck, ca, ownRoot), ca, "intermediate-revoked"],
      [chainPem(pck, platformCa, otherRoot), otherRoot, "root-revoked"],
    ] as const;
    for (const [pem, { certificate }, code] of cases) {
      const bytes = await vendor.quote({ ...ENCLAVE, certificationData: { type: 5, data: encodeUtf8(pem) } });
      await verifyEvidence(bytes, verified, options);
      await refuses(bytes, code, await vendor.collateral({ rootCaCrl: { revoked: [certificate.serialNumber] } }));
    }
  });

  it("is refused with TCB info for other platforms", async () => {
    await refuses(quote, "tcb-info-fmspc-mismatch", await vendor.collateral({ fmspc: "00a067110000" }));
    await refuses(quote, "tcb-info-pceid-mismatch", await vendor.collateral({ pceId: "0001" }));
  });

  it("below every level of the TCB info is refused", async () => {
    const level = { componentSvns: Array.from({ length: 16 }, () => 255), pceSvn: 13, status: "UpToDate" };
    await refuses(quote, "platform-tcb-not-supported", await vendor.collateral({ tcbLevels: [level] }));
  });
});
