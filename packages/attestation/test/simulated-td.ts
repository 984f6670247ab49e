// Quotes about trust domains for the tests, in which no two registers have the same value.
import type { TdQuoteOptions } from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import type { VerifiedCollateral } from "../src/verify/intel/verified-collateral.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import { ENCLAVE, options, REPORT_DATA, vendor } from "./simulated.ts";

/** What an owner would expect of {@link TD}. */
export const REGISTERS = {
  mrTd: "d0".repeat(48),
  rtMr0: "e0".repeat(48),
  rtMr1: "e1".repeat(48),
  rtMr2: "e2".repeat(48),
  rtMr3: "e3".repeat(48),
  mrConfigId: "d1".repeat(48),
  mrOwner: "d2".repeat(48),
  mrOwnerConfig: "d3".repeat(48),
} as const;

/** A quote about the trust domain that the tests expect. */
export const TD: TdQuoteOptions = { ...REGISTERS, reportData: REPORT_DATA };

/** The TDX module of the simulated machine: major version 3, ISVSVN 4; late microcode update 12. */
export const TEE_TCB_SVN: readonly number[] = vendor.teeTcbSvn;

/** Every form of quote that is accepted, with the number of bytes that its signature covers. */
export const QUOTE_FORMS = [
  { name: "SGX, version 3", tee: "sgx", signed: 432, make: () => vendor.quote(ENCLAVE) },
  { name: "SGX, version 4", tee: "sgx", signed: 432, make: () => vendor.quote({ ...ENCLAVE, version: 4 }) },
  { name: "SGX, version 5", tee: "sgx", signed: 438, make: () => vendor.quote({ ...ENCLAVE, version: 5 }) },
  { name: "TDX, version 4", tee: "tdx", signed: 632, make: () => vendor.tdxQuote(TD) },
  {
    name: "TDX 1.0, version 5",
    tee: "tdx",
    signed: 638,
    make: () => vendor.tdxQuote({ ...TD, version: 5, bodyType: 2 }),
  },
  { name: "TDX 1.5, version 5", tee: "tdx", signed: 702, make: () => vendor.tdxQuote({ ...TD, version: 5 }) },
] as const;

export const tdxCollateral: Collateral = await vendor.collateral({ tee: "tdx" });
export const verifiedTdx: VerifiedCollateral = await verifyCollateral(tdxCollateral, options);
