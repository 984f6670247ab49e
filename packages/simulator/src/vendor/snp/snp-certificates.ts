import {
  createCertificate,
  type EcSigningKey,
  type ExtensionOptions,
  encodeContext,
  encodeElement,
  encodeSequence,
  encodeUtf8,
  type KeyUsage,
  type Name,
  type NameAttribute,
  parseCertificate,
  type SigningKey,
} from "@sealserve/core";
import type { Authority } from "../authority.ts";
import { type CommonOverrides, SIMULATED_ORGANISATION } from "../certificates.ts";
import { dayBefore, yearsAfter } from "../validity.ts";
import type { SnpKeys } from "./snp-keys.ts";
import { PRODUCTS, type SnpProduct } from "./snp-product.ts";
import type { SnpTcb } from "./snp-tcb.ts";
import { type VekExtensionOverrides, type VekFacts, vekExtensions } from "./vek-extensions.ts";

/** The certificates of a SEV-SNP vendor, by AMD's names. */
export type SnpRole = "ark" | "ask" | "asvk" | "vcek" | "vlek";

/** The vendor's authorities, one for each role. */
export interface SnpAuthorities {
  readonly ark: Authority<SigningKey>;
  readonly ask: Authority<SigningKey>;
  readonly asvk: Authority<SigningKey>;
  readonly vcek: Authority;
  readonly vlek: Authority;
}

/** Ways in which a test can make a certificate of the SEV-SNP vendor wrong. */
export interface SnpCertificateOverrides extends CommonOverrides {
  /** Name in place of the proper issuer's. */
  readonly issuer?: Name;
  readonly serialNumber?: number;
  /** For VCEK and VLEK: what they say about the processor. */
  readonly facts?: Partial<VekFacts>;
  readonly extensions?: VekExtensionOverrides;
}

/** What {@link createSnpAuthorities} works from. */
export interface SnpAuthorityOptions {
  readonly now: Date;
  readonly product: SnpProduct;
  readonly keys: SnpKeys;
  readonly tcb: SnpTcb;
  readonly hardwareId: Uint8Array;
  readonly providerId: string;
  readonly overrides: Partial<Record<SnpRole, SnpCertificateOverrides>>;
}

interface Profile {
  readonly commonName: string;
  readonly years: number;
  readonly serialNumber: number;
  /** A CA's certificate; endorsement keys have AMD's own extensions only. */
  readonly ca?: { readonly pathLength?: number; readonly keyUsage: readonly KeyUsage[] };
  readonly extensions: readonly ExtensionOptions[];
}

const CA_YEARS = 25;
const VCEK_YEARS = 7;
const VLEK_YEARS = 1;

const CRL_DISTRIBUTION_POINTS = "2.5.29.31";
const TAG_URI = 0x86;

/** Certificates for all keys: a root, below it ASK and ASVK, below those VCEK and VLEK. */
export async function createSnpAuthorities(options: SnpAuthorityOptions): Promise<SnpAuthorities> {
  const { keys, product, overrides } = options;
  const { serialNumbers } = PRODUCTS[product];
  const issue = <Key extends SigningKey>(
    role: SnpRole,
    key: Key,
    issuer: Authority<SigningKey> | undefined,
    profile: Profile,
  ): Promise<Authority<Key>> => createAuthority(key, issuer, profile, options.now, overrides[role] ?? {});
  const ark = await issue("ark", keys.ark, undefined, {
    ...caProfile(product, "vcek"),
    commonName: `ARK-${product}`,
    serialNumber: serialNumbers.ark,
    ca: { keyUsage: ["keyCertSign", "cRLSign"] },
  });
  const [ask, asvk] = await Promise.all([
    issue("ask", keys.ask, ark, { ...caProfile(product, "vcek"), serialNumber: serialNumbers.ask }),
    issue("asvk", keys.asvk, ark, {
      ...caProfile(product, "vlek"),
      commonName: `SEV-VLEK-${product}`,
      serialNumber: serialNumbers.asvk,
    }),
  ]);
  const [vcek, vlek] = await Promise.all([
    issue<EcSigningKey>("vcek", keys.vcek, ask, vcekProfile(options)),
    issue<EcSigningKey>("vlek", keys.vlek, asvk, vlekProfile(options)),
  ]);
  return { ark, ask, asvk, vcek, vlek };
}

