import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodePem, encodeUtf8, generateRsaKey, parseCertificate } from "@sealserve/core";
import { createVendor, type SnpRole, type SnpVendorOptions, type VekKind } from "@sealserve/simulator";
import type { AttestationErrorCode } from "../src/errors.ts";
import { isIssuerRevoked, isStale } from "../src/errors.ts";
import { SNP_PRODUCTS } from "../src/tee/snp-product.ts";
import { trustedRootFromPem, vendorRoot } from "../src/trust/trusted-root.ts";
import type { SnpCollateral } from "../src/verify/snp/snp-collateral.ts";
import { verifySnpCollateral } from "../src/verify/snp/verify-snp-collateral.ts";
import { DAY_MS, daysLater, flipped, NOW, refusal, root } from "./simulated.ts";
import { derOf, fullCollateral, issuersOf, snpOptions, snpRoot, snpVendor, vendors } from "./snp-simulated.ts";

const { Milan, Genoa } = vendors;
const full = await fullCollateral(Genoa);
const stranger = await generateRsaKey("rsa-pss-sha384", 4096);

async function refuses(collateral: SnpCollateral, code: AttestationErrorCode, options = snpOptions): Promise<void> {
  await assert.rejects(verifySnpCollateral(collateral, options), refusal(code));
}

/** Refuses a certificate that was made otherwise. */
async function refusesMade(
  role: SnpRole,
  override: NonNullable<SnpVendorOptions["certificates"]>[SnpRole],
  code: AttestationErrorCode = "snp-chain-invalid",
): Promise<void> {
  const vendor = await snpVendor("Genoa", { certificates: { [role]: override } });
  const kind: VekKind = role === "asvk" || role === "vlek" ? "vlek" : "vcek";
  await refuses({ ...issuersOf(vendor, kind), vek: derOf(vendor[kind]) }, code);
}

/** Pretends that the files of one vendor are the certificates of another size or kind of key. */
async function withKey(role: "ark" | "ask" | "asvk", bits: 2048 | 3072): Promise<SnpCollateral> {
  const keys = {
    ark: Genoa.ark.key,
    ask: Genoa.ask.key,
    asvk: Genoa.asvk.key,
    vcek: Genoa.vcek.key,
    vlek: Genoa.vlek.key,
  };
  const vendor = await snpVendor("Genoa", { keys: { ...keys, [role]: await generateRsaKey("rsa-pss-sha384", bits) } });
  return issuersOf(vendor);
}

