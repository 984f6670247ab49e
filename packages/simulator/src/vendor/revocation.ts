import { createCertificateRevocationList, type Name, type SigningKey } from "@sealserve/core";
import type { Authority } from "./authority.ts";

/** Ways in which a test can change a revocation list or make it wrong. */
export interface RevocationOverrides {
  /** Serial numbers as `Certificate.serialNumber` has them. */
  readonly revoked?: readonly string[];
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  /** Signs in place of the proper issuer, whose name stays in the list. */
  readonly signer?: Authority<SigningKey>;
  /** Name in place of the proper issuer's. */
  readonly issuer?: Name;
  /** Counts the lists of the issuer; 1 by default. */
  readonly number?: number;
}

/** A revocation list of `issuer` in DER. */
export async function createRevocationList(
  issuer: Authority<SigningKey>,
  window: { readonly thisUpdate: Date; readonly nextUpdate: Date },
  overrides: RevocationOverrides,
): Promise<Uint8Array> {
  const thisUpdate = overrides.thisUpdate ?? window.thisUpdate;
  return createCertificateRevocationList({
    issuer: overrides.issuer ?? issuer.certificate.subject,
    thisUpdate,
    nextUpdate: overrides.nextUpdate ?? window.nextUpdate,
    number: overrides.number ?? 1,
    revoked: (overrides.revoked ?? []).map((serialNumber) => ({ serialNumber, date: thisUpdate })),
    signer: (overrides.signer ?? issuer).key,
  });
}
