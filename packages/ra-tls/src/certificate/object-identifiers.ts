import { decodeHex } from "@sealserve/core";

/**
 * Content of Gramine's legacy quote extension OID. It holds a whole DER-encoded OID, header included, where only the
 * content belongs; every Gramine release writes it so.
 */
export const GRAMINE_QUOTE_OID_CONTENT: Uint8Array = decodeHex("06092a864886f84d8a3906");

/** {@link GRAMINE_QUOTE_OID_CONTENT} as a parser reads it. */
export const GRAMINE_QUOTE_OID = "0.6.9.42.840.113741.1337.6";

/** The OID that Gramine's stands for; other RA-TLS implementations write this one. */
export const CLEAN_QUOTE_OID = "1.2.840.113741.1337.6";

/** Tagged evidence of the TCG DICE attestation architecture (tcg-dice-TaggedEvidence). */
export const TAGGED_EVIDENCE_OID = "2.23.133.5.4.9";
