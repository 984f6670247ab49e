import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "@sealserve/core";
import { MR_SEAM, type TdQuoteOptions } from "@sealserve/simulator";
import { appraise } from "../src/policy/appraise.ts";
import type { ClaimCode } from "../src/policy/claim.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { defaultPolicy, type PolicyMembers } from "../src/policy/policy.ts";
import type { Register } from "../src/policy/policy-members.ts";
import type { TdxImage, TdxPolicy } from "../src/policy/tdx-policy.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { accepts, judge, refuses } from "./judging.ts";
import { options, vendor } from "./simulated.ts";
import { REGISTERS, TD, verifiedTdx } from "./simulated-td.ts";

const { mrTd, rtMr0, rtMr1, rtMr2, rtMr3, mrConfigId } = REGISTERS;
const image: TdxImage = { mrTd, rtMr0, rtMr1, rtMr2 };
const other = (byte: string): string => byte.repeat(48);

async function evidenceOf(overrides: Partial<TdQuoteOptions> = {}): Promise<VerifiedEvidence> {
  return verifyEvidence(await vendor.tdxQuote({ ...TD, version: 5, ...overrides }), verifiedTdx, options);
}

const evidence = await evidenceOf();

function tdx(members: Omit<TdxPolicy, "images">): PolicyMembers {
  return { tdx: { images: [image], ...members } };
}

/** 16 hex digits, little endian, with `usual` and one bit more. */
function withBit(usual: bigint, bit: number): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, usual ^ (1n << BigInt(bit)), true);
  return encodeHex(bytes);
}

describe("a trust domain", () => {
  it("that is pinned, current and bound is accepted, claim by claim", () => {
    const { accepted, claims, simulated } = judge(evidence, parsePolicy({ tdx: { images: [image] } }));
    assert.deepEqual([accepted, simulated], [true, true]);
    const software = ["mrtd", "rtmr0", "rtmr1", "rtmr2"];
    const attributes = ["debug", "sept-ve-disable", "migratable", "td-attributes", "xfam", "mrservicetd"];
    assert.deepEqual(
      claims.map(({ claim }) => claim),
      ["tee", "tcb-status", "advisories", ...attributes, ...software, "report-data"],
    );
  });

  it("is accepted by no image where the list of images is empty", () => {
    refuses(evidence, { tdx: { images: [] } }, "mrtd-not-accepted");
  });

  it("is not accepted for its REPORTDATA of another exchange", () => {
    const { reasons } = appraise(evidence, defaultPolicy, { reportData: new Uint8Array(64) });
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["report-data-mismatch"],
    );
  });
});

