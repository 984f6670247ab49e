import type { Claim } from "./claim.ts";

/**
 * Claims of the image that fits; where none does, of the one with the fewest that fail, which explains best.
 * @param none what is claimed when there is no image: an empty list accepts nothing
 */
export function bestFit<Image>(images: readonly Image[], claimsOf: (image: Image) => Claim[], none: Claim): Claim[] {
  const candidates = images.map(claimsOf);
  const failures = candidates.map((claims) => claims.filter(({ pass }) => !pass).length);
  return candidates[failures.indexOf(Math.min(...failures))] ?? [none];
}
