import type { Collateral } from "@sealserve/attestation";
import { type EcSigningKey, generateEcKey } from "@sealserve/core";
import { type Authority, chainPem } from "./authority.ts";
import { type Authorities, type CertificateOverrides, createAuthorities, type Role } from "./certificates.ts";
import { type CollateralOptions, createCollateral } from "./collateral.ts";
import { createMachine, type SimulatedMachine, TEE_TCB_SVN } from "./machine.ts";
import { createQuote, type QuoteOptions } from "./quote.ts";
import { createTdQuote, type TdQuoteOptions } from "./td-quote.ts";

/**
 * A TEE vendor in software with one machine. Its documents have the true formats, its root is its own, and anyone who
 * can read its keys can make any quote: NOT SECURE, for development and tests.
 */
export interface Vendor {
  readonly simulated: true;
  readonly machine: SimulatedMachine;
  /** TEE_TCB_SVN of the TDs of the machine, byte by byte. */
  readonly teeTcbSvn: readonly number[];
  readonly root: Authority;
  readonly platformCa: Authority;
  readonly pck: Authority;
  readonly tcbSigning: Authority;
  /** Signs quotes; the quoting enclave's report vouches for it. */
  readonly attestationKey: EcSigningKey;
  /** The root certificate, which a verifier must be given explicitly. */
  readonly rootPem: string;
  /** PCK, Platform CA and root certificate. */
  readonly pckChainPem: string;
  collateral(options?: CollateralOptions): Promise<Collateral>;
  /** An SGX quote, by default version 3, with the PCK chain inside. */
  quote(options: QuoteOptions): Promise<Uint8Array>;
  /** A TDX quote, by default version 4, with the PCK chain inside. */
  tdxQuote(options: TdQuoteOptions): Promise<Uint8Array>;
}

/** What a new vendor is made from. */
export interface VendorOptions {
  readonly now: Date;
  /** Source of serial numbers and identifiers; the platform's by default. Keys always come from Web Crypto. */
  readonly random?: (length: number) => Uint8Array;
  /** Fields of the machine in place of the usual ones. */
  readonly machine?: Partial<SimulatedMachine>;
  /** TEE_TCB_SVN of the TDs of the machine, sixteen bytes: ISVSVN and major version of the TDX module first. */
  readonly teeTcbSvn?: readonly number[];
  /** Ways to make certificates wrong, for tests. */
  readonly certificates?: Partial<Record<Role, CertificateOverrides>>;
}

/** Makes a new vendor with new keys. */
export async function createVendor(options: VendorOptions): Promise<Vendor> {
  const random = options.random ?? randomBytes;
  const machine = { ...createMachine(random), ...options.machine };
  const overrides = options.certificates ?? {};
  const authorities = await createAuthorities({ now: options.now, random, machine, overrides });
  return vendorOf(authorities, machine, options.now, options.teeTcbSvn);
}

/** The vendor that has these keys and certificates. Its attestation key is new: the quoting enclave makes one anew. */
export async function vendorOf(
  authorities: Authorities,
  machine: SimulatedMachine,
  now: Date,
  teeTcbSvn: readonly number[] = TEE_TCB_SVN,
): Promise<Vendor> {
  const attestationKey = await generateEcKey("P-256");
  const { root, platformCa, pck } = authorities;
  const tdxMachine = { ...machine, teeTcbSvn };
  const maker = { authorities, machine: tdxMachine, attestationKey };
  return {
    simulated: true,
    machine,
    teeTcbSvn,
    ...authorities,
    attestationKey,
    rootPem: chainPem(root),
    pckChainPem: chainPem(pck, platformCa, root),
    collateral: (options = {}) => createCollateral(authorities, tdxMachine, options.now ?? now, options),
    quote: (options) => createQuote(maker, options),
    tdxQuote: (options) => createTdQuote(maker, options),
  };
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