describe("SEV-SNP collateral", () => {
  it("says which keys of which product it can prove, and for how long", async () => {
    for (const product of SNP_PRODUCTS) {
      for (const kind of ["vcek", "vlek"] as const) {
        const verified = await verifySnpCollateral(await fullCollateral(vendors[product], kind), snpOptions);
        assert.equal(verified.tee, "snp");
        assert.equal(verified.product, product);
        assert.equal(verified.signingKey, kind);
        assert.equal(verified.simulated, true);
        assert.equal(verified.revocation, "checked");
        assert.equal(verified.crlIssued?.getTime(), NOW.getTime());
        assert.equal(verified.crlNumber, 1n);
        assert.equal(verified.rootKey, snpRoot.amd[product]);
      }
    }
  });

  it("ends with the first of its certificates or its list", async () => {
    const { ask, ark, vek = "", crl = new Uint8Array() } = full;
    const ends = [
      [{ ...issuersOf(Genoa) }, Genoa.ask.certificate.notAfter],
      [{ ...issuersOf(Genoa), vek }, Genoa.vcek.certificate.notAfter],
      [{ ...full, crl: await Genoa.crl({ nextUpdate: daysLater(9) }) }, daysLater(9)],
    ] as const;
    for (const [collateral, end] of ends) {
      assert.equal((await verifySnpCollateral(collateral, snpOptions)).earliestExpiry.getTime(), end.getTime());
    }
    assert.ok(ask !== undefined && ark !== undefined && crl.length > 0);
  });

  it("may come without a list, and says so", async () => {
    const verified = await verifySnpCollateral(issuersOf(Genoa), snpOptions);
    assert.equal(verified.revocation, "unchecked");
    assert.equal(verified.crlIssued, undefined);
    assert.equal(verified.crlNumber, undefined);
  });

  it("may be PEM or DER, as text or as bytes, with the same digest", async () => {
    const { digest } = await verifySnpCollateral({ ...full, ark: derOf(Genoa.ark) }, snpOptions);
    const pem = (role: "ask" | "vcek"): string => encodePem("CERTIFICATE", derOf(Genoa[role]));
    const written = [
      { ...full, ask: pem("ask"), vek: pem("vcek") },
      { ...full, ask: encodeUtf8(pem("ask")), vek: encodeUtf8(`${pem("vcek")}\0`) },
    ];
    for (const collateral of written) {
      assert.equal((await verifySnpCollateral(collateral, snpOptions)).digest, digest);
    }
    assert.notEqual((await verifySnpCollateral(issuersOf(Genoa), snpOptions)).digest, digest);
  });

  it("without CA or root is refused", async () => {
    const { ask, ark } = issuersOf(Genoa);
    assert.ok(ask !== undefined && ark !== undefined);
    await refuses({ ask }, "snp-chain-missing");
    await refuses({ ark }, "snp-chain-missing");
    await refuses({}, "snp-chain-missing");
  });

  it("with something that is not exactly one certificate is refused", async () => {
    const { ask, ark } = issuersOf(Genoa);
    assert.ok(ask !== undefined && ark !== undefined);
    const two = Genoa.arkPem + Genoa.arkPem;
    const wrong = [
      "",
      "text",
      two,
      new Uint8Array(0),
      derOf(Genoa.ask).subarray(0, 700),
      concatBytes(derOf(Genoa.ask), new Uint8Array(1)),
    ];
    for (const source of [...wrong, new Uint8Array(100_000).fill(0x30), encodePem("X509 CRL", derOf(Genoa.ask))]) {
      await refuses({ ask: source, ark }, "snp-chain-malformed");
      await refuses({ ask, ark: source }, "snp-chain-malformed");
      await refuses({ ask, ark, vek: source }, "snp-chain-malformed");
    }
  });

  it("with a certificate longer than any of AMD's is refused, however well it is signed", async () => {
    const made = await snpVendor("Genoa", { certificates: { vcek: { extensions: { "6": new Uint8Array(4000) } } } });
    await refuses({ ...issuersOf(made), vek: derOf(made.vcek) }, "snp-chain-malformed");
    const fits = await snpVendor("Genoa", { certificates: { vcek: { extensions: { "6": new Uint8Array(1000) } } } });
    await verifySnpCollateral({ ...issuersOf(fits), vek: derOf(fits.vcek) }, snpOptions);
  });

  it("is not changed by the caller while it is verified", async () => {
    const given = {
      ask: Uint8Array.from(derOf(Genoa.ask)),
      ark: Uint8Array.from(derOf(Genoa.ark)),
      crl: await Genoa.crl(),
    };
    const verifying = verifySnpCollateral(given, snpOptions);
    given.ask.fill(0);
    given.ark.fill(0);
    given.crl.fill(0);
    assert.equal((await verifying).revocation, "checked");
  });
});

