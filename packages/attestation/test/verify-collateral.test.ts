import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generateEcKey, parseCertificateChainPem } from "@sealserve/core";
import { type Authority, type CertificateOverrides, chainPem, createVendor, type Role } from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { trustedRootFromPem, vendorRoot } from "../src/trust/trusted-root.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import {
  COPIES,
  DIGITAL_SIGNATURE,
  daysLater,
  issueUnderRoot,
  NOW,
  options,
  refusal,
  root,
  vendor,
  withSha384,
} from "./simulated.ts";

const collateral = await vendor.collateral();

async function refuses(changed: Partial<Collateral>, code: AttestationErrorCode, now = NOW): Promise<void> {
  await assert.rejects(verifyCollateral({ ...collateral, ...changed }, { now, root }), refusal(code));
}

/** Collateral of a vendor one of whose certificates is wrong, under that vendor's own root. */
async function refusesVendor(role: Role, overrides: CertificateOverrides, code: AttestationErrorCode): Promise<void> {
  const other = await createVendor({ now: NOW, certificates: { [role]: overrides } });
  const otherRoot = await trustedRootFromPem(other.rootPem);
  await assert.rejects(verifyCollateral(await other.collateral(), { now: NOW, root: otherRoot }), refusal(code));
}

/** A key of a stranger under the certificate of somebody else. */
async function impostorOf({ certificate }: Authority): Promise<Authority> {
  return { key: await generateEcKey("P-256"), certificate };
}

describe("collateral", () => {
  it("is verified once and says what it is about and how long it holds", async () => {
    const verified = await verifyCollateral(await vendor.collateral({ tcbEvaluationDataNumber: 18 }), options);
    assert.equal(verified.fmspc, vendor.machine.fmspc);
    assert.equal(verified.tcbEvaluationDataNumber, 18);
    assert.equal(verified.simulated, true);
    assert.equal(verified.pckCa, "Intel SGX PCK Platform CA");
    assert.deepEqual(verified.issued, { tcbInfo: NOW, qeIdentity: NOW, rootCaCrl: NOW, pckCrl: NOW });
    assert.equal(verified.earliestExpiry.getTime(), daysLater(30).getTime());
    assert.match(verified.digest, /^[0-9a-f]{64}$/);
  });

  it("has another digest when any part of it is another", async () => {
    const first = await verifyCollateral(collateral, options);
    const again = await verifyCollateral({ ...collateral }, options);
    const other = await verifyCollateral(await vendor.collateral({ tcbEvaluationDataNumber: 2 }), options);
    assert.equal(again.digest, first.digest);
    assert.notEqual(other.digest, first.digest);
  });

  it("counts by the lower evaluation number of its documents", async () => {
    const given = await vendor.collateral({
      tcbEvaluationDataNumber: 18,
      qeIdentity: { members: { tcbEvaluationDataNumber: 17 } },
    });
    const verified = await verifyCollateral(given, options);
    assert.equal(verified.tcbEvaluationDataNumber, 17);
    assert.deepEqual(verified.evaluationNumbers, { tcbInfo: 18, qeIdentity: 17 });
  });

  it("is refused under a root other than the trusted one, whatever the names say", async () => {
    await assert.rejects(verifyCollateral(collateral, { now: NOW, root: vendorRoot }), refusal("root-untrusted"));
    const stranger = await createVendor({ now: NOW });
    await assert.rejects(verifyCollateral(await stranger.collateral(), options), refusal("root-untrusted"));
  });

  it("stays simulated when the caller claims otherwise", async () => {
    const claimed = { now: NOW, root: { ...root, simulated: false } };
    assert.equal((await verifyCollateral(collateral, claimed)).simulated, true);
  });

  it("is made by its verifier alone, not by what an instance leads to", async () => {
    const maker = (await verifyCollateral(collateral, options)).constructor;
    assert.deepEqual(Object.getOwnPropertyNames(maker).sort(), ["length", "name", "prototype"]);
    assert.throws(
      () => Reflect.construct(maker, [Symbol("maker of verified collateral"), {}]),
      /only verifyCollateral/,
    );
  });

  for (const [kind, copyOf] of Object.entries(COPIES)) {
    it(`is not changed by the caller while it is verified, given as ${kind}`, async () => {
      const given = { ...collateral, pckCrl: copyOf(collateral.pckCrl), rootCaCrl: copyOf(collateral.rootCaCrl) };
      const verifying = verifyCollateral(given, options);
      given.pckCrl.fill(0);
      given.rootCaCrl.fill(0);
      given.tcbInfo = "";
      await verifying;
    });
  }
});

