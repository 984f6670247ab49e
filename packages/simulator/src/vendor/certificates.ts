import {
  createCertificate,
  generateEcKey,
  type KeyUsage,
  type NameAttribute,
  parseCertificate,
  type SigningKey,
} from "@sealserve/core";
import type { Authority } from "./authority.ts";
import type { SimulatedMachine } from "./machine.ts";
import { encodeSgxExtension, SGX_EXTENSION_OID } from "./pck-extension.ts";
import { dayBefore, yearsAfter } from "./validity.ts";

/** What the names of all simulated certificates say to people. */
export const SIMULATED_ORGANISATION = "Sealserve simulator NOT SECURE";

/** The certificates of a vendor, by what they are for. */
export type Role = "root" | "platformCa" | "pck" | "tcbSigning";

/** The vendor's authorities, one for each role. */
export type Authorities = Readonly<Record<Role, Authority>>;

/** Ways in which a test can make any certificate wrong. */
export interface CommonOverrides {
  readonly commonName?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly ca?: boolean;
  readonly keyUsage?: readonly KeyUsage[];
  /** Signs in place of the proper issuer, whose name stays in the certificate. */
  readonly signer?: SigningKey;
}

/** Ways in which a test can make a certificate of the SGX and TDX vendor wrong. */
export interface CertificateOverrides extends CommonOverrides {
  /** Value of the SGX extension of the PCK certificate; `"absent"` leaves the extension out. */
  readonly sgxExtension?: Uint8Array | "absent";
}

/** What {@link createAuthorities} works from. */
export interface AuthorityOptions {
  readonly now: Date;
  readonly random: (length: number) => Uint8Array;
  readonly machine: SimulatedMachine;
  readonly overrides: Partial<Record<Role, CertificateOverrides>>;
}

interface Profile {
  /** A verifier finds the roles by these words (Intel SGX PCK Certificate and CRL profile). */
  readonly commonName: string;
  readonly years: number;
  readonly ca: { readonly pathLength?: number } | undefined;
  readonly keyUsage: readonly KeyUsage[];
}

const SIGNS_CERTIFICATES: readonly KeyUsage[] = ["keyCertSign", "cRLSign"];

const PROFILES: Readonly<Record<Role, Profile>> = {
  root: { commonName: "Intel SGX Root CA", years: 25, ca: { pathLength: 1 }, keyUsage: SIGNS_CERTIFICATES },
  platformCa: {
    commonName: "Intel SGX PCK Platform CA",
    years: 15,
    ca: { pathLength: 0 },
    keyUsage: SIGNS_CERTIFICATES,
  },
  pck: { commonName: "Intel SGX PCK Certificate", years: 7, ca: undefined, keyUsage: ["digitalSignature"] },
  tcbSigning: { commonName: "Intel SGX TCB Signing", years: 7, ca: undefined, keyUsage: ["digitalSignature"] },
};

/** Makes the vendor's keys and certificates: a root, below it the Platform CA and TCB signing, below that the PCK. */
export async function createAuthorities(options: AuthorityOptions): Promise<Authorities> {
  const root = await createAuthority("root", undefined, options);
  const [platformCa, tcbSigning] = await Promise.all([
    createAuthority("platformCa", root, options),
    createAuthority("tcbSigning", root, options),
  ]);
  return { root, platformCa, tcbSigning, pck: await createAuthority("pck", platformCa, options) };
}

/** A key with a certificate for `role`, which `issuer` signs; without an issuer it signs itself. */
export async function createAuthority(
  role: Role,
  issuer: Authority | undefined,
  { now, random, machine, overrides: { [role]: overrides = {} } }: AuthorityOptions,
): Promise<Authority> {
  const profile = PROFILES[role];
  const key = await generateEcKey("P-256");
  const subject = nameOf(overrides.commonName ?? profile.commonName);
  const isCa = overrides.ca ?? profile.ca !== undefined;
  const certificate = await createCertificate({
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    serialNumber: createSerialNumber(random),
    notBefore: overrides.notBefore ?? dayBefore(now),
    notAfter: overrides.notAfter ?? yearsAfter(now, profile.years),
    publicKeyInfo: key.publicKeyInfo,
    signer: overrides.signer ?? issuer?.key ?? key,
    ...(isCa ? { ca: profile.ca ?? {} } : {}),
    keyUsage: overrides.keyUsage ?? profile.keyUsage,
    keyIdentifiers: true,
    extensions: role === "pck" ? sgxExtension(machine, overrides) : [],
  });
  return { key, certificate: parseCertificate(certificate) };
}

function sgxExtension(machine: SimulatedMachine, { sgxExtension: value }: CertificateOverrides) {
  return value === "absent" ? [] : [{ oid: SGX_EXTENSION_OID, value: value ?? encodeSgxExtension(machine) }];
}

function nameOf(commonName: string): NameAttribute[] {
  return [
    { type: "CN", value: commonName },
    { type: "O", value: SIMULATED_ORGANISATION },
  ];
}

/** 16 random bytes, made positive and of full length. */
function createSerialNumber(random: (length: number) => Uint8Array): Uint8Array {
  const serial = Uint8Array.from(random(16));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
