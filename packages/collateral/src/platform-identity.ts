import { parsePckExtension, type SgxQuote } from "@sealserve/attestation";
import { type Certificate, decodeUtf8, parseCertificateChainPem, SealserveError } from "@sealserve/core";
import { CollateralError } from "./errors.ts";

/** The CA of Intel that certifies PCK keys: each has a revocation list of its own. */
export type PckCa = "platform" | "processor";

/** What collateral is looked up by. */
export interface PlatformIdentity {
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  readonly ca: PckCa;
}

const CA_BY_NAME: ReadonlyMap<string | undefined, PckCa> = new Map([
  ["Intel SGX PCK Platform CA", "platform"],
  ["Intel SGX PCK Processor CA", "processor"],
]);

/**
 * The platform that a quote claims to come from, read from the PCK certificate inside. Nothing is proven by it: it only
 * says which documents to ask for.
 * @throws CollateralError `pck-chain-missing`, `pck-chain-unusable`
 */
export function platformOf(quote: SgxQuote): PlatformIdentity {
  const { pckCertificateChain, type } = quote.certificationData;
  if (pckCertificateChain === undefined) {
    throw new CollateralError("pck-chain-missing", "the quote has no PCK certificate that says what to fetch", {
      expected: "certification data of type 5",
      actual: `type ${type}`,
    });
  }
  try {
    return identityIn(parseCertificateChainPem(decodeUtf8(pckCertificateChain)));
  } catch (cause) {
    if (!(cause instanceof SealserveError)) {
      throw cause;
    }
    const { expected, actual } = cause;
    throw new CollateralError("pck-chain-unusable", `PCK certificate chain in the quote: ${cause.message}`, {
      expected,
      actual,
      cause,
    });
  }
}

function identityIn(chain: readonly Certificate[]): PlatformIdentity {
  const [leaf, ...others] = chain.filter(({ isCa }) => !isCa);
  if (leaf === undefined || others.length > 0) {
    throw new CollateralError("pck-chain-unusable", "it has no single end-entity certificate");
  }
  const ca = CA_BY_NAME.get(leaf.issuer.commonName);
  if (ca === undefined) {
    throw new CollateralError("pck-chain-unusable", "its PCK certificate is of an unknown CA", {
      expected: [...CA_BY_NAME.keys()].join(" or "),
      actual: leaf.issuer.commonName,
    });
  }
  return { fmspc: parsePckExtension(leaf).fmspc, ca };
}
