import { invalid, RequestError } from "../http/request-error.ts";
import { type JsonObject, objectOf, optionalText } from "../operations/json-body.ts";
import type { ApiVersion, PckCa } from "../store/document-key.ts";

/** PEM of the issuer chains of an upload, by what they vouch for; those that are missing are undefined. */
export interface UploadedChains {
  readonly pck: Readonly<Record<PckCa, string | undefined>>;
  readonly tcbInfo: string | undefined;
  readonly identity: string | undefined;
}

const BEGIN = "-----BEGIN%20CERTIFICATE-----";

/** @throws RequestError `invalid-request`; `not-proven` when the chains end in different roots */
export function parseUploadedChains(certificates: JsonObject, version: ApiVersion): UploadedChains {
  const pck = objectOf("SGX-PCK-Certificate-Issuer-Chain", certificates["SGX-PCK-Certificate-Issuer-Chain"]);
  const tcbInfoHeader = version === 3 ? "SGX-TCB-Info-Issuer-Chain" : "TCB-Info-Issuer-Chain";
  const encoded = {
    processor: optionalText("PROCESSOR", pck["PROCESSOR"]),
    platform: optionalText("PLATFORM", pck["PLATFORM"]),
    tcbInfo: optionalText(tcbInfoHeader, certificates[tcbInfoHeader]),
    identity: optionalText("SGX-Enclave-Identity-Issuer-Chain", certificates["SGX-Enclave-Identity-Issuer-Chain"]),
  };
  const roots = Object.values(encoded).flatMap((chain) => (chain === undefined ? [] : [rootOf(chain)]));
  if (new Set(roots).size > 1) {
    throw new RequestError("not-proven", "issuer chains of the upload end in different roots");
  }
  return {
    pck: { processor: decoded(encoded.processor), platform: decoded(encoded.platform) },
    tcbInfo: decoded(encoded.tcbInfo),
    identity: decoded(encoded.identity),
  };
}

/** The last certificate, as text: whoever put the upload together took all chains from one place. */
function rootOf(chain: string): string {
  const start = chain.lastIndexOf(BEGIN);
  if (start <= 0) {
    throw invalid("an issuer chain is no percent-encoded PEM of two certificates");
  }
  return chain.slice(start);
}

function decoded(chain: string | undefined): string | undefined {
  try {
    return chain === undefined ? undefined : decodeURIComponent(chain);
  } catch {
    throw invalid("an issuer chain is no percent-encoded text");
  }
}
