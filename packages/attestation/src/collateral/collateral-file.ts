import { encodeHex } from "@sealserve/core";
import { JsonNode } from "../json/json-node.ts";
import type { Collateral } from "./collateral.ts";

/**
 * Limit on a collateral file, in characters: real ones have about 30,000. A list of PCK certificates can grow, and the
 * longest that is read has 2 MiB in hex.
 */
export const COLLATERAL_FILE_MAX_LENGTH = 3 * 1024 * 1024;

const MEMBERS = [
  "tcb_info",
  "tcb_info_signature",
  "tcb_info_issuer_chain",
  "qe_identity",
  "qe_identity_signature",
  "qe_identity_issuer_chain",
  "root_ca_crl",
  "pck_crl",
  "pck_crl_issuer_chain",
] as const;

/**
 * Reads collateral from its file form, the JSON document that other verifiers also write: signed documents as strings
 * that hold their exact bytes, lists in hex, chains in PEM.
 * @throws AttestationError `collateral-malformed`
 */
export function parseCollateralFile(text: string): Collateral {
  const document = JsonNode.parse(text, "collateral-malformed", "collateral file", {
    maxLength: COLLATERAL_FILE_MAX_LENGTH,
  });
  document.expectOnly([...MEMBERS, "pck_certificate_chain"]);
  const member = (name: (typeof MEMBERS)[number]): JsonNode => document.member(name);
  const chain = document.optional("pck_certificate_chain");
  return {
    tcbInfo: member("tcb_info").string(),
    tcbInfoSignature: member("tcb_info_signature").string(),
    tcbInfoIssuerChain: member("tcb_info_issuer_chain").string(),
    qeIdentity: member("qe_identity").string(),
    qeIdentitySignature: member("qe_identity_signature").string(),
    qeIdentityIssuerChain: member("qe_identity_issuer_chain").string(),
    rootCaCrl: member("root_ca_crl").hex(),
    pckCrl: member("pck_crl").hex(),
    pckCrlIssuerChain: member("pck_crl_issuer_chain").string(),
    // Some writers have null for a chain that they do not supply.
    ...(chain === undefined || chain.value === null ? {} : { pckCertificateChain: chain.string() }),
  };
}

/** Writes collateral in its file form; the signed documents stand in it byte for byte. */
export function encodeCollateralFile(collateral: Collateral): string {
  const chain = collateral.pckCertificateChain;
  return JSON.stringify({
    tcb_info: collateral.tcbInfo,
    tcb_info_signature: collateral.tcbInfoSignature,
    tcb_info_issuer_chain: collateral.tcbInfoIssuerChain,
    qe_identity: collateral.qeIdentity,
    qe_identity_signature: collateral.qeIdentitySignature,
    qe_identity_issuer_chain: collateral.qeIdentityIssuerChain,
    root_ca_crl: encodeHex(collateral.rootCaCrl),
    pck_crl: encodeHex(collateral.pckCrl),
    pck_crl_issuer_chain: collateral.pckCrlIssuerChain,
    ...(chain === undefined ? {} : { pck_certificate_chain: chain }),
  });
}
