import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { refusesPolicy } from "./judging.ts";
import { MR_ENCLAVE, refusal } from "./simulated.ts";
import { REGISTERS } from "./simulated-td.ts";

const { mrTd, rtMr0, rtMr1, rtMr2 } = REGISTERS;
const image = { mrTd, rtMr0, rtMr1, rtMr2 };
const sgx = { mrEnclave: [MR_ENCLAVE] };

function refusesImage(changes: Readonly<Record<string, unknown>>, member: string): void {
  refusesPolicy({ tdx: { images: [image, { ...image, ...changes }] } }, `tdx.images[1]${member}`);
}

function refusesTdx(changes: Readonly<Record<string, unknown>>, member: string): void {
  refusesPolicy({ tdx: { images: [image], ...changes } }, `tdx.${member}`);
}

/** Values that are no list of whole numbers in their range. */
const NO_BITS = [[], [64], [-1], [1.5], ["8"], [null], [8n], 8, "8", {}, null, Array.from({ length: 65 }, () => 8)];

describe("a policy about trust domains", () => {
  it("keeps all its members, with hex in lower case", () => {
    const waived = { waived: "not used here" };
    const policy = {
      tdx: {
        images: [{ ...REGISTERS, rtMr3: waived }, image],
        mrSeam: ["5a".repeat(48)],
        septVeDisable: "allow-clear",
        migration: "allow",
        mrServiceTd: ["00".repeat(48), "5b".repeat(48)],
        allowedAttributeBits: [8, 27, 63],
        allowedXfamBits: [0, 3, 63],
      },
      tcb: { statuses: ["TDRelaunchAdvised"], relaunchDeadline: "2026-04-01T00:00:00Z", maximumOverdueHours: 168 },
      machines: { ppid: ["ab".repeat(16)], platformInstanceId: ["cd".repeat(16)], chipId: ["ef".repeat(64)] },
      deniedMachines: { ppid: ["12".repeat(16)] },
      smt: "refuse",
    };
    const upper = structuredClone(policy);
    upper.tdx.images[1] = { ...image, mrTd: mrTd.toUpperCase(), rtMr0: rtMr0.toUpperCase() };
    upper.tdx.mrSeam = ["5A".repeat(48)];
    upper.machines.ppid = ["AB".repeat(16)];
    const relaunchDeadline = "2026-04-01T00:00:00.000Z";
    assert.deepEqual(parsePolicy(upper), { ...policy, tcb: { ...policy.tcb, relaunchDeadline } });
  });

  it("that pins no image is refused, also where it pins enclaves", () => {
    for (const tdx of [{}, { mrSeam: ["5a".repeat(48)] }, { migration: "refuse" }]) {
      refusesPolicy({ tdx }, "no software is pinned", "policy-unpinned");
      refusesPolicy({ tdx, sgx }, "no software is pinned", "policy-unpinned");
    }
    refusesPolicy({ tdx: { images: [image] }, sgx: {} }, "no software is pinned", "policy-unpinned");
    assert.deepEqual(parsePolicy({ tdx: {} }, { requireIdentity: false }), { tdx: {} });
  });

  it("that leaves code open without a reason is refused, also for looking only", () => {
    for (const name of Object.keys(image)) {
      const partial = Object.fromEntries(Object.entries(image).filter(([member]) => member !== name));
      const policy = { tdx: { images: [image, partial] } };
      refusesPolicy(policy, "tdx.images[1] does not pin all of a trust domain's code", "policy-unpinned");
      assert.throws(() => parsePolicy(policy, { requireIdentity: false }), refusal("policy-unpinned"));
    }
    refusesPolicy({ tdx: { images: [{}] } }, "tdx.images[0]", "policy-unpinned");
    refusesPolicy({ tdx: { images: [{ mrTd }] } }, "tdx.images[0]", "policy-unpinned");
  });

  it("can waive any register but MRTD, with words", () => {
    const waived = { waived: "measured elsewhere" };
    for (const name of Object.keys(REGISTERS).filter((register) => register !== "mrTd")) {
      parsePolicy({ tdx: { images: [{ ...image, [name]: waived }] } });
    }
    refusesImage({ mrTd: waived }, ".mrTd");
    for (const reason of ["", "   ", "\n\t", 1, null, true, ["x"], "x".repeat(501)]) {
      refusesImage({ rtMr2: { waived: reason } }, ".rtMr2.waived");
    }
    parsePolicy({ tdx: { images: [{ ...image, rtMr2: { waived: "x".repeat(500) } }] } });
    refusesImage({ rtMr2: {} }, ".rtMr2.waived is missing");
    refusesImage({ rtMr2: { waived: "reason", value: rtMr2 } }, ".rtMr2.value is unknown");
    refusesImage({ rtMr2: [waived] }, ".rtMr2");
    refusesImage({ rtMr2: null }, ".rtMr2");
    refusesImage({ rtMr2: true }, ".rtMr2");
  });

  it("with a register that is none is refused by its place", () => {
    for (const name of Object.keys(REGISTERS)) {
      for (const value of [
        "",
        "d0",
        `${mrTd}00`,
        `0x${mrTd.slice(2)}`,
        mrTd.replace("d", "g"),
        `${mrTd.slice(1)} `,
        "*",
      ]) {
        refusesImage({ [name]: value }, `.${name}`);
      }
    }
    refusesImage({ mrTd: "00".repeat(48) }, ".mrTd is a placeholder");
    refusesImage({ rtmr0: rtMr0 }, ".rtmr0 is unknown");
    refusesImage({ mrtd: mrTd }, ".mrtd is unknown");
  });

  it("with lists that are empty, too long or none is refused: an empty one does not mean any", () => {
    const many = <Value>(value: Value): Value[] => Array.from({ length: 1001 }, () => value);
    for (const images of [[], many(image), image, "", null, [null], [[]]]) {
      refusesPolicy({ tdx: { images } }, "tdx.images");
    }
    for (const name of ["mrSeam", "mrServiceTd"]) {
      for (const list of [[], [""], ["5a"], [null], "5a".repeat(48), many("5a".repeat(48)), { 0: "5a" }]) {
        refusesTdx({ [name]: list }, name);
      }
    }
    refusesTdx({ mrSeam: ["00".repeat(48)] }, "mrSeam[0] is a placeholder");
  });

  it("can name neither bits that do not exist nor those of the debug group", () => {
    for (const bits of NO_BITS) {
      refusesTdx({ allowedAttributeBits: bits }, "allowedAttributeBits");
      refusesTdx({ allowedXfamBits: bits }, "allowedXfamBits");
    }
    for (let bit = 0; bit < 8; bit++) {
      refusesTdx({ allowedAttributeBits: [28, bit] }, "allowedAttributeBits[1] names a bit that no policy can allow");
    }
  });

  it("says its choices in plain words", () => {
    for (const value of ["", "any", "Require", "require ", true, false, null, 1, ["require"]]) {
      refusesTdx({ septVeDisable: value }, "septVeDisable");
      refusesTdx({ migration: value }, "migration");
      refusesPolicy({ tdx: { images: [image] }, smt: value }, "smt");
    }
  });

  it("with an unknown member is refused by its name", () => {
    refusesTdx({ image: [image] }, "image is unknown");
    refusesTdx({ mrseam: ["5a".repeat(48)] }, "mrseam is unknown");
    refusesImage({ rtMr4: rtMr0 }, ".rtMr4 is unknown");
    refusesPolicy({ tdx: { images: [image] }, machine: {} }, "machine is unknown");
  });
});

