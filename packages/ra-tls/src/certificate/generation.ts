import type { NameAttribute } from "@sealserve/core";
import type { RaTlsKeyKind } from "./public-key.ts";

/**
 * The generations of Gramine that differ in their certificates: `first` is of the time when Gramine was called Graphene,
 * `1.3` reaches up to 1.3.1, `1.4` up to 1.7, `1.8` until today.
 */
export type RaTlsGeneration = "first" | "1.3" | "1.4" | "1.8";

/** How the certificates of a generation look (docs of Gramine's `ra_tls.h`, and certificates made by each library). */
export interface CertificateForm {
  readonly key: RaTlsKeyKind;
  /** Subject and issuer. */
  readonly name: readonly NameAttribute[];
  /** Whether tagged evidence stands behind the legacy quote. */
  readonly tagged: boolean;
}

const GRAPHENE = nameOf("GrapheneDevelopers");
const GRAMINE = nameOf("GramineDevelopers");

const FORMS: Readonly<Record<RaTlsGeneration, CertificateForm>> = {
  first: { key: "RSA-3072", name: GRAPHENE, tagged: false },
  "1.3": { key: "RSA-3072", name: GRAMINE, tagged: false },
  "1.4": { key: "P-384", name: GRAMINE, tagged: false },
  "1.8": { key: "P-384", name: GRAMINE, tagged: true },
};

/** The form of a generation's certificates. */
export function certificateForm(generation: RaTlsGeneration): CertificateForm {
  return FORMS[generation];
}

function nameOf(organisation: string): NameAttribute[] {
  return [
    { type: "CN", value: "RATLS" },
    { type: "O", value: organisation },
    { type: "C", value: "US" },
  ];
}
