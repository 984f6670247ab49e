import { type Certificate, CoreError, encodePem, equalBytes, parseCertificateChainPem } from "@sealserve/core";
import { ProviderError } from "../provider.ts";
import { isRootCrlUri } from "./crl-uri.ts";
import { cdpUris } from "./distribution-points.ts";

/** Used where a root certificate names none: Intel's has this one. */
const INTEL_ROOT_CRL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

/** The root certificate at the end of a chain, as PEM. @throws ProviderError `garbage` */
export function rootOf(chain: string): string {
  return encodePem("CERTIFICATE", readRoot(chain).raw);
}

/**
 * The place of the list of a root. The certificate that names it comes from upstream and is not proven yet, so nothing but
 * Intel's places is ever asked.
 * @throws ProviderError `garbage` for another place
 */
export function crlDistributionPoint(rootPem: string): string {
  const [uri = INTEL_ROOT_CRL] = cdpUris(readRoot(rootPem));
  if (!isRootCrlUri(uri)) {
    throw new ProviderError("garbage", "the root certificate names a place for its list that is not Intel's");
  }
  return uri;
}

function readRoot(chain: string): Certificate {
  try {
    const root = parseCertificateChainPem(chain).find(({ issuer, subject }) => equalBytes(issuer.raw, subject.raw));
    if (root !== undefined) {
      return root;
    }
  } catch (cause) {
    if (!(cause instanceof CoreError)) {
      throw cause;
    }
    throw new ProviderError("garbage", "the issuer chain cannot be read", { cause });
  }
  throw new ProviderError("garbage", "the issuer chain has no root certificate");
}
