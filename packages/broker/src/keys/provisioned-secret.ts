import type { Candidate } from "../release/candidate.ts";
import type { SecretKey } from "./secret-key.ts";

/** A secret that enclaves can get on the port for Gramine's protocol. */
export interface ProvisionedSecret extends Candidate {
  /** The bytes as they are sent. */
  readonly secret: SecretKey;
}