describe("signed documents", () => {
  it("are refused when signed by another key under the name of the TCB signer", async () => {
    const signer = await impostorOf(vendor.tcbSigning);
    const { tcbInfo, tcbInfoSignature } = await vendor.collateral({ tcbInfo: { signer } });
    await refuses({ tcbInfo, tcbInfoSignature }, "tcb-info-signature-invalid");
    const { qeIdentity, qeIdentitySignature } = await vendor.collateral({ qeIdentity: { signer } });
    await refuses({ qeIdentity, qeIdentitySignature }, "qe-identity-signature-invalid");
  });

  it("are refused when signed by any other certificate under the trusted root", async () => {
    for (const signer of [vendor.platformCa, vendor.pck, vendor.root]) {
      const issuerChains = [chainPem(signer, vendor.root), chainPem(signer, vendor.platformCa, vendor.root)];
      for (const issuerChain of issuerChains) {
        const forgedInfo = await vendor.collateral({ tcbInfo: { signer, issuerChain } });
        await refuses(forgedInfo, "tcb-info-issuer-chain-invalid");
        const forgedIdentity = await vendor.collateral({ qeIdentity: { signer, issuerChain } });
        await refuses(forgedIdentity, "qe-identity-issuer-chain-invalid");
      }
    }
  });

  it("are refused when one of their characters is changed", async () => {
    const status = collateral.tcbInfo.replace('"OutOfDate"', '"UpToDate"');
    await refuses({ tcbInfo: status }, "tcb-info-signature-invalid");
    await refuses({ tcbInfo: ` ${collateral.tcbInfo}` }, "tcb-info-signature-invalid");
    await refuses({ tcbInfo: collateral.tcbInfo.replaceAll(":", ": ") }, "tcb-info-signature-invalid");
    await refuses({ qeIdentity: collateral.qeIdentity.replace('"QE"', '"Qe"') }, "qe-identity-signature-invalid");
  });

  it("are refused with a signature that is malformed, empty or of the other document", async () => {
    const { tcbInfoSignature, qeIdentitySignature } = collateral;
    for (const signature of ["", "00".repeat(64), tcbInfoSignature.slice(2), `${tcbInfoSignature}00`, "xyz"]) {
      await refuses({ tcbInfoSignature: signature }, "tcb-info-signature-invalid");
      await refuses({ qeIdentitySignature: signature }, "qe-identity-signature-invalid");
    }
    await refuses({ tcbInfoSignature: qeIdentitySignature }, "tcb-info-signature-invalid");
  });

  it("are refused when signed but not acceptable in content", async () => {
    const signed = (content: Parameters<typeof vendor.collateral>[0]) => vendor.collateral(content);
    const components = Array.from({ length: 15 }, () => 0);
    const level = { componentSvns: components, pceSvn: 0, status: "UpToDate" };
    const duplicated = (text: string) => text.replace("{", '{"version":2,');
    await refuses(await signed({ tcbInfo: { members: { version: 9 } } }), "tcb-info-version-unsupported");
    await refuses(await signed({ tcbInfo: { members: { id: "SEV" } } }), "tcb-info-tee-mismatch");
    await refuses(await signed({ tcbInfo: { rewrite: duplicated } }), "tcb-info-malformed");
    await refuses(await signed({ tcbLevels: [level] }), "tcb-info-malformed");
    await refuses(await signed({ tcbStatus: "Excellent" }), "tcb-status-unknown");
    await refuses(await signed({ qeIdentity: { members: { id: "TD_QE" } } }), "qe-identity-tee-mismatch");
    await refuses(await signed({ qeIdentity: { rewrite: duplicated } }), "qe-identity-malformed");
    await refuses(await signed({ qeTcbStatus: "Excellent" }), "tcb-status-unknown");
  });
});

