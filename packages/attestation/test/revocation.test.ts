import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Authority, createVendor } from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import { type AttestationErrorCode, isIssuerRevoked } from "../src/errors.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import {
  DIGITAL_SIGNATURE,
  daysLater,
  flipped,
  issueUnderRoot,
  NOW,
  options,
  refusal,
  root,
  vendor,
  withSha384,
} from "./simulated.ts";

const collateral = await vendor.collateral();

async function refuses(changed: Partial<Collateral>, code: AttestationErrorCode): Promise<void> {
  await assert.rejects(verifyCollateral({ ...collateral, ...changed }, { now: NOW, root }), refusal(code));
}

describe("revocation lists", () => {
  const serialOf = ({ certificate }: Authority): string => certificate.serialNumber;

  it("take back the root, the CA of PCK certificates and the TCB signer", async () => {
    const cases = [
      [vendor.root, "root-revoked"],
      [vendor.platformCa, "intermediate-revoked"],
      [vendor.tcbSigning, "tcb-signer-revoked"],
    ] as const;
    for (const [authority, code] of cases) {
      const { rootCaCrl } = await vendor.collateral({ rootCaCrl: { revoked: [serialOf(authority)] } });
      await refuses({ rootCaCrl }, code);
      assert.equal(isIssuerRevoked(code), true);
    }
  });

  it("take back a TCB signer of either document alone", async () => {
    const signer = await issueUnderRoot("Intel SGX TCB Signing", DIGITAL_SIGNATURE);
    const rootCaCrl = { revoked: [serialOf(signer)] };
    for (const name of ["tcbInfo", "qeIdentity"] as const) {
      await verifyCollateral(await vendor.collateral({ [name]: { signer } }), options);
      await refuses(await vendor.collateral({ [name]: { signer }, rootCaCrl }), "tcb-signer-revoked");
    }
  });

  it("take nothing back outside their window", async () => {
    const revoked = [serialOf(vendor.root), serialOf(vendor.tcbSigning)];
    const old = { thisUpdate: daysLater(-9), nextUpdate: daysLater(-1) };
    await refuses(await vendor.collateral({ rootCaCrl: { revoked, ...old } }), "crl-expired");
    await refuses(await vendor.collateral({ rootCaCrl: { revoked, thisUpdate: daysLater(1) } }), "crl-not-yet-valid");
  });

  it("are refused with a signature by SHA-384, though the key be P-256", async () => {
    const { root: ownRoot, platformCa } = vendor;
    const ofRoot = { signer: { ...ownRoot, key: await withSha384(ownRoot) } };
    await refuses(await vendor.collateral({ rootCaCrl: ofRoot }), "root-crl-signature-invalid");
    const ofCa = { signer: { ...platformCa, key: await withSha384(platformCa) } };
    await refuses(await vendor.collateral({ pckCrl: ofCa }), "pck-crl-signature-invalid");
  });

  it("are refused from another issuer, also in each other's place", async () => {
    const stranger = await (await createVendor({ now: NOW })).collateral();
    await refuses({ pckCrl: stranger.pckCrl }, "pck-crl-signature-invalid");
    await refuses({ rootCaCrl: stranger.rootCaCrl }, "root-crl-signature-invalid");
    await refuses({ pckCrl: collateral.rootCaCrl }, "pck-crl-issuer-mismatch");
    await refuses({ rootCaCrl: collateral.pckCrl }, "root-crl-issuer-mismatch");
    const { subject } = vendor.tcbSigning.certificate;
    const renamed = await vendor.collateral({ pckCrl: { issuer: subject }, rootCaCrl: { issuer: subject } });
    await refuses({ pckCrl: renamed.pckCrl }, "pck-crl-issuer-mismatch");
    await refuses({ rootCaCrl: renamed.rootCaCrl }, "root-crl-issuer-mismatch");
  });

  it("are refused when one byte of the signature or of the content is changed", async () => {
    const { pckCrl, rootCaCrl } = collateral;
    const thisUpdate = new TextDecoder("latin1").decode(pckCrl).indexOf("260301");
    await refuses({ pckCrl: flipped(pckCrl, pckCrl.length - 1) }, "pck-crl-signature-invalid");
    await refuses({ rootCaCrl: flipped(rootCaCrl, rootCaCrl.length - 1) }, "root-crl-signature-invalid");
    await refuses({ pckCrl: flipped(pckCrl, thisUpdate + 1) }, "pck-crl-signature-invalid");
  });

  it("are refused when they are missing, cut or no list: that is not an empty list", async () => {
    const { pckCrl, rootCaCrl } = collateral;
    const wrong = [new Uint8Array(), Uint8Array.of(0x30, 0x00), pckCrl.subarray(0, 20), pckCrl.subarray(1)];
    for (const bytes of [...wrong, vendor.root.certificate.raw]) {
      await refuses({ pckCrl: bytes }, "pck-crl-malformed");
      await refuses({ rootCaCrl: bytes }, "root-crl-malformed");
    }
    await refuses({ rootCaCrl: rootCaCrl.subarray(0, -1) }, "root-crl-malformed");
  });

  it("are refused outside their window", async () => {
    for (const name of ["pckCrl", "rootCaCrl"] as const) {
      const expired = await vendor.collateral({ [name]: { thisUpdate: daysLater(-9), nextUpdate: daysLater(-1) } });
      await refuses(expired, "crl-expired");
      const early = await vendor.collateral({ [name]: { thisUpdate: daysLater(1) } });
      await refuses(early, "crl-not-yet-valid");
    }
  });
});
