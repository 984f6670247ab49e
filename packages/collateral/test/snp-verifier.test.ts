// Revocation lists of AMD's roots never go back, although each of them counts for a year.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type SnpCollateral, type TrustedRoot, trustedRootFromPem } from "@sealserve/attestation";
import { type SnpVerifier, snpVerifier } from "@sealserve/collateral";
import { type SnpVendor, sharedSnpVendor } from "@sealserve/simulator";

const start = new Date("2026-03-01T12:00:00Z");
const now = new Date(start.getTime() + 3600_000);

let vendor: SnpVendor;
let root: TrustedRoot;

type List = NonNullable<Parameters<SnpVendor["crl"]>[0]>;

async function collateral(list?: List): Promise<SnpCollateral> {
  const issuers = { ask: vendor.ask.certificate.raw, ark: vendor.ark.certificate.raw };
  return list === undefined ? issuers : { ...issuers, crl: await vendor.crl(list) };
}

function verifier(marks: Map<string, bigint> = new Map()): SnpVerifier {
  const save = async (kept: ReadonlyMap<string, bigint>): Promise<void> => {
    for (const [document, value] of kept) {
      marks.set(document, value);
    }
  };
  return snpVerifier({ root, now: () => now, memory: { marks: new Map(marks), save } });
}

describe("the newest revocation list of a root", () => {
  before(async () => {
    vendor = await sharedSnpVendor("Milan", start);
    root = await trustedRootFromPem(vendor.arkPem);
  });

  it("may be the same again, or a newer one", async () => {
    const amd = verifier();
    const first = await amd.verify(await collateral({ number: 7 }));
    await amd.verify(await collateral({ number: 7 }));
    assert.ok(amd.holds(first));
    const newer = await amd.verify(await collateral({ number: 8 }));
    assert.ok(amd.holds(newer));
    assert.ok(!amd.holds(first));
  });

  it("is not followed by an older one: by number, by date, or without a list", async () => {
    const amd = verifier();
    await amd.verify(await collateral({ number: 7 }));
    const earlier = new Date(start.getTime() - 24 * 3600_000);
    for (const older of [{ number: 6 }, { number: 8, thisUpdate: earlier }, undefined]) {
      await assert.rejects(amd.verify(await collateral(older)), { code: "rolled-back" });
    }
  });

  it("counts although it revokes the CA beside it, and after a restart", async () => {
    const marks = new Map<string, bigint>();
    const revoked = [vendor.ask.certificate.serialNumber];
    await assert.rejects(verifier(marks).verify(await collateral({ number: 9, revoked })), {
      code: "snp-ask-revoked",
    });
    await assert.rejects(verifier(marks).verify(await collateral({ number: 8 })), { code: "rolled-back" });
    await verifier(marks).verify(await collateral({ number: 10 }));
  });

  it("is not moved by a list that is not proven", async () => {
    const amd = verifier();
    const forged = { number: 9, revoked: [vendor.ask.certificate.serialNumber], signer: vendor.ask };
    await assert.rejects(amd.verify(await collateral(forged)), { code: "snp-crl-signature-invalid" });
    await amd.verify(await collateral({ number: 8 }));
  });

  it("is of one product only", async () => {
    const genoa = await sharedSnpVendor("Genoa", start);
    const genoaRoot = await trustedRootFromPem(genoa.arkPem);
    const both = snpVerifier({ root: { ...root, amd: { ...root.amd, Genoa: genoaRoot.amd.Genoa } }, now: () => now });
    await both.verify(await collateral({ number: 7 }));
    const { ask, ark } = genoa;
    const crl = await genoa.crl({ number: 1 });
    await both.verify({ ask: ask.certificate.raw, ark: ark.certificate.raw, crl });
  });
});