describe("issuer chains", () => {
  it("are refused when a certificate may not stand where it does", async () => {
    const day = { notBefore: daysLater(-10), notAfter: daysLater(-1) };
    const key = await generateEcKey("P-256");
    await refusesVendor("tcbSigning", { commonName: "Intel SGX TCB Signing 2" }, "tcb-info-issuer-chain-invalid");
    await refusesVendor("tcbSigning", { ca: true }, "tcb-info-issuer-chain-invalid");
    await refusesVendor("tcbSigning", { keyUsage: ["keyCertSign", "cRLSign"] }, "tcb-info-issuer-chain-invalid");
    await refusesVendor("tcbSigning", { signer: key }, "tcb-info-issuer-chain-invalid");
    await refusesVendor("tcbSigning", day, "issuer-chain-expired");
    await refusesVendor("tcbSigning", { notBefore: daysLater(1) }, "issuer-chain-not-yet-valid");
    await refusesVendor("platformCa", { ca: false }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("platformCa", { keyUsage: ["digitalSignature"] }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("platformCa", { keyUsage: ["keyCertSign"] }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("platformCa", { commonName: "Intel SGX PCK Other CA" }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("platformCa", { signer: key }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("root", { commonName: "Another Root" }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("root", { signer: key }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("root", { ca: false }, "pck-crl-issuer-chain-invalid");
    await refusesVendor("root", day, "issuer-chain-expired");
  });

  it("are refused when they are too short, too long, doubled, foreign or no PEM", async () => {
    const { root: ownRoot, tcbSigning, platformCa } = vendor;
    const wrong = [
      chainPem(tcbSigning),
      chainPem(ownRoot),
      chainPem(ownRoot, ownRoot),
      chainPem(tcbSigning, tcbSigning),
      chainPem(tcbSigning, platformCa, ownRoot),
      chainPem(tcbSigning, ownRoot, ownRoot),
    ];
    for (const issuerChain of wrong) {
      await refuses({ tcbInfoIssuerChain: issuerChain }, "tcb-info-issuer-chain-invalid");
      await refuses({ qeIdentityIssuerChain: issuerChain }, "qe-identity-issuer-chain-invalid");
    }
    const lonely = verifyCollateral({ ...collateral, tcbInfoIssuerChain: chainPem(tcbSigning) }, options);
    await assert.rejects(lonely, { expected: "2", actual: "1" });
    for (const text of ["", "-----BEGIN CERTIFICATE-----", "not PEM", `x${chainPem(tcbSigning, ownRoot)}`]) {
      await refuses({ tcbInfoIssuerChain: text }, "tcb-info-issuer-chain-malformed");
      await refuses({ qeIdentityIssuerChain: text }, "qe-identity-issuer-chain-malformed");
      await refuses({ pckCrlIssuerChain: text }, "pck-crl-issuer-chain-malformed");
    }
  });

  it("are refused outside their window, each of them", async () => {
    for (const name of ["tcbInfo", "qeIdentity"] as const) {
      for (const [days, code] of [
        [[-9, -1], "issuer-chain-expired"],
        [[1, 9], "issuer-chain-not-yet-valid"],
      ] as const) {
        const [notBefore, notAfter] = [daysLater(days[0]), daysLater(days[1])];
        const signer = await issueUnderRoot("Intel SGX TCB Signing", { ...DIGITAL_SIGNATURE, notBefore, notAfter });
        await refuses(await vendor.collateral({ [name]: { signer } }), code);
      }
    }
  });

  it("are refused with a signature by SHA-384, though the keys be P-256", async () => {
    const profile = { ...DIGITAL_SIGNATURE, signer: await withSha384(vendor.root) };
    const signer = await issueUnderRoot("Intel SGX TCB Signing", profile);
    await refuses(await vendor.collateral({ tcbInfo: { signer } }), "tcb-info-issuer-chain-invalid");
    await refuses(await vendor.collateral({ qeIdentity: { signer } }), "qe-identity-issuer-chain-invalid");
  });

  it("are refused with a key that is not P-256", async () => {
    const profile = DIGITAL_SIGNATURE;
    const signer = await issueUnderRoot("Intel SGX TCB Signing", profile, "P-384");
    await refuses({ tcbInfoIssuerChain: chainPem(signer, vendor.root) }, "tcb-info-issuer-chain-invalid");
    const ca = { ca: {}, keyUsage: ["keyCertSign", "cRLSign"] } as const;
    const pckCa = await issueUnderRoot("Intel SGX PCK Platform CA", ca, "P-384");
    await refuses({ pckCrlIssuerChain: chainPem(pckCa, vendor.root) }, "pck-crl-issuer-chain-invalid");
  });

  it("may stand in any order", async () => {
    const tcbInfoIssuerChain = chainPem(vendor.root, vendor.tcbSigning);
    await verifyCollateral({ ...collateral, tcbInfoIssuerChain }, options);
  });
});

describe("the time of verification", () => {
  const issued = { issueDate: daysLater(-0.5), nextUpdate: daysLater(2) };
  const justBefore = new Date(issued.issueDate.getTime() - 1000);
  const justAfter = new Date(issued.nextUpdate.getTime() + 1000);

  it("must lie in the window of each document, both ends included", async () => {
    for (const [name, document] of [
      ["tcbInfo", "tcb-info"],
      ["qeIdentity", "qe-identity"],
    ] as const) {
      const given = await vendor.collateral({ now: daysLater(-0.9), [name]: issued });
      await verifyCollateral(given, { now: issued.issueDate, root });
      await verifyCollateral(given, { now: issued.nextUpdate, root });
      await refuses(given, `${document}-expired`, justAfter);
      await refuses(given, `${document}-not-yet-valid`, justBefore);
    }
  });

  it("must be a date", async () => {
    await refuses({}, "clock-invalid", new Date(Number.NaN));
  });
});

describe("a trusted root", () => {
  it("from PEM is simulated unless it has Intel's key", async () => {
    assert.equal(root.simulated, true);
    assert.equal(vendorRoot.simulated, false);
    assert.match(root.intelSgx, /^[0-9a-f]{64}$/);
  });

  it("is exactly one certificate", async () => {
    assert.equal(parseCertificateChainPem(vendor.pckChainPem).length, 3);
    for (const pem of ["", "text", vendor.pckChainPem, vendor.rootPem + vendor.rootPem]) {
      await assert.rejects(trustedRootFromPem(pem), refusal("root-malformed"));
    }
  });
});
