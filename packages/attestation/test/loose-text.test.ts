// Text that a lenient reader would take for something else: each string, number and name of each document in its turn.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collateral } from "../src/collateral/collateral.ts";
import { encodeCollateralFile, parseCollateralFile } from "../src/collateral/collateral-file.ts";
import { parseQeIdentity } from "../src/collateral/qe-identity.ts";
import { parseTcbInfo } from "../src/collateral/tcb-info.ts";
import { AttestationError } from "../src/errors.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import { type Json, type JsonPath, pathsIn, textAt, textWith, valueAt } from "./json-edits.ts";
import { MR_ENCLAVE, MR_SIGNER, options, refusal, vendor } from "./simulated.ts";
import { REGISTERS, tdxCollateral } from "./simulated-td.ts";

const sgxCollateral = await vendor.collateral({ advisoryIds: ["SIMULATED-SA-7"] });

interface Document {
  readonly what: string;
  readonly text: string;
  readonly parse: (text: string) => unknown;
}

const DOCUMENTS: readonly Document[] = [
  { what: "TCB info for SGX", text: sgxCollateral.tcbInfo, parse: parseTcbInfo },
  { what: "TCB info for TDX", text: tdxCollateral.tcbInfo, parse: parseTcbInfo },
  { what: "a QE identity", text: sgxCollateral.qeIdentity, parse: (text) => parseQeIdentity(text, "sgx") },
  { what: "a TD QE identity", text: tdxCollateral.qeIdentity, parse: (text) => parseQeIdentity(text, "tdx") },
];

const POLICY: Json = {
  sgx: { mrEnclave: [MR_ENCLAVE], mrSigner: [MR_SIGNER], isvProdId: 7, minimumIsvSvn: 3, provisionKey: "refuse" },
  tdx: { images: [REGISTERS], mrSeam: ["5a".repeat(48)], migration: "refuse", allowedXfamBits: [3] },
  tcb: {
    statuses: ["UpToDate", "OutOfDate"],
    toleratedAdvisoryIds: ["INTEL-SA-00615"],
    minimumTcbDate: "2025-01-01T00:00:00Z",
    minimumEvaluationDataNumber: 18,
  },
  machines: { ppid: ["ab".repeat(16)] },
  debug: "refuse",
};

/** Characters of other scripts that look like the given ones. */
const FULL_WIDTH = (text: string): string =>
  text.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0));
const LOOKALIKES: Readonly<Record<string, string>> = { a: "а", c: "с", e: "е", o: "о", p: "р", s: "ѕ", T: "Т", i: "і" };
const OTHER_SCRIPT = (text: string): string => text.replace(/[aceopsTi]/, (letter) => LOOKALIKES[letter] ?? letter);

/** An advisory id may be any word, so that words made of it are others. */
function isAdvisory(path: JsonPath): boolean {
  return /advisoryIds$/i.test(`${path.at(-2)}`);
}

function spoiled(text: string, path: JsonPath = []): string[] {
  const words = isAdvisory(path) ? [] : [`0x${text}`, `${text}${text}`];
  const variants = [...words, `${text}\n`, `\n${text}`, ` ${text}`, `${text} `, `${text}\0`, `${text}\u200b`];
  return [...variants, `\ufeff${text}`, `${text}\u0301`, FULL_WIDTH(text)];
}

/** Numbers in ways in which JSON does not write them, or that no field can have. */
const NUMBERS = [
  "9007199254740993",
  "9007199254740992",
  "18446744073709551616",
  "1e400",
  "-1",
  "1.5",
  "01",
  "+1",
  "0x1",
  "1n",
  ".5",
  "1.",
  "NaN",
  "Infinity",
  '"1"',
  "true",
  "null",
  "[1]",
  "１",
];

function isExplanation(path: JsonPath): boolean {
  return ["category", "type"].includes(`${path.at(-1)}`);
}

function refuses({ parse }: Document, text: string, what: string): void {
  assert.throws(() => parse(text), AttestationError, what);
}

