import type { Attempts } from "../upstream/attempts.ts";
import { placeOf } from "../upstream/exchange.ts";
import { expectType } from "../upstream/pcs-answer.ts";
import { UpstreamSettingsError } from "../upstream/settings-error.ts";
import { type AmdDocumentId, amdPath } from "./amd-document.ts";

/** Where AMD's documents come from. */
export interface AmdProvider {
  /** The very bytes of a document. @throws ProviderError */
  fetch(id: AmdDocumentId): Promise<Uint8Array>;
}

/** AMD's own service. */
export const AMD_KDS = "https://kdsintf.amd.com";

const CERTIFICATE_TYPES = ["application/pkix-cert", "application/x-x509-ca-cert", "application/octet-stream"];
const TYPES: Readonly<Record<AmdDocumentId["kind"], readonly string[]>> = {
  "cert-chain": [
    "application/x-pem-file",
    "application/pem-certificate-chain",
    "application/octet-stream",
    "text/plain",
  ],
  crl: ["application/pkix-crl", "application/octet-stream"],
  vcek: CERTIFICATE_TYPES,
  vlek: CERTIFICATE_TYPES,
};

/**
 * Asks AMD's Key Distribution Service, or one that speaks like it. Nothing is verified here.
 * @param url scheme and host, over HTTPS: chip ids name machines
 * @throws UpstreamSettingsError
 */
export function kdsProvider(attempts: Attempts, url: string = AMD_KDS): AmdProvider {
  const parsed = URL.parse(url);
  if (
    parsed?.protocol !== "https:" ||
    !["/", ""].includes(parsed.pathname) ||
    parsed.origin !== url.replace(/\/$/, "")
  ) {
    throw new UpstreamSettingsError("upstream-settings-invalid", "the URL of AMD's service cannot be used", {
      expected: "https://HOST",
      remedy: `use ${AMD_KDS}, or another service with the same paths`,
    });
  }
  return {
    fetch: async (id) => {
      const address = `${parsed.origin}${amdPath(id)}`;
      const answer = await attempts.send({ method: "GET", url: address });
      expectType(answer, TYPES[id.kind], placeOf(address));
      return answer.body;
    },
  };
}
