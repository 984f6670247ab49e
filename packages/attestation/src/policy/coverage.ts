import type { TeeKind } from "../tee/tee-kind.ts";
import type { AppraisalPolicy } from "./policy.ts";
import type { Register } from "./policy-members.ts";
import type { SgxPolicy } from "./sgx-policy.ts";
import { SNP_REGISTERS, type SnpImage, type SnpPolicy } from "./snp-policy.ts";
import { TDX_REGISTERS, type TdxImage } from "./tdx-policy.ts";

/** Something that evidence says about code or configuration and a policy does not judge. */
export interface CoverageGap {
  readonly tee: TeeKind;
  /** The member of the policy that would judge it, such as `tdx.images[0].rtMr3`. */
  readonly member: string;
  /** Why it is open: the owner's words, or what that means. */
  readonly reason: string;
  /** The owner left it open on purpose. */
  readonly waived: boolean;
}

/**
 * Names what a policy leaves open of the software that it accepts: measuring too little is how other code or another
 * configuration gets in under an accepted name. A gap is no error, since not every platform uses every register.
 */
export function coverageGaps({ sgx, tdx, snp }: AppraisalPolicy): CoverageGap[] {
  return [
    ...(sgx === undefined ? [] : sgxGaps(sgx)),
    ...(tdx?.images ?? []).flatMap(imageGaps),
    ...(snp === undefined ? [] : snpGaps(snp)),
  ];
}

function sgxGaps({ mrEnclave, configId }: SgxPolicy): CoverageGap[] {
  const gaps: CoverageGap[] = [];
  if (mrEnclave === undefined) {
    const reason = "every enclave of the signer with this product id and a later version is accepted";
    gaps.push({ tee: "sgx", member: "sgx.mrEnclave", reason, waived: false });
  }
  if (configId === undefined) {
    const reason = "what an enclave is configured with by CONFIGID is not judged";
    gaps.push({ tee: "sgx", member: "sgx.configId", reason, waived: false });
  }
  return gaps;
}

function imageGaps(image: TdxImage, index: number): CoverageGap[] {
  return TDX_REGISTERS.flatMap((name) => registerGap("tdx", `tdx.images[${index}].${name}`, image[name]));
}

function snpGaps({ images = [], minimumTcb }: SnpPolicy): CoverageGap[] {
  const reason = "AMD states no status, so firmware and microcode of any age are accepted";
  return [
    ...images.flatMap(guestGaps),
    ...(minimumTcb === undefined ? [{ tee: "snp" as const, member: "snp.minimumTcb", reason, waived: false }] : []),
  ];
}

function guestGaps(image: SnpImage, index: number): CoverageGap[] {
  return SNP_REGISTERS.flatMap((name) => registerGap("snp", `snp.images[${index}].${name}`, image[name]));
}

function registerGap(tee: TeeKind, member: string, register: Register | undefined): CoverageGap[] {
  if (typeof register === "string") {
    return [];
  }
  const reason = register?.waived ?? "any value is accepted";
  return [{ tee, member, reason, waived: register !== undefined }];
}
