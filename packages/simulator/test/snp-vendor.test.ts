import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ByteReader,
  type Certificate,
  encodeHex,
  generateEcKey,
  parseCertificate,
  parseCertificateRevocationList,
  type SigningKey,
  verifySignedBy,
} from "@sealserve/core";
import { SIMULATED_ORGANISATION } from "../src/vendor/certificates.ts";
import { CERTIFICATE_GUIDS } from "../src/vendor/snp/certificate-table.ts";
import { sharedSnpKeys, sharedSnpVendor } from "../src/vendor/snp/shared-snp-vendor.ts";
import type { SnpCertificateOverrides, SnpRole } from "../src/vendor/snp/snp-certificates.ts";
import type { SnpProduct } from "../src/vendor/snp/snp-product.ts";
import { createSnpVendor, type SnpVendor } from "../src/vendor/snp/snp-vendor.ts";
import { days, now } from "./verdict.ts";

const ROLES = ["ark", "ask", "asvk", "vcek", "vlek"] as const satisfies readonly SnpRole[];
const PRODUCTS = ["Milan", "Genoa", "Turin"] as const satisfies readonly SnpProduct[];
const ARC = "1.3.6.1.4.1.3704.1.";

const keys = await sharedSnpKeys("Milan");
const milan = await sharedSnpVendor("Milan", now);
const genoa = await createSnpVendor({ now, product: "Genoa", keys });
const turin = await createSnpVendor({ now, product: "Turin", keys });

/** AMD's extensions as they stand, by the last parts of the identifier, in order. */
const amdExtensions = ({ extensions }: Certificate): [string, string][] =>
  [...extensions].map(([oid, { value, critical }]) => {
    assert.ok(oid.startsWith(ARC) && !critical, oid);
    return [oid.slice(ARC.length), encodeHex(value)];
  });

const extension = ({ certificate }: { certificate: Certificate }, suffix: string): string | undefined =>
  new Map(amdExtensions(certificate)).get(suffix);

const wrong = async (role: SnpRole, overrides: SnpCertificateOverrides): Promise<Certificate> =>
  (await createSnpVendor({ now, product: "Milan", keys, certificates: { [role]: overrides } }))[role].certificate;

