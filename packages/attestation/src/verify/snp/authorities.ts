import type { KeyKind, KeyUsage } from "@sealserve/core";
import type { SnpSigningKey } from "../../snp/report-flags.ts";
import { SNP_PRODUCTS, type SnpProduct } from "../../tee/snp-product.ts";
import type { ChainKind, ChainRole } from "../chain-kind.ts";

/** One of AMD's CAs for endorsement keys, and the chains that it stands in. */
export interface SnpAuthority {
  readonly product: SnpProduct;
  /** The kind of endorsement keys that it certifies. */
  readonly signingKey: SnpSigningKey;
  /** It (ASK or ASVK), root. */
  readonly issuers: ChainKind;
  /** Endorsement key, it, root. */
  readonly vek: ChainKind;
}

// AMD VCEK certificate and KDS interface specification.
const VEK_NAMES: Readonly<Record<SnpSigningKey, string>> = { vcek: "SEV-VCEK", vlek: "SEV-VLEK" };
const ISSUER_PREFIXES: Readonly<Record<SnpSigningKey, string>> = { vcek: "SEV-", vlek: "SEV-VLEK-" };
const ROOT_PREFIX = "ARK-";

const CODES = {
  signatureAlgorithm: "rsa-pss-sha384",
  malformed: "snp-chain-malformed",
  invalid: "snp-chain-invalid",
  early: "snp-chain-not-yet-valid",
  late: "snp-chain-expired",
  untrusted: "root-untrusted",
} as const;

/** By the common name of the certificate. Nothing else enumerates the names in AMD's certificates. */
export const SNP_AUTHORITIES: ReadonlyMap<string, SnpAuthority> = new Map(
  SNP_PRODUCTS.flatMap((product) =>
    (["vcek", "vlek"] as const).map((key) => [`${ISSUER_PREFIXES[key]}${product}`, authority(product, key)] as const),
  ),
);

function authority(product: SnpProduct, signingKey: SnpSigningKey): SnpAuthority {
  const vek = role(VEK_NAMES[signingKey], false, "P-384", []);
  const issuer = role(`${ISSUER_PREFIXES[signingKey]}${product}`, true, "RSA-4096", ["keyCertSign"]);
  const root = role(`${ROOT_PREFIX}${product}`, true, "RSA-4096", ["keyCertSign", "cRLSign"]);
  const name = signingKey.toUpperCase();
  return {
    product,
    signingKey,
    issuers: { what: `issuer chain of the ${name}`, roles: [issuer, root], ...CODES },
    vek: { what: `${name} certificate chain`, roles: [vek, issuer, root], ...CODES },
  };
}

function role(commonName: string, ca: boolean, key: KeyKind, keyUsage: readonly KeyUsage[]): ChainRole {
  return { commonNames: [commonName], ca, key, keyUsage, keyUsageOptional: true };
}