for (const document of DOCUMENTS) {
  const value: Json = JSON.parse(document.text);
  const paths = pathsIn(value).filter((path) => !isExplanation(path));
  const ofType = (type: string): JsonPath[] => paths.filter((path) => typeof valueAt(value, path) === type);

  describe(document.what, () => {
    it("has no string that may be written loosely", () => {
      assert.ok(ofType("string").length > 5);
      for (const path of ofType("string")) {
        const text = textAt(value, path);
        const foreign = OTHER_SCRIPT(text);
        for (const other of [...spoiled(text, path), "", ...(foreign === text ? [] : [foreign])]) {
          refuses(
            document,
            textWith(value, path, JSON.stringify(other)),
            `${path.join(".")} is ${JSON.stringify(other)}`,
          );
        }
      }
    });

    it("has no number that may be written loosely, or is beyond what a double holds", () => {
      assert.ok(ofType("number").length > 3);
      for (const path of ofType("number")) {
        for (const source of NUMBERS) {
          refuses(document, textWith(value, path, source), `${path.join(".")} is ${source}`);
        }
      }
    });

    it("has no member twice, in plain letters or in escapes", () => {
      for (const path of paths.filter((way) => typeof way.at(-1) === "string")) {
        const name = String(path.at(-1));
        const source = JSON.stringify(valueAt(value, path));
        const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
        for (const second of [name, escaped]) {
          const twice = textWith(value, path, `${source},"${second}":${source}`);
          refuses(document, twice, `${path.join(".")} twice`);
        }
      }
    });

    it("does not find a member under a name that only looks like its own", () => {
      for (const path of paths.filter((way) => way.length === 1)) {
        const name = String(path[0]);
        for (const other of [name.toUpperCase(), `${name} `, `${name}\u200b`, OTHER_SCRIPT(name), `_${name}`]) {
          if (other !== name) {
            const renamed = document.text.replace(`"${name}":`, () => `${JSON.stringify(other)}:`);
            const optional = name === "tdxModuleIdentities";
            if (!optional) {
              refuses(document, renamed, `${name} called ${JSON.stringify(other)}`);
            }
          }
        }
      }
    });

    it("is one JSON document and nothing else", () => {
      const { text } = document;
      const wrong = [
        `\ufeff${text}`,
        `${text}\0`,
        `${text},`,
        `${text}//`,
        `\u00a0${text}`,
        `/**/${text}`,
        `[${text}]`,
        text + text,
      ];
      for (const other of [...wrong, text.replace("{", "{,"), text.replaceAll('"', "'"), `"${text}"`]) {
        refuses(document, other, other.slice(0, 20));
      }
    });
  });
}

describe("a collateral file", () => {
  const file: Json = JSON.parse(encodeCollateralFile(tdxCollateral));

  it("has its lists in plain hex", () => {
    for (const name of ["root_ca_crl", "pck_crl"]) {
      const text = textAt(file, [name]);
      for (const other of spoiled(text).filter((variant) => variant !== `${text}${text}`)) {
        const spoiledFile = textWith(file, [name], JSON.stringify(other));
        assert.throws(() => parseCollateralFile(spoiledFile), refusal("collateral-malformed"));
      }
    }
  });

  it("has no member twice or unknown", () => {
    for (const name of Object.keys(file as object)) {
      const source = JSON.stringify(valueAt(file, [name]));
      for (const second of [name, `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`, name.toUpperCase()]) {
        const text = textWith(file, [name], `${source},"${second}":${source}`);
        assert.throws(() => parseCollateralFile(text), refusal("collateral-malformed"), second);
      }
    }
  });
});

describe("signatures and chains of collateral", () => {
  async function refusesMember(name: keyof Collateral, value: string, code: RegExp): Promise<void> {
    await assert.rejects(
      verifyCollateral({ ...tdxCollateral, [name]: value }, options),
      { code },
      JSON.stringify(value),
    );
  }

  it("have signatures in plain hex of their length", async () => {
    for (const name of ["tcbInfoSignature", "qeIdentitySignature"] as const) {
      for (const other of spoiled(tdxCollateral[name])) {
        await refusesMember(name, other, /signature-invalid$/);
      }
      await verifyCollateral({ ...tdxCollateral, [name]: tdxCollateral[name].toUpperCase() }, options);
    }
  });

  it("have chains in strict PEM", async () => {
    const pem = tdxCollateral.tcbInfoIssuerChain;
    const wrong = [
      FULL_WIDTH(pem),
      pem.replaceAll("-----", "----"),
      pem.replaceAll("BEGIN", "Begin"),
      pem.replace("\nMII", "\nMI I"),
      pem.replace(/[A-Za-z]\n-----END/, "_\n-----END"),
      pem.replaceAll("\n", "\r"),
      `${pem}\u200b`,
      `\ufeff${pem}`,
      pem.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"),
    ];
    for (const other of wrong.filter((text) => text !== pem)) {
      await refusesMember("tcbInfoIssuerChain", other, /-malformed$/);
    }
  });
});

describe("a policy", () => {
  it("has no string that may be written loosely", () => {
    for (const path of pathsIn(POLICY)) {
      const text = valueAt(POLICY, path);
      if (typeof text === "string") {
        for (const other of [...spoiled(text, path), "", OTHER_SCRIPT(text)].filter((variant) => variant !== text)) {
          const policy: unknown = JSON.parse(textWith(POLICY, path, JSON.stringify(other)));
          assert.throws(
            () => parsePolicy(policy),
            refusal("policy-invalid"),
            `${path.join(".")} is ${JSON.stringify(other)}`,
          );
        }
      }
    }
  });

  it("has no number beyond its range, and none as text", () => {
    for (const path of pathsIn(POLICY)) {
      if (typeof valueAt(POLICY, path) === "number") {
        for (const source of ["9007199254740993", "4294967296", "1e400", "-1", "1.5", '"1"', "null", "true"]) {
          const policy: unknown = JSON.parse(textWith(POLICY, path, source));
          assert.throws(() => parsePolicy(policy), refusal("policy-invalid"), `${path.join(".")} is ${source}`);
        }
      }
    }
  });
});