describe("certificates of the SEV-SNP vendor", () => {
  it("form the two chains of AMD, each signed with RSA-PSS by the one above", async () => {
    const pairs = [
      ["ark", "ark"],
      ["ask", "ark"],
      ["asvk", "ark"],
      ["vcek", "ask"],
      ["vlek", "asvk"],
    ] as const;
    for (const vendor of [milan, genoa, turin]) {
      for (const [role, above] of pairs) {
        const { certificate } = vendor[role];
        assert.equal(certificate.signatureAlgorithm, "rsa-pss-sha384");
        assert.deepEqual(certificate.issuer.raw, vendor[above].certificate.subject.raw);
        assert.ok(await verifySignedBy(certificate, vendor[above].certificate.publicKeyInfo), role);
      }
    }
  });

  it("have AMD's names but for the organisation, which warns", () => {
    const names = (vendor: SnpVendor) => ROLES.map((role) => vendor[role].certificate.subject.commonName);
    assert.deepEqual(names(milan), ["ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan", "SEV-VCEK", "SEV-VLEK"]);
    assert.deepEqual(names(turin), ["ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin", "SEV-VCEK", "SEV-VLEK"]);
    for (const role of ROLES) {
      const name = new TextDecoder().decode(milan[role].certificate.subject.raw);
      assert.match(name, new RegExp(`Engineering.*Santa Clara.*${SIMULATED_ORGANISATION}`, "s"));
    }
    assert.equal(milan.simulated, true);
  });

  it("say what AMD's say about CAs, and nothing about endorsement keys", () => {
    const { ark, ask, asvk, vcek, vlek } = milan;
    assert.deepEqual(
      [ark, ask, asvk].map(({ certificate }) => [certificate.isCa, certificate.pathLength]),
      [
        [true, undefined],
        [true, 0],
        [true, 0],
      ],
    );
    assert.deepEqual([...(ark.certificate.keyUsage ?? [])], ["keyCertSign", "cRLSign"]);
    assert.deepEqual([...(ask.certificate.keyUsage ?? [])], ["keyCertSign"]);
    for (const { certificate } of [vcek, vlek]) {
      assert.deepEqual([certificate.isCa, certificate.keyUsage, certificate.serialNumber], [false, undefined, "00"]);
    }
  });

  it("have AMD's serial numbers and lifetimes", () => {
    const serials = (vendor: SnpVendor) => ROLES.slice(0, 3).map((role) => vendor[role].certificate.serialNumber);
    assert.deepEqual(serials(milan), ["010000", "010001", "010101"]);
    assert.deepEqual(serials(genoa), ["020000", "020002", "020101"]);
    assert.deepEqual(serials(turin), ["030000", "030001", "030101"]);
    assert.deepEqual(
      ROLES.map((role) => milan[role].certificate.notAfter.getUTCFullYear() - 2026),
      [25, 25, 25, 7, 1],
    );
  });

  it("have RSA keys of 4096 bits and P-384 keys", () => {
    const sizes = ROLES.map((role) => milan[role].certificate.publicKeyInfo.length);
    assert.deepEqual(sizes, [550, 550, 550, 120, 120]);
    assert.ok(milan.ark.key.algorithm === "rsa-pss-sha384" && milan.vcek.key.algorithm === "ecdsa-with-sha384");
  });

  it("describe a Milan processor in AMD's order, the hardware id without a DER tag", () => {
    assert.deepEqual(amdExtensions(milan.vcek.certificate), [
      ["1", "020100"],
      ["2", "16084d696c616e2d4230"],
      ["3.1", "020104"],
      ["3.2", "020100"],
      ["3.4", "020100"],
      ["3.5", "020100"],
      ["3.6", "020100"],
      ["3.7", "020100"],
      ["3.3", "020118"],
      ["3.8", "020200db"],
      ["4", encodeHex(milan.hardwareId)],
    ]);
    assert.equal(milan.hardwareId.length, 64);
  });

  it("describe a Turin processor with its FMC and a hardware id of eight bytes", () => {
    assert.deepEqual(amdExtensions(turin.vcek.certificate), [
      ["1", "020101"],
      ["2", "1605547572696e"],
      ["3.9", "020101"],
      ["3.1", "020102"],
      ["3.2", "020101"],
      ["3.3", "020104"],
      ["3.5", "020100"],
      ["3.6", "020100"],
      ["3.7", "020100"],
      ["3.8", "02014f"],
      ["4", encodeHex(turin.hardwareId)],
    ]);
    assert.equal(turin.hardwareId.length, 8);
  });

  it("name the provider of a VLEK in place of the processor", () => {
    const vlek = new Map(amdExtensions(milan.vlek.certificate));
    assert.equal(vlek.get("2"), "16054d696c616e");
    assert.equal(vlek.get("4"), undefined);
    assert.equal(vlek.get("5"), `161a${encodeHex(new TextEncoder().encode("CN=cloud.simulator.invalid"))}`);
  });

  it("are made from the processor that was asked for", async () => {
    const hardwareId = new Uint8Array(64).fill(0x02);
    const made = await createSnpVendor({ now, product: "Genoa", keys, tcb: { microcode: 200 }, hardwareId });
    assert.equal(extension(made.vcek, "3.8"), "020200c8");
    assert.equal(extension(made.vlek, "3.8"), "020200c8");
    assert.equal(extension(made.vcek, "4"), "02".repeat(64));
    assert.deepEqual([made.tcb.microcode, made.tcb.bootLoader, made.hardwareId], [200, 10, hardwareId]);
  });

  it("have a root of their own for each product and vendor", async () => {
    const { ark } = await sharedSnpKeys("Genoa");
    assert.notDeepEqual(ark.publicKeyInfo, milan.ark.key.publicKeyInfo);
    assert.equal((await sharedSnpKeys("Genoa")).ark, ark);
    assert.equal(await sharedSnpVendor("Milan", now), milan);
    assert.notEqual(await sharedSnpVendor("Milan", days(1)), milan);
  });
});

describe("overrides of the certificates", () => {
  it("change name, validity, serial number and use", async () => {
    const changed = await wrong("ask", {
      commonName: "SEV-Rome",
      notBefore: days(1),
      notAfter: days(2),
      serialNumber: 0x20001,
      ca: false,
      keyUsage: ["digitalSignature"],
    });
    assert.deepEqual([changed.subject.commonName, changed.serialNumber, changed.isCa], ["SEV-Rome", "020001", false]);
    assert.deepEqual([changed.notBefore.getDate(), changed.notAfter.getDate()], [2, 3]);
    assert.deepEqual([...(changed.keyUsage ?? [])], ["digitalSignature"]);
    assert.equal((await wrong("vcek", { ca: true })).isCa, true);
  });

  it("change the signer without the issuer's name, and the name without the signer", async () => {
    const signer: SigningKey = await generateEcKey("P-384");
    const strange = await wrong("vcek", { signer });
    assert.deepEqual(strange.issuer.raw, milan.ask.certificate.subject.raw);
    assert.equal(await verifySignedBy(strange, keys.ask.publicKeyInfo), false);
    const misnamed = await wrong("vcek", { issuer: milan.asvk.certificate.subject });
    assert.equal(misnamed.issuer.commonName, "SEV-VLEK-Milan");
    assert.ok(await verifySignedBy(misnamed, keys.ask.publicKeyInfo));
  });

  it("change, remove and add what the certificate says about the processor", async () => {
    const facts = new Map(amdExtensions(await wrong("vcek", { facts: { tcb: { ...milan.tcb, microcode: 7 } } })));
    assert.equal(facts.get("3.8"), "020107");
    const product = await wrong("vcek", { facts: { product: "Turin", productName: "Turin" } });
    assert.equal(new Map(amdExtensions(product)).get("3.9"), "020100");
    const values = { "3.8": "absent", "4": Uint8Array.of(4, 1, 0), "5": Uint8Array.of(22, 0) } as const;
    const changed = new Map(amdExtensions(await wrong("vcek", { extensions: values })));
    assert.deepEqual([changed.has("3.8"), changed.get("4"), changed.get("5")], [false, "040100", "1600"]);
  });
});