describe("the chain of an endorsement key", () => {
  it("leads to the root key that is pinned for its product", async () => {
    await refuses(full, "root-untrusted", { now: NOW, root: vendorRoot });
    await refuses(full, "root-untrusted", { now: NOW, root });
    const others = { ...snpRoot, amd: { ...snpRoot.amd, Genoa: vendorRoot.amd.Genoa } };
    await refuses(full, "root-untrusted", { now: NOW, root: others });
    await verifySnpCollateral(await fullCollateral(Milan), { now: NOW, root: others });
    const upper = { ...snpRoot, amd: { ...snpRoot.amd, Genoa: snpRoot.amd.Genoa.toUpperCase() } };
    assert.equal((await verifySnpCollateral(full, { now: NOW, root: upper })).rootKey, snpRoot.amd.Genoa);
  });

  it("does not mix the products of one vendor, nor the kinds of keys", async () => {
    const ask = derOf(Genoa.ask);
    await refuses({ ask, ark: Milan.arkPem }, "snp-chain-invalid");
    await refuses({ ...full, vek: derOf(Milan.vcek) }, "snp-chain-invalid");
    await refuses({ ...full, vek: derOf(Genoa.vlek) }, "snp-chain-invalid");
    await refuses({ ...issuersOf(Genoa, "vlek"), vek: derOf(Genoa.vcek) }, "snp-chain-invalid");
    await refuses({ ask, ark: ask }, "snp-chain-invalid");
    await refuses({ ask: Genoa.arkPem, ark: Genoa.arkPem }, "snp-chain-invalid");
    await refuses({ ...issuersOf(Genoa), vek: ask }, "snp-chain-invalid");
  });

  it("has the names of its roles, whole", async () => {
    const names: readonly (readonly [SnpRole, string])[] = [
      ["ark", "ARK-Milan"],
      ["ark", "ARK-Genoa2"],
      ["ark", "xARK-Genoa"],
      ["ask", "SEV-Genoa "],
      ["ask", "SEV-Siena"],
      ["ask", "sev-genoa"],
      ["ask", "SEV-Milan"],
      ["asvk", "SEV-VLEK-Milan"],
      ["vcek", "SEV-VLEK"],
      ["vcek", "SEV-VCEK2"],
      ["vlek", "SEV-VCEK"],
    ];
    for (const [role, commonName] of names) {
      await refusesMade(role, { commonName });
    }
  });

  it("has CAs where they belong, and only there", async () => {
    await refusesMade("ark", { ca: false });
    await refusesMade("ask", { ca: false });
    await refusesMade("asvk", { ca: false });
  });

  it("has keys that may sign certificates, and lists in the root", async () => {
    await refusesMade("ask", { keyUsage: ["digitalSignature"] });
    await refusesMade("asvk", { keyUsage: ["cRLSign"] });
    await refusesMade("ark", { keyUsage: ["keyCertSign"] });
    await refusesMade("ark", { keyUsage: ["cRLSign"] });
  });

  it("has keys of RSA-4096 in its CAs", async () => {
    for (const role of ["ask", "ark"] as const) {
      for (const bits of [2048, 3072] as const) {
        const collateral = await withKey(role, bits);
        const trusted = await trustedRootFromPem(typeof collateral.ark === "string" ? collateral.ark : "");
        await refuses(collateral, "snp-chain-invalid", { now: NOW, root: trusted });
      }
    }
  });

  it("is signed by each next one with RSA-PSS, the root by itself", async () => {
    for (const role of ["ask", "asvk", "vcek", "vlek"] as const) {
      await refusesMade(role, { signer: stranger });
    }
    await refusesMade("ark", { signer: stranger });
    await refusesMade("vcek", { signer: Genoa.asvk.key });
    await refusesMade("vcek", { signer: Genoa.ark.key });
    await refusesMade("vcek", { signer: Genoa.vcek.key });
    const plain = await generateRsaKey("sha256-with-rsa", 4096);
    await refusesMade("vcek", { signer: plain });
  });

  it("names as issuer who signed it", async () => {
    await refusesMade("vcek", { issuer: Milan.ask.certificate.subject });
    await refusesMade("ask", { issuer: Milan.ark.certificate.subject });
  });

  it("with one byte of a certificate changed is refused", async () => {
    const { ask, ark, vek } = { ask: derOf(Genoa.ask), ark: derOf(Genoa.ark), vek: derOf(Genoa.vcek) };
    for (let offset = 0; offset < vek.length; offset += 3) {
      const changed = { ask, ark, vek: flipped(vek, offset, 1 << (offset % 8)) };
      await assert.rejects(verifySnpCollateral(changed, snpOptions), { name: "AttestationError" }, `byte ${offset}`);
    }
    for (const [name, bytes] of Object.entries({ ask, ark })) {
      for (let offset = 0; offset < bytes.length; offset += 97) {
        const changed = { ask, ark, [name]: flipped(bytes, offset, 1 << (offset % 8)) };
        await assert.rejects(
          verifySnpCollateral(changed, snpOptions),
          { name: "AttestationError" },
          `${name} ${offset}`,
        );
      }
    }
  });

  it("counts within the validity of each certificate alone, and no grace helps", async () => {
    for (const role of ["ark", "ask", "vcek"] as const) {
      await refusesMade(role, { notAfter: new Date(NOW.getTime() - 1000) }, "snp-chain-expired");
      await refusesMade(role, { notBefore: daysLater(1) }, "snp-chain-not-yet-valid");
      const vendor = await snpVendor("Genoa", { certificates: { [role]: { notAfter: daysLater(1) } } });
      const collateral = { ...issuersOf(vendor), vek: derOf(vendor.vcek) };
      const options = { now: new Date(NOW.getTime() + DAY_MS + 1000), root: snpRoot, graceHours: 100 };
      await refuses(collateral, "snp-chain-expired", options);
      await verifySnpCollateral(collateral, { ...options, now: daysLater(1) });
    }
    assert.equal(isStale("snp-chain-expired"), true);
    assert.equal(isStale("snp-chain-not-yet-valid"), true);
  });

  it("of another vendor's kind is refused", async () => {
    const intel = await createVendor({ now: NOW });
    await refuses({ ask: intel.rootPem, ark: intel.rootPem }, "snp-chain-invalid");
  });
});