function caProfile(product: SnpProduct, kind: "vcek" | "vlek"): Omit<Profile, "serialNumber"> {
  return {
    commonName: `SEV-${product}`,
    years: CA_YEARS,
    ca: { pathLength: 0, keyUsage: ["keyCertSign"] },
    extensions: [crlDistributionPoint(`https://kds.simulator.invalid/${kind}/v1/${product}/crl`)],
  };
}

function vcekProfile({ product, tcb, hardwareId, overrides: { vcek = {} } }: SnpAuthorityOptions): Profile {
  const productName = PRODUCTS[product].vcekProductName;
  const facts = { product, productName, tcb, hardwareId, ...vcek.facts };
  const extensions = vekExtensions(facts, vcek.extensions ?? {});
  return { commonName: "SEV-VCEK", years: VCEK_YEARS, serialNumber: 0, extensions };
}

function vlekProfile({ product, tcb, providerId, overrides: { vlek = {} } }: SnpAuthorityOptions): Profile {
  const facts = { product, productName: product, tcb, providerId, ...vlek.facts };
  const extensions = vekExtensions(facts, vlek.extensions ?? {});
  return { commonName: "SEV-VLEK", years: VLEK_YEARS, serialNumber: 0, extensions };
}

async function createAuthority<Key extends SigningKey>(
  key: Key,
  issuer: Authority<SigningKey> | undefined,
  profile: Profile,
  now: Date,
  overrides: SnpCertificateOverrides,
): Promise<Authority<Key>> {
  const subject = nameOf(overrides.commonName ?? profile.commonName);
  const isCa = overrides.ca ?? profile.ca !== undefined;
  const keyUsage = overrides.keyUsage ?? profile.ca?.keyUsage;
  const certificate = await createCertificate({
    subject,
    issuer: overrides.issuer ?? issuer?.certificate.subject ?? subject,
    serialNumber: overrides.serialNumber ?? profile.serialNumber,
    notBefore: overrides.notBefore ?? dayBefore(now),
    notAfter: overrides.notAfter ?? yearsAfter(now, profile.years),
    publicKeyInfo: key.publicKeyInfo,
    signer: overrides.signer ?? issuer?.key ?? key,
    ...(isCa ? { ca: pathLengthOf(profile) } : {}),
    ...(keyUsage === undefined ? {} : { keyUsage }),
    basicConstraints: profile.ca !== undefined,
    keyIdentifiers: profile.ca !== undefined,
    extensions: profile.extensions,
  });
  return { key, certificate: parseCertificate(certificate) };
}

function pathLengthOf({ ca }: Profile): { pathLength?: number } {
  return ca?.pathLength === undefined ? {} : { pathLength: ca.pathLength };
}

/** AMD's order of attributes, with an organisation that nobody can take for AMD. */
function nameOf(commonName: string): NameAttribute[] {
  return [
    { type: "OU", value: "Engineering" },
    { type: "C", value: "US" },
    { type: "L", value: "Santa Clara" },
    { type: "ST", value: "CA" },
    { type: "O", value: SIMULATED_ORGANISATION },
    { type: "CN", value: commonName },
  ];
}

/** One distribution point with one URI (RFC 5280 section 4.2.1.13), as AMD's CA certificates have it. */
function crlDistributionPoint(uri: string): ExtensionOptions {
  const fullName = encodeContext(0, true, encodeElement(TAG_URI, encodeUtf8(uri)));
  return { oid: CRL_DISTRIBUTION_POINTS, value: encodeSequence(encodeSequence(encodeContext(0, true, fullName))) };
}