describe("revocation list of the SEV-SNP root", () => {
  it("is signed by the root with RSA-PSS, for a year", async () => {
    const list = parseCertificateRevocationList(await milan.crl());
    assert.equal(list.signatureAlgorithm, "rsa-pss-sha384");
    assert.deepEqual(list.issuer.raw, milan.ark.certificate.subject.raw);
    assert.ok(await verifySignedBy(list, keys.ark.publicKeyInfo));
    assert.deepEqual(
      [list.thisUpdate, list.nextUpdate].map((date) => date.toISOString()),
      ["2026-06-01T12:00:00.000Z", "2027-06-01T12:00:00.000Z"],
    );
    assert.deepEqual([...list.revoked], []);
  });

  it("has the former ASK on it for Genoa, as AMD's list has", async () => {
    assert.deepEqual([...parseCertificateRevocationList(await genoa.crl()).revoked], ["020001"]);
  });

  it("can be made wrong", async () => {
    const list = parseCertificateRevocationList(
      await milan.crl({
        revoked: [milan.ask.certificate.serialNumber],
        thisUpdate: days(1),
        nextUpdate: days(2),
        signer: milan.ask,
        issuer: milan.ask.certificate.subject,
        number: 7,
      }),
    );
    assert.deepEqual([...list.revoked, list.number], ["010001", 7n]);
    assert.equal(list.thisUpdate.getDate(), 2);
    assert.equal(list.issuer.commonName, "SEV-Milan");
    assert.equal(await verifySignedBy(list, keys.ark.publicKeyInfo), false);
  });
});

describe("certificate table", () => {
  const readTable = (table: Uint8Array): [string, Uint8Array][] => {
    const reader = new ByteReader(table);
    const entries: [string, Uint8Array][] = [];
    for (;;) {
      const guid = encodeHex(reader.bytes(16));
      const [offset, length] = [reader.u32(), reader.u32()];
      if (guid === "00".repeat(16)) {
        return entries;
      }
      entries.push([guid, table.subarray(offset, offset + length)]);
    }
  };
  const wire = (name: keyof typeof CERTIFICATE_GUIDS): string => CERTIFICATE_GUIDS[name].replaceAll("-", "");

  it("hands out VCEK, ASK and ARK in DER under GUIDs in the order of their text", () => {
    const entries = readTable(milan.certificateTable());
    assert.equal(wire("vcek"), "63da758de6644564adc5f4b93be8accd");
    assert.deepEqual(
      entries.map(([guid]) => guid),
      [wire("vcek"), wire("ask"), wire("ark")],
    );
    const [vcek, ask, ark] = entries.map(([, der]) => parseCertificate(der));
    assert.deepEqual(
      [vcek?.subject.commonName, ask?.subject.commonName, ark?.subject.commonName],
      ["SEV-VCEK", "SEV-Milan", "ARK-Milan"],
    );
  });

  it("hands out a VLEK with the ASVK", () => {
    const entries = readTable(milan.certificateTable({ signedBy: "vlek" }));
    assert.deepEqual(
      entries.map(([guid]) => guid),
      [wire("vlek"), wire("ask"), wire("ark")],
    );
    assert.equal(parseCertificate(entries[1]?.[1] ?? new Uint8Array(0)).subject.commonName, "SEV-VLEK-Milan");
  });

  it("can lie about places and lengths, have no end, and fill a page", () => {
    const entry = { guid: CERTIFICATE_GUIDS.vcek, data: Uint8Array.of(1, 2, 3) };
    const proper = milan.certificateTable({ entries: [entry] });
    assert.equal(encodeHex(proper), `${wire("vcek")}3000000003000000${"00".repeat(24)}010203`);
    const lying = milan.certificateTable({ entries: [{ ...entry, offset: 0xffff_ffff, length: 7 }] });
    assert.equal(encodeHex(lying.subarray(16, 24)), "ffffffff07000000");
    const endless = milan.certificateTable({ entries: [entry], end: false });
    assert.equal(encodeHex(endless), `${wire("vcek")}1800000003000000010203`);
    const page = milan.certificateTable({ entries: [], trailing: new Uint8Array(4072) });
    assert.deepEqual(page, new Uint8Array(4096));
  });

  it("is the same for each product", () => {
    for (const product of PRODUCTS) {
      const vendor = { Milan: milan, Genoa: genoa, Turin: turin }[product];
      assert.deepEqual(readTable(vendor.certificateTable())[0]?.[1], vendor.vcek.certificate.raw);
    }
  });
});
