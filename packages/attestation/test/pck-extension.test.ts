import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  concatBytes,
  type DerElement,
  derSequence,
  encodeBoolean,
  encodeEnumerated,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  parseCertificateChainPem,
  parseDer,
} from "@sealserve/core";
import { encodeSgxExtension } from "@sealserve/simulator";
import { parsePckExtension } from "../src/pck/pck-extension.ts";
import { refusal, vendor } from "./simulated.ts";

const SGX = "1.2.840.113741.1.13.1";
const certificate = vendor.pck.certificate;
const entries = derSequence(parseDer(encodeSgxExtension(vendor.machine))).map(({ raw }) => raw);
const tcbEntries = derSequence(secondOf(entries[1])).map(({ raw }) => raw);

function secondOf(entry: Uint8Array | undefined): DerElement {
  assert.ok(entry);
  const value = derSequence(parseDer(entry))[1];
  assert.ok(value);
  return value;
}

function pair(suffix: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(`${SGX}.${suffix}`), value);
}

function parse(value: Uint8Array) {
  return parsePckExtension({ ...certificate, extensions: new Map([[SGX, { critical: false, value }]]) });
}

/** The extension with one of its entries (0 is the PPID) replaced; without replacement it is left out. */
function withEntry(index: number, ...replacement: readonly Uint8Array[]): Uint8Array {
  return encodeSequence(...entries.toSpliced(index, 1, ...replacement));
}

/** The extension with one entry of its TCB (0 is component 1) replaced. */
function withTcbEntry(index: number, ...replacement: readonly Uint8Array[]): Uint8Array {
  return withEntry(1, pair("2", encodeSequence(...tcbEntries.toSpliced(index, 1, ...replacement))));
}

describe("the SGX extension of a PCK certificate", () => {
  it("describes the platform", () => {
    const { componentSvns, ...machine } = vendor.machine;
    const { components, sgxType, configuration, cpuSvn, ...rest } = parsePckExtension(certificate);
    assert.deepEqual(rest, machine);
    assert.deepEqual(components, componentSvns);
    assert.equal(sgxType, 1);
    assert.equal(cpuSvn.length, 32);
    assert.deepEqual(configuration, { dynamicPlatform: false, cachedKeys: false, smtEnabled: false });
  });

  it("of a Processor CA has neither platform instance nor configuration", () => {
    const parsed = parse(encodeSequence(...entries.slice(0, 5)));
    assert.equal(parsed.platformInstanceId, undefined);
    assert.equal(parsed.configuration, undefined);
  });

  it("has SVNs of one and two bytes, with and without a leading zero", () => {
    assert.equal(parse(withTcbEntry(0, pair("2.1", encodeInteger(200)))).components[0], 200);
    for (const pceSvn of [0, 127, 128, 200, 300, 65535]) {
      assert.equal(parse(withTcbEntry(16, pair("2.17", encodeInteger(pceSvn)))).pceSvn, pceSvn);
    }
  });

  it("takes the sixteen numbers, not the bytes of CPUSVN", () => {
    const cpuSvn = new Uint8Array(16).fill(0xee);
    const parsed = parse(withTcbEntry(17, pair("2.18", encodeOctetString(cpuSvn))));
    assert.deepEqual(parsed.components, vendor.machine.componentSvns);
    assert.equal(parsed.cpuSvn, "ee".repeat(16));
  });

  it("is refused when it is missing", () => {
    const bare = { ...certificate, extensions: new Map() };
    assert.throws(() => parsePckExtension(bare), refusal("pck-extension-malformed"));
    const [, platformCa] = parseCertificateChainPem(vendor.pckChainPem);
    assert.ok(platformCa);
    assert.throws(() => parsePckExtension(platformCa), refusal("pck-extension-malformed"));
  });

  it("is refused when any required value is missing or stands twice", () => {
    for (let index = 0; index < 5; index++) {
      const entry = entries[index];
      assert.ok(entry);
      assert.throws(() => parse(withEntry(index)), refusal("pck-extension-malformed"), `without entry ${index + 1}`);
      assert.throws(() => parse(withEntry(index, entry, entry)), refusal("pck-extension-malformed"));
    }
    for (const [index, entry] of tcbEntries.entries()) {
      assert.throws(() => parse(withTcbEntry(index)), refusal("pck-extension-malformed"), `without .2.${index + 1}`);
      assert.throws(() => parse(withTcbEntry(index, entry, entry)), refusal("pck-extension-malformed"));
    }
  });

  it("is refused with values out of their range, length or type", () => {
    const wrong = {
      "component 256": withTcbEntry(0, pair("2.1", encodeInteger(256))),
      "negative component": withTcbEntry(0, pair("2.1", Uint8Array.of(0x02, 0x01, 0x80))),
      "component with a needless zero": withTcbEntry(0, pair("2.1", Uint8Array.of(0x02, 0x02, 0x00, 0x01))),
      "component as octets": withTcbEntry(0, pair("2.1", encodeOctetString(Uint8Array.of(1)))),
      "PCESVN 65536": withTcbEntry(16, pair("2.17", encodeInteger(65536))),
      "CPUSVN of 15 bytes": withTcbEntry(17, pair("2.18", encodeOctetString(new Uint8Array(15)))),
      "PPID of 17 bytes": withEntry(0, pair("1", encodeOctetString(new Uint8Array(17)))),
      "PCEID of one byte": withEntry(2, pair("3", encodeOctetString(new Uint8Array(1)))),
      "FMSPC of five bytes": withEntry(3, pair("4", encodeOctetString(new Uint8Array(5)))),
      "SGX type as octets": withEntry(4, pair("5", encodeOctetString(Uint8Array.of(0)))),
      "platform instance id of 8 bytes": withEntry(5, pair("6", encodeOctetString(new Uint8Array(8)))),
      "configuration that is no table": withEntry(6, pair("7", encodeBoolean(true))),
      "an entry of three elements": withEntry(
        4,
        encodeSequence(encodeOid(`${SGX}.5`), encodeEnumerated(0), encodeEnumerated(0)),
      ),
      "an entry without value": withEntry(4, encodeSequence(encodeOid(`${SGX}.5`))),
      "no sequence": encodeInteger(0),
      "bytes behind its end": concatBytes(encodeSgxExtension(vendor.machine), Uint8Array.of(0)),
      "no bytes": new Uint8Array(),
    };
    for (const [what, value] of Object.entries(wrong)) {
      assert.throws(() => parse(value), refusal("pck-extension-malformed"), what);
    }
  });
});
