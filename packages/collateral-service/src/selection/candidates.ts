import { parsePckExtension } from "@sealserve/attestation";
import { parseCertificateChainPem } from "@sealserve/core";
import type { PckCertificate } from "../store/platforms.ts";
import type { Candidate } from "./select-pck-certificate.ts";

/** What is stored of a platform, ready for selection. @throws CoreError, AttestationError for what is no PCK certificate */
export function candidatesOf(certificates: readonly PckCertificate[]): (Candidate & PckCertificate)[] {
  return certificates.map((certificate) => {
    const [parsed] = parseCertificateChainPem(certificate.pem);
    return { ...certificate, extension: parsePckExtension(parsed as NonNullable<typeof parsed>) };
  });
}