describe("an image", () => {
  const codes: Readonly<Record<keyof typeof REGISTERS, ClaimCode>> = {
    mrTd: "mrtd-not-accepted",
    rtMr0: "rtmr-not-accepted",
    rtMr1: "rtmr-not-accepted",
    rtMr2: "rtmr-not-accepted",
    rtMr3: "rtmr-not-accepted",
    mrConfigId: "mrconfigid-not-accepted",
    mrOwner: "mrowner-not-accepted",
    mrOwnerConfig: "mrownerconfig-not-accepted",
  };

  it("must fit in every register that it names", () => {
    accepts(evidence, { tdx: { images: [REGISTERS] } });
    for (const [name, code] of Object.entries(codes)) {
      refuses(evidence, { tdx: { images: [{ ...REGISTERS, [name]: other("ff") }] } }, code);
      refuses(evidence, { tdx: { images: [{ ...REGISTERS, [name]: other("00") }] } }, code);
      refuses(evidence, { tdx: { images: [{ ...REGISTERS, [name]: "" }] } }, code);
    }
  });

  it("is fitted in neither case nor length of its hex loosely", () => {
    accepts(evidence, { tdx: { images: [{ ...image, mrTd: mrTd.toUpperCase() }] } });
    refuses(evidence, { tdx: { images: [{ ...image, mrTd: mrTd.slice(2) }] } }, "mrtd-not-accepted");
    refuses(evidence, { tdx: { images: [{ ...image, mrTd: `${mrTd}00` }] } }, "mrtd-not-accepted");
    refuses(evidence, { tdx: { images: [{ ...image, mrTd: `0x${mrTd}` }] } }, "mrtd-not-accepted");
  });

  it("with the firmware alone would let any kernel start: no such policy is loaded", async () => {
    const otherKernel = await evidenceOf({ rtMr1: other("f1"), rtMr2: other("f2") });
    refuses(otherKernel, { tdx: { images: [image] } }, "rtmr-not-accepted", "rtmr-not-accepted");
    assert.throws(() => parsePolicy({ tdx: { images: [{ mrTd }] } }), { code: "policy-unpinned" });
  });

  it("never lends a register to another image", async () => {
    const second = { mrTd: other("71"), rtMr0: other("72"), rtMr1: other("73"), rtMr2: other("74") };
    const policy = { tdx: { images: [image, second] } };
    accepts(evidence, policy);
    accepts(await evidenceOf(second), policy);
    for (const name of ["mrTd", "rtMr0", "rtMr1", "rtMr2"] as const) {
      const mixed = await evidenceOf({ [name]: second[name] });
      refuses(mixed, policy, codes[name]);
    }
  });

  it("that fits best explains a refusal, wherever it stands in the list", async () => {
    const judged = await evidenceOf({ rtMr2: other("99") });
    const far = { mrTd: other("71"), rtMr0: other("72"), rtMr1: other("73"), rtMr2: other("74") };
    const half = { ...image, rtMr1: other("73") };
    for (const images of [
      [image, half, far],
      [far, half, image],
      [half, image, far],
    ]) {
      const { reasons } = judge(judged, { tdx: { images } });
      assert.deepEqual(
        reasons.map(({ code, expected, actual }) => [code, expected, actual]),
        [["rtmr-not-accepted", rtMr2, other("99")]],
      );
    }
  });

  it("may be waived a register for a reason, which every decision shows", async () => {
    const waived: Register = { waived: "the initial file system changes with each host" };
    const policy = parsePolicy({ tdx: { images: [{ ...image, rtMr2: waived }] } });
    for (const judged of [evidence, await evidenceOf({ rtMr2: other("99") })]) {
      const claim = judge(judged, policy).claims.find(({ claim: name }) => name === "rtmr2");
      assert.equal(claim?.pass, true);
      assert.equal(claim.expected, "anything (waived: the initial file system changes with each host)");
    }
    refuses(await evidenceOf({ rtMr1: other("99") }), policy, "rtmr-not-accepted");
  });

  it("leaves RTMR3 and the owner's registers open where it does not name them", async () => {
    const judged = await evidenceOf({ rtMr3: other("91"), mrConfigId: other("92"), mrOwner: other("93") });
    accepts(judged, { tdx: { images: [image] } });
    refuses(judged, { tdx: { images: [{ ...image, rtMr3 }] } }, "rtmr-not-accepted");
    refuses(judged, { tdx: { images: [{ ...image, mrConfigId }] } }, "mrconfigid-not-accepted");
  });

  it("may demand a register that nothing extended", async () => {
    const policy = parsePolicy({ tdx: { images: [{ ...image, rtMr3: other("00") }] } });
    refuses(evidence, policy, "rtmr-not-accepted");
    accepts(await evidenceOf({ rtMr3: other("00") }), policy);
  });
});

describe("TDATTRIBUTES", () => {
  const usual = 1n << 28n;

  it("are judged bit by bit: debug group, migration and unknown bits are refused", async () => {
    for (let bit = 0; bit < 64; bit++) {
      const judged = await evidenceOf({ tdAttributes: withBit(usual, bit) });
      const code = refusedBit(bit);
      const expected = code === undefined ? [] : [code];
      refuses(judged, defaultPolicy, ...expected);
      refuses(judged, tdx({}), ...expected);
    }
  });

  function refusedBit(bit: number): ClaimCode | undefined {
    if (bit < 8) {
      return "debug-td";
    }
    const known: Readonly<Record<number, ClaimCode | undefined>> = {
      28: "sept-ve-disable-clear",
      29: "td-migratable",
      30: undefined,
      31: undefined,
      63: undefined,
    };
    return bit in known ? known[bit] : "td-attributes-unknown";
  }

  it("may have an unknown bit that the policy names, and no other", async () => {
    for (const bit of [8, 27, 32, 62]) {
      const judged = await evidenceOf({ tdAttributes: withBit(usual, bit) });
      accepts(judged, parsePolicy({ tdx: { images: [image], allowedAttributeBits: [bit] } }));
      refuses(judged, tdx({ allowedAttributeBits: [bit === 8 ? 9 : 8] }), "td-attributes-unknown");
      const reason = judge(judged, tdx({})).reasons.at(0);
      assert.equal(reason?.actual, `unknown bits ${bit}`);
    }
  });

  it("may have the debug group by the one word that says so, never by naming its bits", async () => {
    for (let bit = 0; bit < 8; bit++) {
      const judged = await evidenceOf({ tdAttributes: withBit(usual, bit) });
      accepts(judged, { ...tdx({}), debug: "allow-insecure" });
      refuses(judged, tdx({ allowedAttributeBits: [bit] }), "debug-td");
      refuses(judged, { ...tdx({}), debug: "refuse" }, "debug-td");
    }
  });

  it("may lack SEPT_VE_DISABLE, or allow migration, where the policy says so", async () => {
    const clear = await evidenceOf({ tdAttributes: withBit(usual, 28) });
    accepts(clear, parsePolicy({ tdx: { images: [image], septVeDisable: "allow-clear" } }));
    accepts(evidence, tdx({ septVeDisable: "allow-clear" }));
    refuses(clear, tdx({ septVeDisable: "require" }), "sept-ve-disable-clear");
    refuses(clear, tdx({ allowedAttributeBits: [28] }), "sept-ve-disable-clear");
    const migratable = await evidenceOf({ tdAttributes: withBit(usual, 29) });
    accepts(migratable, parsePolicy({ tdx: { images: [image], migration: "allow" } }));
    refuses(migratable, tdx({ migration: "refuse" }), "td-migratable");
    refuses(migratable, tdx({ allowedAttributeBits: [29] }), "td-migratable");
  });

  it("are refused for every reason at once", async () => {
    const judged = await evidenceOf({ tdAttributes: "ffffffefffffffff" });
    const codes = ["debug-td", "sept-ve-disable-clear", "td-migratable", "td-attributes-unknown"] as const;
    refuses(judged, defaultPolicy, ...codes);
  });
});

