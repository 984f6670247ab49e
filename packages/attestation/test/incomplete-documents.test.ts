// Each member of each document left out in its turn, at any depth: what is missing is refused, though the vendor signed it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex, encodeUtf8 } from "@sealserve/core";
import type { Collateral } from "../src/collateral/collateral.ts";
import { encodeCollateralFile, parseCollateralFile } from "../src/collateral/collateral-file.ts";
import { parseQeIdentity } from "../src/collateral/qe-identity.ts";
import { parseTcbInfo } from "../src/collateral/tcb-info.ts";
import { AttestationError } from "../src/errors.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { type Json, pathsIn, textWith, withoutPath } from "./json-edits.ts";
import { ENCLAVE, options, vendor } from "./simulated.ts";
import { TD } from "./simulated-td.ts";

/** What documents may lack: Intel leaves it out where there is nothing to say, and nothing is decided by it. */
const OPTIONAL: readonly (string | number)[] = ["advisoryIDs", "category", "type"];

const advisories = { advisoryIds: ["SIMULATED-SA-7"] };
const CASES = [
  { what: "SGX, version 3", collateral: await vendor.collateral(advisories), quote: await vendor.quote(ENCLAVE) },
  {
    what: "SGX, version 2",
    collateral: await vendor.collateral({ ...advisories, tcbInfoVersion: 2 }),
    quote: await vendor.quote(ENCLAVE),
  },
  {
    what: "TDX",
    collateral: await vendor.collateral({ ...advisories, tee: "tdx" }),
    quote: await vendor.tdxQuote({ ...TD, version: 5 }),
  },
] as const;

/** The collateral with another document in the place of the usual one, signed by the vendor. */
async function signed(collateral: Collateral, name: "tcbInfo" | "qeIdentity", text: string): Promise<Collateral> {
  const signature = encodeHex(await vendor.tcbSigning.key.signRaw(encodeUtf8(text)));
  return { ...collateral, [name]: text, [`${name}Signature`]: signature };
}

async function isRefused(quote: Uint8Array, collateral: Collateral): Promise<boolean> {
  try {
    await verifyEvidence(quote, collateral, options);
    return false;
  } catch (cause) {
    assert.ok(cause instanceof AttestationError, String(cause));
    return true;
  }
}

for (const { what, collateral, quote } of CASES) {
  describe(`documents for ${what}`, () => {
    const tee = what === "TDX" ? "tdx" : "sgx";
    const parse = { tcbInfo: parseTcbInfo, qeIdentity: (text: string) => parseQeIdentity(text, tee) };

    for (const name of ["tcbInfo", "qeIdentity"] as const) {
      const document: Json = JSON.parse(collateral[name]);

      it(`are refused without any member of ${name} but those that may be missing`, async () => {
        const paths = pathsIn(document).filter((path) => typeof path.at(-1) === "string");
        assert.ok(paths.length > 15);
        for (const path of paths) {
          const text = JSON.stringify(withoutPath(document, path));
          const refused = await isRefused(quote, await signed(collateral, name, text));
          assert.equal(refused, !OPTIONAL.includes(path.at(-1) ?? ""), `without ${path.join(".")}`);
        }
      });

      it(`are refused with null or an empty value in the place of any member of ${name}`, () => {
        for (const path of pathsIn(document).filter((way) => !isExplanation(way))) {
          for (const source of ["null", "{}", '""']) {
            const text = textWith(document, path, source);
            assert.throws(() => parse[name](text), AttestationError, `${path.join(".")} is ${source}`);
          }
        }
      });
    }

    it("are refused with a list of components that lacks any element", async () => {
      const document: Json = JSON.parse(collateral.tcbInfo);
      for (const path of pathsIn(document).filter((way) => `${way.at(-2)}`.endsWith("components"))) {
        const text = JSON.stringify(withoutPath(document, path));
        assert.equal(await isRefused(quote, await signed(collateral, "tcbInfo", text)), true, path.join("."));
      }
    });
  });
}

function isExplanation(path: readonly (string | number)[]): boolean {
  return ["category", "type"].includes(`${path.at(-1)}`);
}

describe("a collateral file", () => {
  it("is refused without any of its members", () => {
    const file: Json = JSON.parse(encodeCollateralFile(CASES[0].collateral));
    for (const path of pathsIn(file)) {
      const text = JSON.stringify(withoutPath(file, path));
      assert.throws(() => parseCollateralFile(text), { code: "collateral-malformed" }, path.join("."));
    }
  });

  it("is refused with an empty text or list in the place of any of its members", async () => {
    for (const { collateral, quote } of CASES) {
      for (const name of Object.keys(collateral)) {
        const value = typeof collateral[name as keyof Collateral] === "string" ? "" : new Uint8Array();
        assert.equal(await isRefused(quote, { ...collateral, [name]: value }), true, name);
      }
    }
  });
});
