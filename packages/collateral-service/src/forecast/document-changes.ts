import { parseCertificateChainPem } from "@sealserve/core";
import type { StoredDocument } from "../store/documents.ts";
import type { RawChange } from "./change.ts";

/** When a document and each certificate that vouches for it ends. */
export function documentChanges({ key, issuerChain, issued, nextUpdate }: StoredDocument): RawChange[] {
  const end: RawChange = {
    at: nextUpdate,
    subject: key,
    change: "expires",
    why: `It was issued at ${issued.toISOString()} and announces its next issue for ${nextUpdate.toISOString()}.`,
  };
  const certificates = issuerChain === "" ? [] : parseCertificateChainPem(issuerChain);
  return [
    end,
    ...certificates.map(({ subject, notAfter }) => ({
      at: notAfter,
      subject: key,
      change: "loses a certificate of its issuer chain",
      why: `The certificate of ${subject.commonName ?? "an issuer"} is valid up to ${notAfter.toISOString()}.`,
    })),
  ];
}
