import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeBase64, encodeHex, encodePem, encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";
import { AttestationError, type AttestationErrorCode } from "../src/errors.ts";
import {
  GPU_EVIDENCE_MAX_DEVICES,
  GPU_EVIDENCE_MAX_LENGTH,
  type GpuEvidence,
  parseGpuEvidence,
} from "../src/gpu/gpu-evidence.ts";
import {
  type CraftedExchange,
  chain,
  craftedBlock,
  craftedDevice,
  craftedEvidence,
  craftedExchange,
  craftedPem,
  evidence,
  HOPPER_NAMES,
  NONCE,
  RECORD,
  signedExchange,
} from "./crafted-gpu.ts";
import { refusal } from "./simulated.ts";

const exchange = await signedExchange();
const device = await craftedDevice(chain, { evidence: encodeBase64(exchange) });

function parseOne(changed: Readonly<Record<string, unknown>>): GpuEvidence {
  const [parsed] = parseGpuEvidence(craftedEvidence([{ ...device, ...changed }]));
  assert.ok(parsed);
  return parsed;
}

function refuses(
  changed: Readonly<Record<string, unknown>>,
  what?: string,
  code: AttestationErrorCode = "gpu-evidence-malformed",
): void {
  assert.throws(() => parseOne(changed), refusal(code), what);
}

function refusesBytes(bytes: Uint8Array, what?: string): void {
  refuses({ evidence: encodeBase64(bytes) }, what);
}

/** The signature does not matter for the parser. */
function refusesExchange(changed: CraftedExchange, what?: string): void {
  refusesBytes(concatBytes(craftedExchange(changed), new Uint8Array(96)), what);
}

describe("GPU evidence", () => {
  it("is taken apart into chain, request and response", () => {
    const { architecture, certificates, measurements } = parseOne({});
    assert.equal(architecture, "HOPPER");
    assert.deepEqual(
      certificates.map(({ subject }) => subject.commonName),
      HOPPER_NAMES,
    );
    assert.deepEqual(measurements.requestNonce, NONCE);
    assert.deepEqual(measurements.responseNonce, new Uint8Array(32).fill(0xee));
    assert.equal(measurements.slot, 0);
    assert.deepEqual(measurements.measurementRecord, RECORD);
    assert.deepEqual(measurements.opaqueData, encodeUtf8("vendor"));
    assert.deepEqual(measurements.signedBytes, craftedExchange());
    assert.deepEqual(measurements.signature, exchange.subarray(-96));
    const [first, second] = measurements.blocks;
    assert.deepEqual(first, { index: 1, specification: 1, type: 1, value: new Uint8Array(48).fill(1) });
    assert.equal(second?.index, 2);
  });

  it("may have several devices, a record without blocks, another slot, and no opaque data", () => {
    assert.equal(parseGpuEvidence(craftedEvidence([device, device])).length, 2);
    const sparse = craftedExchange({ blockCount: 0, record: new Uint8Array(), slot: 3, opaqueData: new Uint8Array() });
    const { measurements } = parseOne({ evidence: encodeBase64(concatBytes(sparse, new Uint8Array(96))) });
    assert.equal(measurements.slot, 3);
    assert.deepEqual(measurements.blocks, []);
    assert.equal(measurements.opaqueData.length, 0);
  });

  it("is refused above the limits", () => {
    const text = " ".repeat(GPU_EVIDENCE_MAX_LENGTH + 1);
    assert.throws(() => parseGpuEvidence(text), refusal("gpu-evidence-too-large"));
    const short = { ...device, certificate: encodeBase64(encodeUtf8(craftedPem(chain.certificates.slice(0, 1)))) };
    const devices = Array.from({ length: GPU_EVIDENCE_MAX_DEVICES }, () => short);
    assert.equal(parseGpuEvidence(craftedEvidence(devices)).length, GPU_EVIDENCE_MAX_DEVICES);
    const more = craftedEvidence([...devices, short]);
    assert.throws(() => parseGpuEvidence(more), refusal("gpu-evidence-malformed"));
  });

  it("is refused with no device, members missing, unknown or twice", () => {
    for (const text of ["", "[]", "{}", "null", `${evidence}x`, JSON.stringify(device)]) {
      assert.throws(() => parseGpuEvidence(text), refusal("gpu-evidence-malformed"), text.slice(0, 9));
    }
    for (const name of Object.keys(device)) {
      refuses({ [name]: undefined }, name);
      refuses({ [name]: null }, name);
    }
    refuses({ measurements: "compared" });
    const twice = evidence.replace('"nonce":', `"nonce":"${"00".repeat(32)}","nonce":`);
    assert.throws(() => parseGpuEvidence(twice), refusal("gpu-evidence-malformed"));
  });

  it("is refused with an architecture that is not known", () => {
    for (const arch of ["", "hopper", "HOPPER ", "BLACKWELL", 1]) {
      refuses({ arch }, `${arch}`);
    }
  });

  it("is refused with text that is not strictly encoded", () => {
    const text = encodeBase64(exchange);
    for (const wrong of [`${text}\n`, text.slice(1), text.replaceAll("A", "-"), encodeHex(exchange), ""]) {
      refuses({ evidence: wrong });
    }
    for (const nonce of ["", encodeHex(NONCE).slice(2), `${encodeHex(NONCE)}00`, `0x${encodeHex(NONCE).slice(2)}`]) {
      refuses({ nonce }, nonce);
    }
    refuses({ certificate: "%" });
  });

  it("is refused when it states another nonce than its request", () => {
    refuses({ nonce: "00".repeat(32) });
    refuses({ nonce: encodeHex(new Uint8Array(32).fill(0xee)) }, "that of the response");
  });

  it("is refused with a chain that cannot be read", () => {
    const pem = craftedPem(chain.certificates);
    const chains = {
      nothing: new Uint8Array(),
      "no UTF-8": Uint8Array.of(0xff),
      "a comment in it": encodeUtf8(`subject\n${pem}`),
      "a key": encodeUtf8(encodePem("EC PRIVATE KEY", Uint8Array.of(0x30, 0))),
      "no certificate": encodeUtf8(encodePem("CERTIFICATE", Uint8Array.of(0x30, 0))),
      "seventeen certificates": encodeUtf8(craftedPem(Array.from({ length: 17 }, () => chain.certificates).flat())),
    };
    for (const [what, bytes] of Object.entries(chains)) {
      refuses({ certificate: encodeBase64(bytes) }, what, "gpu-chain-malformed");
    }
  });
});

