import type { Authority } from "./authority.ts";
import { createAuthority } from "./certificates.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { Vendor } from "./vendor.ts";

/** The CA of single-socket machines, beside the Platform CA of the vendor's own machine. */
export function createProcessorCa({ root, machine }: Vendor, now: Date): Promise<Authority> {
  const overrides = { platformCa: { commonName: "Intel SGX PCK Processor CA" } };
  return createAuthority("platformCa", root, { now, random: randomBytes, machine, overrides });
}

/** A PCK key with its certificate for another machine, or for another TCB of the vendor's own. */
export function createPckCertificate(issuer: Authority, machine: SimulatedMachine, now: Date): Promise<Authority> {
  return createAuthority("pck", issuer, { now, random: randomBytes, machine, overrides: {} });
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