describe("XFAM", () => {
  const usual = 0x602e7n;
  const known = [0, 1, 2, 5, 6, 7, 8, 9, 11, 12, 14, 15, 17, 18];

  it("is judged bit by bit: unknown features are refused, and x87 and SSE must be there", async () => {
    for (let bit = 0; bit < 64; bit++) {
      const judged = await evidenceOf({ xfam: withBit(usual, bit) });
      const missing = bit < 2;
      const expected = missing || !known.includes(bit) ? (["xfam-not-accepted"] as const) : [];
      refuses(judged, defaultPolicy, ...expected);
      refuses(judged, tdx({}), ...expected);
      if (expected.length > 0) {
        const actual = missing ? "x87 or SSE missing" : `unknown bits ${bit}`;
        assert.equal(judge(judged, tdx({})).reasons.at(0)?.actual, actual);
      }
    }
  });

  it("may have an unknown feature that the policy names, and no other; none replaces x87 and SSE", async () => {
    for (const bit of [3, 10, 63]) {
      const judged = await evidenceOf({ xfam: withBit(usual, bit) });
      accepts(judged, parsePolicy({ tdx: { images: [image], allowedXfamBits: [bit] } }));
      refuses(judged, tdx({ allowedXfamBits: [4] }), "xfam-not-accepted");
    }
    for (const bit of [0, 1]) {
      const judged = await evidenceOf({ xfam: withBit(usual, bit) });
      refuses(judged, tdx({ allowedXfamBits: [0, 1] }), "xfam-not-accepted");
    }
    refuses(await evidenceOf({ xfam: "00".repeat(8) }), defaultPolicy, "xfam-not-accepted");
  });
});

describe("a service trust domain", () => {
  it("must be one that the policy accepts; none at all always is", async () => {
    const mrServiceTd = other("5d");
    const served = await evidenceOf({ mrServiceTd });
    refuses(served, defaultPolicy, "mrservicetd-not-accepted");
    refuses(served, tdx({}), "mrservicetd-not-accepted");
    refuses(served, tdx({ mrServiceTd: [other("5e")] }), "mrservicetd-not-accepted");
    const policy = parsePolicy({ tdx: { images: [image], mrServiceTd: [other("5e"), mrServiceTd] } });
    accepts(served, policy);
    accepts(evidence, policy);
    accepts(await evidenceOf({ version: 4 }), policy);
    accepts(await evidenceOf({ version: 4 }), defaultPolicy);
  });

  it("is not overlooked for a single byte", async () => {
    for (const place of [0, 47]) {
      const bytes = new Uint8Array(48);
      bytes[place] = 1;
      refuses(await evidenceOf({ mrServiceTd: encodeHex(bytes) }), defaultPolicy, "mrservicetd-not-accepted");
    }
  });
});

describe("a TDX module", () => {
  it("must be an accepted one where the policy lists some", async () => {
    accepts(evidence, parsePolicy({ tdx: { images: [image], mrSeam: [other("11"), MR_SEAM] } }));
    refuses(evidence, tdx({ mrSeam: [other("11")] }), "mrseam-not-accepted");
    refuses(evidence, tdx({ mrSeam: [] }), "mrseam-not-accepted");
    refuses(await evidenceOf({ mrSeam: other("12") }), tdx({ mrSeam: [MR_SEAM] }), "mrseam-not-accepted");
    accepts(await evidenceOf({ mrSeam: other("12") }), tdx({}));
  });
});
