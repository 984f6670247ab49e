import { AttestationError } from "../errors.ts";

/** The refusal of evidence that is not what its format requires. */
export function malformedGpuEvidence(fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError("gpu-evidence-malformed", fault, { expected, actual });
}