describe("the revocation list of the AMD root", () => {
  const ask = parseCertificate(derOf(Genoa.ask)).serialNumber;
  const ark = parseCertificate(derOf(Genoa.ark)).serialNumber;

  async function refusesList(overrides: Parameters<typeof Genoa.crl>[0], code: AttestationErrorCode): Promise<void> {
    await refuses({ ...issuersOf(Genoa), crl: await Genoa.crl(overrides) }, code);
  }

  it("takes back the CA of endorsement keys, or the root itself", async () => {
    await refusesList({ revoked: [ask] }, "snp-ask-revoked");
    await refusesList({ revoked: ["0123", ask, "0456"] }, "snp-ask-revoked");
    await refusesList({ revoked: [ark] }, "root-revoked");
    const asvk = Genoa.asvk.certificate.serialNumber;
    const crl = await Genoa.crl({ revoked: [asvk] });
    await refuses({ ...issuersOf(Genoa, "vlek"), crl }, "snp-ask-revoked");
    await verifySnpCollateral({ ...issuersOf(Genoa), crl }, snpOptions);
    assert.equal(isIssuerRevoked("snp-ask-revoked"), true);
  });

  it("is signed by the root", async () => {
    await refusesList({ signer: { key: stranger, certificate: Genoa.ark.certificate } }, "snp-crl-signature-invalid");
    await refusesList({ signer: Genoa.ask }, "snp-crl-signature-invalid");
    const crl = await Genoa.crl();
    await refuses({ ...full, crl: flipped(crl, crl.length - 1) }, "snp-crl-signature-invalid");
  });

  it("is of this root, not of another product's", async () => {
    await refusesList({ issuer: Milan.ark.certificate.subject }, "snp-crl-issuer-mismatch");
    await refuses({ ...full, crl: await Milan.crl() }, "snp-crl-issuer-mismatch");
  });

  it("that cannot be read is refused, and does not mean that nothing is revoked", async () => {
    const crl = await Genoa.crl();
    for (const bytes of [new Uint8Array(0), encodeUtf8("[]"), crl.subarray(0, 100), derOf(Genoa.ask)]) {
      await refuses({ ...full, crl: bytes }, "snp-crl-malformed");
    }
  });

  it("counts within its window, and after it only with a grace", async () => {
    await refusesList({ thisUpdate: daysLater(1), nextUpdate: daysLater(2) }, "crl-not-yet-valid");
    await refusesList({ thisUpdate: daysLater(-9), nextUpdate: daysLater(-1) }, "crl-expired");
    const crl = await Genoa.crl({ thisUpdate: daysLater(-9), nextUpdate: daysLater(-1) });
    await verifySnpCollateral({ ...full, crl }, { ...snpOptions, graceHours: 24 });
    await refuses({ ...full, crl }, "crl-expired", { ...snpOptions, graceHours: 23 });
  });

  it("that is out of date tells nothing of revocations", async () => {
    await refusesList({ revoked: [ask], nextUpdate: daysLater(-1), thisUpdate: daysLater(-2) }, "crl-expired");
  });
});
