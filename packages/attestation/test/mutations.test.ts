// Random changes to genuine evidence and collateral: refused cleanly, or accepted with the very same facts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, decodeUtf8, encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";
import type { Collateral } from "../src/collateral/collateral.ts";
import { encodeCollateralFile, parseCollateralFile } from "../src/collateral/collateral-file.ts";
import { AttestationError } from "../src/errors.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { ENCLAVE, flipped, options, vendor } from "./simulated.ts";
import { QUOTE_FORMS, TD, tdxCollateral } from "./simulated-td.ts";

const RUNS = { numRuns: 250 };

const sgxCollateral = await vendor.collateral();
const CASES = [
  { tee: "SGX", collateral: sgxCollateral, quote: await vendor.quote(ENCLAVE) },
  { tee: "TDX", collateral: tdxCollateral, quote: await vendor.tdxQuote({ ...TD, version: 5 }) },
] as const;

/** What became of a change: nothing was accepted, or something was. */
async function factsOf(
  verify: () => Promise<VerifiedEvidence>,
): Promise<Omit<VerifiedEvidence, "collateralDigest"> | undefined> {
  try {
    const { collateralDigest: _, ...facts } = await verify();
    return facts;
  } catch (cause) {
    assert.ok(cause instanceof AttestationError, cause instanceof Error ? cause.stack : String(cause));
    return undefined;
  }
}

async function expectSameFacts(verify: () => Promise<VerifiedEvidence>, good: object): Promise<void> {
  const facts = await factsOf(verify);
  if (facts !== undefined) {
    assert.deepEqual(facts, good);
  }
}

interface Edit {
  readonly place: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

/** One to four places in which bytes are replaced, removed or inserted; places are fractions of the length. */
const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    remove: fc.oneof(fc.constantFrom(0, 1), fc.nat(64)),
    insert: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 1 }), fc.uint8Array({ maxLength: 64 })),
  }),
  { minLength: 1, maxLength: 4 },
);

function edited(bytes: Uint8Array, changes: readonly Edit[]): Uint8Array {
  return changes.reduce<Uint8Array>((current, { place, remove, insert }) => {
    const start = Math.floor(place * current.length);
    return concatBytes(current.subarray(0, start), insert, current.subarray(start + remove));
  }, bytes);
}

/** The same for text: characters of one byte. */
function editedText(text: string, changes: readonly Edit[]): string {
  return new TextDecoder("latin1").decode(edited(encodeUtf8(text), changes));
}

function changedMember(collateral: Collateral, name: keyof Collateral, changes: readonly Edit[]): Collateral {
  const value = collateral[name];
  return {
    ...collateral,
    [name]: typeof value === "string" ? editedText(value, changes) : edited(value ?? new Uint8Array(), changes),
  };
}

describe("a quote with random edits", () => {
  for (const { name, tee, make } of QUOTE_FORMS) {
    it(`in the form ${name} is refused, or says the same`, async () => {
      const bytes = await make();
      const verified = await verifyCollateral(tee === "sgx" ? sgxCollateral : tdxCollateral, options);
      const good = await factsOf(() => verifyEvidence(bytes, verified, options));
      assert.ok(good);
      await fc.assert(
        fc.asyncProperty(edits, (changes) =>
          expectSameFacts(() => verifyEvidence(edited(bytes, changes), verified, options), good),
        ),
        RUNS,
      );
    });
  }
});

