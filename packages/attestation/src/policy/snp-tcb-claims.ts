import { describeTcb, type SnpTcb, tcbComponents } from "../snp/tcb-version.ts";
import type { SnpProduct } from "../tee/snp-product.ts";
import type { SnpFacts } from "../verify/verified-evidence.ts";
import type { Claim } from "./claim.ts";
import type { SnpMinimumTcb, SnpPolicy } from "./snp-policy.ts";

/**
 * Judges each TCB version of a report: the guest's secrets live under the one of its launch, the platform can be taken back
 * to the committed one, and the report speaks for the reported one alone.
 */
export function snpTcbClaims({ product, tcbs }: SnpFacts, minimumTcb: SnpPolicy["minimumTcb"]): Claim[] {
  if (minimumTcb === undefined) {
    return [];
  }
  const minimum = minimumTcb[product];
  return (["reported", "current", "committed", "launch"] as const).map((which) => ({
    claim: `${which}-tcb`,
    code: "snp-tcb-too-low",
    expected: minimum === undefined ? `a minimum for ${product}` : `${describeTcb(minimum, product)}, or more of each`,
    actual: describeTcb(tcbs[which], product),
    pass: minimum !== undefined && reachesEach(tcbs[which], minimum, product),
  }));
}

/** A component without a minimum is refused, whoever made the policy. */
function reachesEach(tcb: SnpTcb, minimum: SnpMinimumTcb, product: SnpProduct): boolean {
  return tcbComponents(product).every(
    (name) => (tcb[name] ?? Number.NEGATIVE_INFINITY) >= (minimum[name] ?? Number.POSITIVE_INFINITY),
  );
}
