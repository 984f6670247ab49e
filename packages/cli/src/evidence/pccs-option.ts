import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type CollateralSource, pccsSource } from "@sealserve/collateral";
import { decodePem, undefinedIfMalformed } from "@sealserve/core";
import { CliError } from "../errors.ts";
import { readNamedText } from "../named-file.ts";

/** The option that names the authority of a PCCS. */
export const PCCS_CA = [
  "--pccs-ca <pem>",
  "accept the PCCS's TLS certificate by this authority too; what it answers is proven apart from that",
] as const;

/**
 * Collateral of a PCCS.
 * @param ca file of an authority, or a certificate that signed itself, which is trusted beside the usual ones
 * @throws CliError `ca-unusable`; CollateralError `pccs-url-invalid`
 */
export async function openPccs(url: string, ca: string | undefined): Promise<CollateralSource> {
  if (ca !== undefined) {
    trustAuthority(await readNamedText(ca), ca);
  }
  return pccsSource({ url });
}

/** `fetch` takes no certificates of its own in Node.js. Connections that name theirs are not affected. */
function trustAuthority(pem: string, file: string): void {
  if ((undefinedIfMalformed(() => decodePem(pem, "CERTIFICATE")) ?? []).length === 0) {
    throw new CliError("ca-unusable", `${file} cannot be used for the PCCS`, {
      expected: "certificates in PEM",
      remedy: "name the certificate of the authority that signed the PCCS's, or the PCCS's own where it signed itself",
    });
  }
  setDefaultCACertificates([...getCACertificates("default"), pem]);
}
