import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes } from "@sealserve/core";
import { CERTIFICATE_GUIDS, type CertificateEntry, encodeCertificateTable } from "@sealserve/simulator";
import fc from "fast-check";
import { AttestationError } from "../src/errors.ts";
import { parseSnpCertificateTable, SNP_CERTIFICATE_TABLE_MAX_LENGTH } from "../src/snp/certificate-table.ts";
import { patched, refusal } from "./simulated.ts";

const VCEK = Uint8Array.of(1, 2, 3);
const ASK = Uint8Array.of(4, 5);
const ARK = Uint8Array.of(6);
const usual: readonly CertificateEntry[] = [
  { guid: CERTIFICATE_GUIDS.vcek, data: VCEK },
  { guid: CERTIFICATE_GUIDS.ask, data: ASK },
  { guid: CERTIFICATE_GUIDS.ark, data: ARK },
];

const ENTRY = 24;
const DIRECTORY = ENTRY * (usual.length + 1);

function table(entries: readonly CertificateEntry[] = usual, options = {}): Uint8Array {
  return encodeCertificateTable(entries, options);
}

/** A kind of entry that nobody knows, with a number in it. */
function unknown(number: number): string {
  return `00000000-0000-0000-0000-0000000001${number.toString(16).padStart(2, "0")}`;
}

function refuses(bytes: Uint8Array): void {
  assert.throws(() => parseSnpCertificateTable(bytes), refusal("snp-certificate-table-malformed"));
}

describe("a certificate table", () => {
  it("gives the certificates by what they are", () => {
    assert.deepEqual(parseSnpCertificateTable(table()), { vcek: VCEK, ask: ASK, ark: ARK });
    const vlek = [{ guid: CERTIFICATE_GUIDS.vlek, data: VCEK }];
    assert.deepEqual(parseSnpCertificateTable(table(vlek)), { vlek: VCEK });
  });

  it("may be empty", () => {
    assert.deepEqual(parseSnpCertificateTable(table([])), {});
  });

  it("may have entries of other kinds, which are left alone", () => {
    const more = [...usual, { guid: unknown(1), data: Uint8Array.of(9, 9) }];
    assert.deepEqual(parseSnpCertificateTable(table(more)), { vcek: VCEK, ask: ASK, ark: ARK });
  });

  it("may have its data in any order, and zero bytes between and behind", () => {
    const spread = [
      { guid: CERTIFICATE_GUIDS.vcek, data: VCEK, offset: DIRECTORY + 10 },
      { guid: CERTIFICATE_GUIDS.ask, data: ASK, offset: DIRECTORY },
      { guid: CERTIFICATE_GUIDS.ark, data: ARK, offset: DIRECTORY + 20 },
    ];
    const bytes = new Uint8Array(4096);
    bytes.set(table(spread).subarray(0, DIRECTORY));
    bytes.set(VCEK, DIRECTORY + 10);
    bytes.set(ASK, DIRECTORY);
    bytes.set(ARK, DIRECTORY + 20);
    assert.deepEqual(parseSnpCertificateTable(bytes), { vcek: VCEK, ask: ASK, ark: ARK });
    for (const gap of [DIRECTORY + 2, DIRECTORY + 9, DIRECTORY + 13, DIRECTORY + 21, 4095]) {
      refuses(patched(bytes, gap, [1]));
    }
  });

  it("without its end is refused", () => {
    refuses(new Uint8Array(0));
    refuses(table(usual, { end: false }).subarray(0, ENTRY * usual.length));
    for (let length = 0; length < table().length; length++) {
      refuses(table().subarray(0, length));
    }
  });

  it("with an end that is none is refused", () => {
    refuses(patched(table([]), 16, [1]));
    refuses(patched(table([]), 20, [1]));
  });

  it("with an entry that stands twice is refused, also one of another kind", () => {
    refuses(table([...usual, { guid: CERTIFICATE_GUIDS.vcek, data: VCEK }]));
    refuses(table([...usual, { guid: unknown(1), data: VCEK }, { guid: unknown(1), data: ASK }]));
    const again = { guid: CERTIFICATE_GUIDS.ark, data: new Uint8Array(0), offset: 5 * ENTRY + 5, length: 1 };
    refuses(table([...usual, again]));
  });

  it("with an entry that is empty, overlaps another or lies outside is refused", () => {
    const [vcek, ...others] = usual;
    assert.ok(vcek !== undefined);
    const places = [
      { length: 0 },
      { offset: 0 },
      { offset: DIRECTORY - 1 },
      { offset: DIRECTORY + 1 },
      { length: 4 },
      { length: 0xffff_ffff },
      { offset: 0xffff_ffff },
      { offset: 0xffff_ffff, length: 0xffff_ffff },
    ];
    for (const place of places) {
      refuses(table([{ ...vcek, ...place }, ...others]));
    }
    refuses(table([{ ...vcek, data: new Uint8Array(0) }, ...others]));
  });

  it("with more entries or bytes than any real one is refused", () => {
    const entries = Array.from({ length: 16 }, (_, index) => ({ guid: unknown(index), data: VCEK }));
    assert.deepEqual(parseSnpCertificateTable(table(entries)), {});
    refuses(table([...entries, ...usual]));
    refuses(concatBytes(table(), new Uint8Array(SNP_CERTIFICATE_TABLE_MAX_LENGTH)));
  });

  it("of random bytes is refused with a code, never otherwise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(200), (bytes, keep) => {
        for (const candidate of [bytes, concatBytes(table().subarray(0, keep), bytes)]) {
          try {
            parseSnpCertificateTable(candidate);
          } catch (error) {
            assert.ok(error instanceof AttestationError, String(error));
          }
        }
      }),
    );
  });
});
