import { encodeHex } from "@sealserve/core";
import type { SnpReportBody } from "../snp/report-body.ts";
import { type Claim, type ClaimCode, listClaim, registerClaim } from "./claim.ts";
import { bestFit } from "./image-claims.ts";
import { SNP_REGISTERS, type SnpImage } from "./snp-policy.ts";

const REGISTER_CLAIMS: Readonly<Record<(typeof SNP_REGISTERS)[number], readonly [claim: string, code: ClaimCode]>> = {
  hostData: ["host-data", "host-data-not-accepted"],
  idKeyDigest: ["id-key-digest", "id-key-not-accepted"],
  authorKeyDigest: ["author-key-digest", "author-key-not-accepted"],
  familyId: ["family-id", "family-id-not-accepted"],
  imageId: ["image-id", "image-id-not-accepted"],
};

/** Judges which guest it is, by the image that fits best. */
export function snpImageClaims(report: SnpReportBody, images: readonly SnpImage[]): Claim[] {
  return bestFit(images, (image) => claimsOf(report, image), measurementClaim(report, []));
}

function claimsOf(report: SnpReportBody, image: SnpImage): Claim[] {
  const claims = [measurementClaim(report, [image.measurement])];
  for (const name of SNP_REGISTERS) {
    const register = image[name];
    if (register !== undefined) {
      claims.push(registerClaim(...REGISTER_CLAIMS[name], register, encodeHex(report[name])));
    }
  }
  if (image.minimumGuestSvn !== undefined) {
    claims.push(guestSvnClaim(report.guestSvn, image.minimumGuestSvn));
  }
  return claims;
}

function measurementClaim({ measurement }: SnpReportBody, accepted: readonly string[]): Claim {
  return listClaim("measurement", "measurement-not-accepted", accepted, encodeHex(measurement));
}

function guestSvnClaim(actual: number, minimum: number): Claim {
  const expected = `${minimum} or more`;
  return { claim: "guest-svn", code: "guest-svn-too-low", expected, actual: `${actual}`, pass: actual >= minimum };
}
