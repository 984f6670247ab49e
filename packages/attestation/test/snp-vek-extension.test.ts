import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  encodeElement,
  encodeHex,
  encodeIa5String,
  encodeInteger,
  encodeOctetString,
  encodeUtf8String,
} from "@sealserve/core";
import { parseVekExtension, type VekExtension } from "../src/snp/vek-extension.ts";
import { refusal } from "./simulated.ts";
import { vendors } from "./snp-simulated.ts";

const ARC = "1.3.6.1.4.1.3704.1";

/** The extensions of a real certificate with some put in the place of others; undefined takes one out. */
function parse(changes: Readonly<Record<string, Uint8Array | undefined>> = {}): VekExtension {
  const extensions = new Map(vendors.Genoa.vcek.certificate.extensions);
  for (const [suffix, value] of Object.entries(changes)) {
    const oid = `${ARC}.${suffix}`;
    if (value === undefined) {
      extensions.delete(oid);
    } else {
      extensions.set(oid, { critical: false, value });
    }
  }
  return parseVekExtension({ extensions });
}

function refuses(changes: Readonly<Record<string, Uint8Array>>): void {
  assert.throws(() => parse(changes), refusal("snp-vek-extension-malformed"));
}

describe("the extensions of an endorsement key certificate", () => {
  it("tell chip, product and levels", () => {
    const { tcb, hardwareId } = vendors.Genoa;
    const { fmc: _, ...levels } = tcb;
    assert.deepEqual(parse(), {
      structureVersion: 0,
      productName: "Genoa",
      levels,
      reservedLevels: [0, 0, 0, 0],
      hardwareId: encodeHex(hardwareId),
      providerId: undefined,
    });
  });

  it("tell the provider of a key that is loaded, and the FMC of Turin", () => {
    const loaded = parseVekExtension(vendors.Milan.vlek.certificate);
    assert.equal(loaded.providerId, "CN=cloud.simulator.invalid");
    assert.equal(loaded.hardwareId, undefined);
    assert.equal(loaded.productName, "Milan");
    const turin = parseVekExtension(vendors.Turin.vcek.certificate);
    assert.deepEqual(turin.levels, vendors.Turin.tcb);
    assert.deepEqual(turin.reservedLevels, [0, 0, 0]);
    assert.equal(turin.hardwareId?.length, 16);
    assert.equal(turin.structureVersion, 1);
  });

  it("may lack anything: that shows where it is compared", () => {
    const suffixes = ["1", "2", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "4"];
    assert.deepEqual(parse(Object.fromEntries(suffixes.map((suffix) => [suffix, undefined]))), {
      structureVersion: undefined,
      productName: undefined,
      levels: {},
      reservedLevels: [],
      hardwareId: undefined,
      providerId: undefined,
    });
  });

  it("have levels from 0 to 255, as integers of one or two bytes", () => {
    for (const level of [0, 127, 128, 200, 255]) {
      assert.equal(parse({ "3.8": encodeInteger(level) }).levels.microcode, level);
    }
  });

  it("with a level that is none are refused", () => {
    const values = [
      encodeInteger(256),
      encodeInteger(0x0102_0304_0506n),
      Uint8Array.of(0x02, 0x01, 0xc8),
      Uint8Array.of(0x02, 0x02, 0x00, 0x48),
      Uint8Array.of(0x02, 0x00),
      Uint8Array.of(0x48),
      new Uint8Array(0),
      Uint8Array.of(0x0a, 0x01, 0x48),
      Uint8Array.of(0x02, 0x01, 0x48, 0x00),
      encodeOctetString(encodeInteger(72)),
    ];
    for (const value of values) {
      for (const suffix of ["1", "3.1", "3.2", "3.3", "3.4", "3.7", "3.8", "3.9"]) {
        refuses({ [suffix]: value });
      }
    }
  });

  it("with the level of a component that nobody knows are refused", () => {
    for (const suffix of ["3.10", "3.0", "3.1.1", "3.80"]) {
      refuses({ [suffix]: encodeInteger(1) });
    }
  });

  it("have the hardware id as it stands, whatever its first bytes look like", () => {
    for (const first of [0x02, 0x04, 0x30]) {
      const hardwareId = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? first : index === 1 ? 62 : 7));
      assert.equal(parse({ "4": hardwareId }).hardwareId, encodeHex(hardwareId));
    }
    const wrapped = encodeOctetString(new Uint8Array(64).fill(7));
    assert.equal(parse({ "4": wrapped }).hardwareId?.length, 2 * 66);
  });

  it("with names in another form are refused", () => {
    for (const suffix of ["2", "5"]) {
      refuses({ [suffix]: encodeUtf8String("Genoa") });
      refuses({ [suffix]: encodeElement(0x16, Uint8Array.of(0xc3, 0xa4)) });
      refuses({ [suffix]: Uint8Array.from([...encodeIa5String("Genoa"), 0]) });
      refuses({ [suffix]: new Uint8Array(0) });
    }
  });
});