describe("a policy about statuses of trust domains", () => {
  const tdx = { images: [image] };

  it("can accept an advised relaunch only with an end", () => {
    for (const status of ["TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded"]) {
      refusesPolicy({ tdx, tcb: { statuses: [status] } }, "tcb.relaunchDeadline");
      parsePolicy({ tdx, tcb: { statuses: [status], relaunchDeadline: "2026-04-01T00:00:00Z" } });
    }
    for (const relaunchDeadline of [
      "",
      "2026",
      "never",
      0,
      null,
      "2026-02-30T00:00:00Z",
      "2026-04-01T00:00:00+01:00",
    ]) {
      refusesPolicy({ tdx, tcb: { statuses: ["TDRelaunchAdvised"], relaunchDeadline } }, "tcb.relaunchDeadline");
    }
  });

  it("can let collateral be over its end by a week at most", () => {
    for (const maximumOverdueHours of [169, -1, 1.5, "24", null, Number.POSITIVE_INFINITY, Number.NaN]) {
      refusesPolicy({ tdx, tcb: { maximumOverdueHours } }, "tcb.maximumOverdueHours");
    }
    assert.equal(parsePolicy({ tdx, tcb: { maximumOverdueHours: 0 } }).tcb?.maximumOverdueHours, 0);
  });
});

describe("a policy about machines", () => {
  it("lists at least one, by identifiers of their length that are no placeholders", () => {
    const tdx = { images: [image] };
    for (const name of ["machines", "deniedMachines"]) {
      for (const list of [{}, [], null, "", { fmspc: ["00"] }, ["ab".repeat(16)]]) {
        refusesPolicy({ tdx, [name]: list }, name);
      }
      for (const [kind, length] of [
        ["ppid", 16],
        ["platformInstanceId", 16],
        ["chipId", 64],
      ] as const) {
        const id = "ab".repeat(length);
        parsePolicy({ tdx, [name]: { [kind]: [id] } });
        for (const wrong of [
          [],
          [""],
          [id.slice(2)],
          [`${id}ab`],
          [`0x${id.slice(2)}`],
          [null],
          id,
          ["00".repeat(length)],
        ]) {
          refusesPolicy({ tdx, [name]: { [kind]: wrong } }, `${name}.${kind}`);
        }
      }
    }
  });
});