describe("an SPDM exchange", () => {
  it("is refused when cut at any length, or followed by something", () => {
    for (let length = 0; length < exchange.length; length++) {
      refusesBytes(exchange.subarray(0, length), `${length} bytes`);
    }
    refusesBytes(concatBytes(exchange, Uint8Array.of(0)));
  });

  it("is refused unless it is SPDM 1.1, of all measurements, signed, in one slot", () => {
    for (const requestHeader of [
      [0x12, 0xe0, 1, 0xff],
      [0x11, 0x60, 1, 0xff],
      [0x11, 0xe0, 0, 0xff],
      [0x11, 0xe0, 1, 0],
      [0x11, 0xe0, 1, 1],
    ]) {
      refusesExchange({ requestHeader }, requestHeader.join());
    }
    for (const responseHeader of [
      [0x10, 0x60, 0, 0],
      [0x11, 0xe0, 0, 0],
      [0x11, 0x7f, 0, 0],
      [0x11, 0x60, 1, 0],
      [0x11, 0x60, 0, 1],
    ]) {
      refusesExchange({ responseHeader }, responseHeader.join());
    }
    refusesExchange({ slot: 8 });
  });

  it("is refused when a size does not consume exactly what is there", () => {
    for (const wrong of [-1, 1]) {
      refusesExchange({ recordLength: RECORD.length + wrong });
      refusesExchange({ opaqueLength: 6 + wrong });
      refusesExchange({ blockCount: 2 + wrong });
      refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(2, undefined, { size: 51 + wrong })) });
      refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(2, undefined, { valueSize: 48 + wrong })) });
    }
    refusesExchange({ recordLength: 0xff_ffff });
    refusesExchange({ opaqueLength: 0xffff });
    refusesExchange({ blockCount: 255 });
    refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(2, undefined, { size: 0xffff })) });
    refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(2, undefined, { valueSize: 0xffff })) });
    refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(2, new Uint8Array(), { size: 2 })) });
  });

  it("is refused with an index twice or zero, or by another measurement specification", () => {
    refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(1)) });
    refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(0)) });
    refusesExchange({ record: concatBytes(craftedBlock(1), craftedBlock(2, undefined, { specification: 2 })) });
  });

  it("is read or refused whatever its bytes are", () => {
    const place = fc.tuple(fc.nat(exchange.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(exchange);
        for (const [offset, byte] of changes) {
          bytes[offset] = byte;
        }
        readOrRefuse(craftedEvidence([{ ...device, evidence: encodeBase64(bytes) }]));
      }),
    );
    fc.assert(fc.property(fc.nat(evidence.length - 1), (length) => readOrRefuse(evidence.slice(0, length))));
  });
});

function readOrRefuse(text: string): void {
  try {
    parseGpuEvidence(text);
  } catch (error) {
    assert.ok(error instanceof AttestationError, String(error));
    assert.match(error.code, /^gpu-(evidence|chain)-malformed$/);
  }
}
