import type { VerifiedCollateral } from "@sealserve/attestation";
import { CollateralError } from "./errors.ts";

/**
 * Remembers the highest TCB evaluation data number seen for each kind of TEE. A number counts for all platforms of a
 * kind: collateral with a lower one, though still in its window, hides a recovery that is known to have happened.
 */
export class EvaluationMark {
  readonly #highest = new Map<VerifiedCollateral["tee"], number>();

  /** Refuses collateral from before a recovery already seen, and remembers later ones. @throws CollateralError `rolled-back` */
  raise({ tee, tcbEvaluationDataNumber: number }: VerifiedCollateral): void {
    const highest = this.#highest.get(tee) ?? number;
    if (number < highest) {
      throw new CollateralError("rolled-back", "the source went back to collateral from before a TCB recovery", {
        expected: `TCB evaluation data number ${highest} or higher`,
        actual: `${number}`,
        remedy: "refresh the PCCS",
      });
    }
    this.#highest.set(tee, number);
  }
}