for (const { tee, collateral, quote } of CASES) {
  describe(`collateral for ${tee} with random edits`, () => {
    const signedParts = [
      "tcbInfo",
      "tcbInfoSignature",
      "qeIdentity",
      "qeIdentitySignature",
      "rootCaCrl",
      "pckCrl",
    ] as const;
    const chains = ["tcbInfoIssuerChain", "qeIdentityIssuerChain", "pckCrlIssuerChain"] as const;

    for (const name of [...signedParts, ...chains]) {
      it(`in ${name} is refused, or leads to the same facts`, async () => {
        const good = await factsOf(() => verifyEvidence(quote, collateral, options));
        assert.ok(good);
        await fc.assert(
          fc.asyncProperty(edits, async (changes) => {
            const changed = changedMember(collateral, name, changes);
            await expectSameFacts(() => verifyEvidence(quote, changed, options), good);
          }),
          { numRuns: 100 },
        );
      });

      it(`in ${name} is refused when cut anywhere`, async () => {
        const whole = collateral[name];
        // The line feed at the end of a chain may be missing.
        const end = whole.length - (name.endsWith("Chain") ? 1 : 0);
        for (let length = 0; length < end; length += 1 + Math.floor(end / 60)) {
          const cut = { ...collateral, [name]: whole.slice(0, length) };
          assert.equal(await factsOf(() => verifyEvidence(quote, cut, options)), undefined, `${length} of ${name}`);
        }
      });
    }

    it("is refused for each single character of a signed document", async () => {
      for (const name of ["tcbInfo", "qeIdentity"] as const) {
        const text = collateral[name];
        for (let place = 0; place < text.length; place += 7) {
          const other = String.fromCharCode(text.charCodeAt(place) ^ 1);
          const changed = { ...collateral, [name]: `${text.slice(0, place)}${other}${text.slice(place + 1)}` };
          assert.equal(await factsOf(() => verifyEvidence(quote, changed, options)), undefined, `${name}, ${place}`);
        }
      }
    });

    it("of another issue is no part of this one", async () => {
      const other = await vendor.collateral({
        tee: tee === "SGX" ? "sgx" : "tdx",
        tcbEvaluationDataNumber: 2,
        tcbStatus: "OutOfDate",
      });
      for (const name of ["tcbInfo", "tcbInfoSignature", "qeIdentity", "qeIdentitySignature"] as const) {
        const mixed = { ...collateral, [name]: other[name] };
        assert.equal(await factsOf(() => verifyEvidence(quote, mixed, options)), undefined, name);
      }
    });
  });
}

describe("revocation lists", () => {
  it("are refused for each byte of them", async () => {
    for (const name of ["rootCaCrl", "pckCrl"] as const) {
      const list = sgxCollateral[name];
      for (let place = 0; place < list.length; place++) {
        const changed = { ...sgxCollateral, [name]: flipped(list, place, 1 << (place % 8)) };
        await assert.rejects(verifyCollateral(changed, options), { name: "AttestationError" }, `${name}, ${place}`);
      }
    }
  });
});

describe("a collateral file with random edits", () => {
  const file = encodeCollateralFile({ ...tdxCollateral, pckCertificateChain: vendor.pckChainPem });
  const [, { quote }] = CASES;

  it("is refused, or leads to the same facts", async () => {
    const good = await factsOf(() => verifyEvidence(quote, parseCollateralFile(file), options));
    assert.ok(good);
    const verify = (text: string) => async () => verifyEvidence(quote, parseCollateralFile(text), options);
    await fc.assert(
      fc.asyncProperty(edits, (changes) => expectSameFacts(verify(editedText(file, changes)), good)),
      RUNS,
    );
  });

  it("is refused when cut anywhere", () => {
    for (let length = 0; length < file.length; length += 101) {
      assert.throws(() => parseCollateralFile(file.slice(0, length)), { code: "collateral-malformed" });
    }
  });
});

describe("bytes of any kind", () => {
  it("get nothing but a clean refusal out of the verifier", async () => {
    const verified = await verifyCollateral(tdxCollateral, options);
    const start = CASES[1].quote;
    const continued = fc.tuple(fc.nat(start.length - 1), fc.uint8Array({ maxLength: 400 }));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      continued.map(([length, rest]) => concatBytes(start.subarray(0, length), rest)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        assert.equal(await factsOf(() => verifyEvidence(given, verified, options)), undefined);
      }),
      RUNS,
    );
  });

  it("get nothing but a clean refusal out of the reader of collateral", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        assert.throws(() => parseCollateralFile(text), { code: "collateral-malformed" });
      }),
      RUNS,
    );
    assert.throws(() => parseCollateralFile(decodeUtf8(new Uint8Array(50))), { code: "collateral-malformed" });
  });
});
