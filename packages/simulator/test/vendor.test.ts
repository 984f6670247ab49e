import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  encodeCollateralFile,
  parseCollateralFile,
  TCB_STATUSES,
  trustedRootFromPem,
  vendorRoot,
  verifyEvidence,
} from "@sealserve/attestation";
import { SIMULATED_ORGANISATION } from "../src/vendor/certificates.ts";
import { createVendor } from "../src/vendor/vendor.ts";
import { days, mrEnclave, now, refused, reportData, stranger, vendor, verify } from "./verdict.ts";

describe("what the simulated vendor makes is accepted", () => {
  it("as evidence of a genuine, up-to-date platform under the vendor's root, marked simulated", async () => {
    const evidence = await verify({});
    assert.equal(evidence.simulated, true);
    assert.equal(evidence.tcbStatus, "UpToDate");
    assert.deepEqual(evidence.advisoryIds, []);
    assert.deepEqual(evidence.report.reportData, reportData);
    assert.equal(evidence.report.attributes.debug, false);
    assert.equal(evidence.pck.fmspc, vendor.machine.fmspc);
    assert.equal(evidence.pck.ppid, vendor.machine.ppid);
    assert.equal(evidence.pck.platformInstanceId, vendor.machine.platformInstanceId);
  });

  it("for all of the thirty days of its documents, and no longer", async () => {
    await verify({ at: days(30 - 0.001) });
    await refused(/expired/, { at: days(30.001) });
  });

  it("with every field of the report as asked", async () => {
    const { report } = await verify({
      quote: {
        mrSigner: "a1".repeat(32),
        isvProdId: 7,
        isvSvn: 65535,
        attributes: { flags: 0x85n, xfrm: 0x3n },
        configId: "c0".repeat(64),
        configSvn: 3,
        isvExtProdId: "e0".repeat(16),
        isvFamilyId: "f0".repeat(16),
        miscSelect: 1,
      },
    });
    assert.deepEqual(report.mrSigner, new Uint8Array(32).fill(0xa1));
    assert.deepEqual([report.isvProdId, report.isvSvn, report.configSvn, report.miscSelect], [7, 65535, 3, 1]);
    assert.deepEqual([report.attributes.kss, report.attributes.xfrm], [true, 3n]);
    assert.deepEqual(report.configId, new Uint8Array(64).fill(0xc0));
    assert.deepEqual(report.isvExtProdId, new Uint8Array(16).fill(0xe0));
    assert.deepEqual(report.isvFamilyId, new Uint8Array(16).fill(0xf0));
  });

  it("with quoting enclave authentication data of any length", async () => {
    for (const length of [0, 1, 33, 500]) {
      await verify({ quote: { authenticationData: new Uint8Array(length).fill(9) } });
    }
  });

  it("with every TCB status, its date and advisories", async () => {
    for (const tcbStatus of TCB_STATUSES.filter((status) => status !== "Revoked")) {
      const advisoryIds = ["SIMULATED-SA-1", "SIMULATED-SA-2"];
      const evidence = await verify({ collateral: { tcbStatus, advisoryIds, tcbDate: days(-1000) } });
      assert.equal(evidence.tcbStatus, tcbStatus);
      assert.deepEqual([...evidence.advisoryIds].sort(), advisoryIds);
      assert.equal(evidence.tcbDate.getTime(), Math.floor(days(-1000).getTime() / 1000) * 1000);
    }
  });

  it("as revoked, where a verifier reports that at all", async () => {
    const outcome = await verify({ collateral: { tcbStatus: "Revoked" } }).then(
      ({ tcbStatus }) => tcbStatus,
      ({ name }: Error) => name,
    );
    assert.ok(["Revoked", "AttestationError"].includes(outcome), outcome);
  });

  it("with a lower level for an older machine and an older quoting enclave", async () => {
    const { componentSvns, pceSvn } = vendor.machine;
    const older = { componentSvns: componentSvns.map((svn) => Math.max(0, svn - 1)), pceSvn: pceSvn - 1 };
    const levels = {
      tcbLevels: [
        { componentSvns, pceSvn, status: "UpToDate" },
        { ...older, status: "ConfigurationNeeded" },
      ],
    };
    const old = await createVendor({ now, machine: older });
    assert.equal((await verify({ of: old, collateral: levels })).platformTcbStatus, "ConfigurationNeeded");
    const outdated = await verify({ quote: { qeReport: { isvSvn: 6 } } });
    assert.deepEqual([outdated.qeTcbStatus, outdated.tcbStatus], ["OutOfDate", "OutOfDate"]);
    assert.equal((await verify({ collateral: { qeTcbStatus: "OutOfDate" } })).tcbStatus, "OutOfDate");
  });

  it("with the evaluation number it was given", async () => {
    const evidence = await verify({ collateral: { tcbEvaluationDataNumber: 42 } });
    assert.equal(evidence.tcbEvaluationDataNumber, 42);
  });

  it("after collateral went through a file", async () => {
    const collateral = await vendor.collateral();
    assert.deepEqual(parseCollateralFile(encodeCollateralFile(collateral)), collateral);
  });

  it("with a chain beside a quote that only hints at its platform", async () => {
    const hint = { type: 3, data: new Uint8Array(404) };
    const quote = await vendor.quote({ mrEnclave, reportData, certificationData: hint });
    const options = { now, root: await trustedRootFromPem(vendor.rootPem) };
    const collateral = await vendor.collateral();
    await verifyEvidence(quote, { ...collateral, pckCertificateChain: vendor.pckChainPem }, options);
    await assert.rejects(verifyEvidence(quote, collateral, options), { code: "pck-chain-missing" });
  });
});

describe("what the simulated vendor makes", () => {
  it("never counts under Intel's root", async () => {
    const evidence = await vendor.quote({ mrEnclave, reportData });
    await assert.rejects(verifyEvidence(evidence, await vendor.collateral(), { now, root: vendorRoot }), {
      code: "root-untrusted",
    });
  });

  it("says in every name that it is not secure", () => {
    for (const { certificate } of [vendor.root, vendor.platformCa, vendor.pck, vendor.tcbSigning]) {
      assert.match(new TextDecoder().decode(certificate.subject.raw), new RegExp(SIMULATED_ORGANISATION));
    }
    assert.match(SIMULATED_ORGANISATION, /simulator NOT SECURE/);
    assert.equal(vendor.simulated, true);
  });

  it("has a new root each time", () => {
    assert.notEqual(vendor.rootPem, stranger.rootPem);
  });

  it("has serial numbers and identifiers from the source of randomness it was given", async () => {
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(0xff);
    const made = await createVendor({ now, random });
    assert.equal(made.machine.ppid, "ff".repeat(16));
    assert.equal(made.pck.certificate.serialNumber, `7f${"ff".repeat(15)}`);
    await verify({ of: made });
  });

  it("refuses report data of another length, and identities that are no digests", async () => {
    await assert.rejects(vendor.quote({ mrEnclave, reportData: new Uint8Array(63) }), { code: "bad-argument" });
    await assert.rejects(vendor.quote({ mrEnclave: "5e", reportData }), { code: "bad-hex" });
    await assert.rejects(vendor.quote({ mrEnclave, mrSigner: "xy".repeat(32), reportData }), { code: "bad-hex" });
  });
});
