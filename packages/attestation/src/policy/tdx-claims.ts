import { encodeHex } from "@sealserve/core";
import type { TdReportBody } from "../quote/td-report-body.ts";
import { type Claim, type ClaimCode, clearClaim, listClaim, registerClaim } from "./claim.ts";
import { bestFit } from "./image-claims.ts";
import type { AppraisalPolicy } from "./policy.ts";
import { TDX_REGISTERS, type TdxImage, type TdxPolicy } from "./tdx-policy.ts";

/** SEPT_VE_DISABLE, PKS, KL and PERFMON: published, and no harm to the TD (Intel TDX module ABI specification). */
const KNOWN_ATTRIBUTES = bitMask([28, 30, 31, 63]);
const MIGRATABLE = 29;
/** The TUD group has a claim of its own. */
const TUD_GROUP = 0xffn;

/** Features of XFAM that are published: x87 to AMX (Intel TDX module ABI specification, XFAM). */
const KNOWN_XFAM = bitMask([0, 1, 2, 5, 6, 7, 8, 9, 11, 12, 14, 15, 17, 18]);
/** x87 and SSE, which a TD cannot do without. */
const FIXED_XFAM = 0x3n;

const NO_SERVICE_TD = "00".repeat(48);

const REGISTER_CODES: Readonly<Record<(typeof TDX_REGISTERS)[number], ClaimCode>> = {
  rtMr0: "rtmr-not-accepted",
  rtMr1: "rtmr-not-accepted",
  rtMr2: "rtmr-not-accepted",
  rtMr3: "rtmr-not-accepted",
  mrConfigId: "mrconfigid-not-accepted",
  mrOwner: "mrowner-not-accepted",
  mrOwnerConfig: "mrownerconfig-not-accepted",
};

/** Judges a trust domain: its attributes always, its identity by what the policy pins. */
export function tdxClaims({ report }: { readonly report: TdReportBody }, policy: AppraisalPolicy): Claim[] {
  const tdx = policy.tdx ?? {};
  const { debug, septVeDisable, migratable } = report.tdAttributes;
  return [
    clearClaim("debug", "debug-td", debug, policy.debug === "allow-insecure"),
    septVeDisableClaim(septVeDisable, tdx),
    clearClaim("migratable", "td-migratable", migratable, tdx.migration === "allow"),
    attributesClaim(report, tdx),
    xfamClaim(report, tdx),
    serviceTdClaim(report, tdx),
    ...(tdx.mrSeam === undefined
      ? []
      : [listClaim("mrseam", "mrseam-not-accepted", tdx.mrSeam, encodeHex(report.mrSeam))]),
    ...(tdx.images === undefined
      ? []
      : bestFit(tdx.images, (image) => registerClaims(report, image), mrTdClaim(report, []))),
  ];
}

function septVeDisableClaim(set: boolean, { septVeDisable }: TdxPolicy): Claim {
  const mayBeClear = septVeDisable === "allow-clear";
  return {
    claim: "sept-ve-disable",
    code: "sept-ve-disable-clear",
    expected: mayBeClear ? "set or clear" : "set",
    actual: set ? "set" : "clear",
    pass: set || mayBeClear,
  };
}

function attributesClaim({ tdAttributes }: TdReportBody, { allowedAttributeBits = [] }: TdxPolicy): Claim {
  const known = KNOWN_ATTRIBUTES | TUD_GROUP | bitMask([MIGRATABLE, ...allowedAttributeBits]);
  return unknownBitsClaim("td-attributes", "td-attributes-unknown", tdAttributes.flags & ~known);
}

function xfamClaim({ xfam }: TdReportBody, { allowedXfamBits = [] }: TdxPolicy): Claim {
  const claim = unknownBitsClaim("xfam", "xfam-not-accepted", xfam & ~(KNOWN_XFAM | bitMask(allowedXfamBits)));
  return (xfam & FIXED_XFAM) === FIXED_XFAM ? claim : { ...claim, actual: "x87 or SSE missing", pass: false };
}

function unknownBitsClaim(claim: string, code: ClaimCode, unknown: bigint): Claim {
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((unknown >> BigInt(bit)) & 1n) === 1n);
  const actual = bits.length === 0 ? "no unknown bits" : `unknown bits ${bits.join(", ")}`;
  return { claim, code, expected: "no unknown bits", actual, pass: unknown === 0n };
}

/** A body of TDX 1.0 has no such register, and its TD cannot be served. */
function serviceTdClaim({ mrServiceTd }: TdReportBody, { mrServiceTd: accepted = [] }: TdxPolicy): Claim {
  const actual = mrServiceTd === undefined ? NO_SERVICE_TD : encodeHex(mrServiceTd);
  return listClaim("mrservicetd", "mrservicetd-not-accepted", [NO_SERVICE_TD, ...accepted], actual);
}

function registerClaims(report: TdReportBody, image: TdxImage): Claim[] {
  const claims = [mrTdClaim(report, [image.mrTd])];
  for (const name of TDX_REGISTERS) {
    const register = image[name];
    if (register !== undefined) {
      claims.push(registerClaim(name.toLowerCase(), REGISTER_CODES[name], register, encodeHex(report[name])));
    }
  }
  return claims;
}

function mrTdClaim({ mrTd }: TdReportBody, accepted: readonly string[]): Claim {
  return listClaim("mrtd", "mrtd-not-accepted", accepted, encodeHex(mrTd));
}

function bitMask(bits: readonly number[]): bigint {
  return bits.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);
}
