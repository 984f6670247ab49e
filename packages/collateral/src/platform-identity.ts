import { type IntelQuote, type IntelTeeKind, parsePckExtension } from "@sealserve/attestation";
import { type Certificate, decodeUtf8, parseCertificateChainPem, SealserveError } from "@sealserve/core";
import { CollateralError } from "./errors.ts";

/** The CA of Intel that certifies PCK keys: each has a revocation list of its own. */
export type PckCa = "platform" | "processor";

/** What collateral is looked up by. */
export interface PlatformIdentity {
  readonly tee: IntelTeeKind;
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  readonly ca: PckCa;
  /** PEM: the chain that a source supplies for a quote without one. */
  readonly suppliedPckChain?: string;
}

const CA_BY_NAME: ReadonlyMap<string | undefined, PckCa> = new Map([
  ["Intel SGX PCK Platform CA", "platform"],
  ["Intel SGX PCK Processor CA", "processor"],
]);

/** The CA that has this common name. */
export function pckCaNamed(commonName: string | undefined): PckCa | undefined {
  return CA_BY_NAME.get(commonName);
}

/**
 * The platform that a quote claims to come from, read from the PCK certificate inside. Nothing is proven by it: it only
 * says which documents to ask for.
 * @throws CollateralError `pck-chain-missing`, `pck-chain-unusable`
 */
export function platformOf(quote: IntelQuote): PlatformIdentity {
  const { tee, certificationData } = quote;
  const { pckCertificateChain, type } = certificationData;
  if (pckCertificateChain === undefined) {
    throw new CollateralError("pck-chain-missing", "the quote has no PCK certificate that says what to fetch", {
      expected: "certification data of type 5",
      actual: `type ${type}`,
    });
  }
  return { tee, ...identify("PCK certificate chain in the quote", () => decodeUtf8(pckCertificateChain)) };
}

/** The platform of a chain that a source supplies for a quote without one. @throws CollateralError `pck-chain-unusable` */
export function platformOfChain({ tee }: IntelQuote, suppliedPckChain: string): PlatformIdentity {
  return { tee, ...identify("supplied PCK certificate chain", () => suppliedPckChain), suppliedPckChain };
}

type PckIssue = Pick<PlatformIdentity, "fmspc" | "ca">;

function identify(what: string, pem: () => string): PckIssue {
  try {
    return identityIn(parseCertificateChainPem(pem()));
  } catch (cause) {
    if (!(cause instanceof SealserveError)) {
      throw cause;
    }
    const { expected, actual } = cause;
    throw new CollateralError("pck-chain-unusable", `${what}: ${cause.message}`, { expected, actual, cause });
  }
}

function identityIn(chain: readonly Certificate[]): PckIssue {
  const [leaf, ...others] = chain.filter(({ isCa }) => !isCa);
  if (leaf === undefined || others.length > 0) {
    throw new CollateralError("pck-chain-unusable", "it has no single end-entity certificate");
  }
  const ca = pckCaNamed(leaf.issuer.commonName);
  if (ca === undefined) {
    throw new CollateralError("pck-chain-unusable", "its PCK certificate is of an unknown CA", {
      expected: [...CA_BY_NAME.keys()].join(" or "),
      actual: leaf.issuer.commonName,
    });
  }
  return { fmspc: parsePckExtension(leaf).fmspc, ca };
}
