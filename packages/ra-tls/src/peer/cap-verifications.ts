import type { EvidenceVerifier, ProvenEvidence } from "../certificate/verify.ts";
import { RaTlsError } from "../errors.ts";
import type { Places } from "../server/places.ts";

/**
 * A verifier that takes a place for each verification until it has settled. A peer that is gone has left its connection's
 * place, but what it started goes on: without places of their own, verifications are as many as connections were dropped.
 */
export function capVerifications<Proof extends ProvenEvidence>(
  verifyEvidence: EvidenceVerifier<Proof>,
  places: Places,
  address: string,
): EvidenceVerifier<Proof> {
  return async (evidence, binding) => {
    const leave = places.take(address);
    if (leave === undefined) {
      throw new RaTlsError("too-many-verifications", "as many peers as may be are being verified", {
        remedy: "connect again later",
      });
    }
    try {
      return await verifyEvidence(evidence, binding);
    } finally {
      leave();
    }
  };
}
