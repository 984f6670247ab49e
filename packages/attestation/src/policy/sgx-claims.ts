import { encodeHex } from "@sealserve/core";
import type { SgxReportBody } from "../quote/sgx-report-body.ts";
import { type Claim, clearClaim, listClaim } from "./claim.ts";
import type { AppraisalPolicy } from "./policy.ts";
import type { SgxPolicy } from "./sgx-policy.ts";

/** Judges an SGX enclave: its attributes always, its identity by what the policy pins. */
export function sgxClaims({ report }: { readonly report: SgxReportBody }, policy: AppraisalPolicy): Claim[] {
  const sgx = policy.sgx ?? {};
  const { debug, provisionKey, einitTokenKey } = report.attributes;
  return [
    clearClaim("debug", "debug-enclave", debug, policy.debug === "allow-insecure"),
    clearClaim("provision-key", "provision-key", provisionKey, sgx.provisionKey === "allow"),
    clearClaim("einittoken-key", "einittoken-key", einitTokenKey, sgx.einitTokenKey === "allow"),
    ...identityClaims(report, sgx),
  ];
}

function identityClaims(report: SgxReportBody, policy: SgxPolicy): Claim[] {
  const claims: Claim[] = [];
  const { mrEnclave, mrSigner, isvProdId, minimumIsvSvn, configId } = policy;
  if (mrEnclave !== undefined) {
    claims.push(listClaim("mrenclave", "mrenclave-not-accepted", mrEnclave, encodeHex(report.mrEnclave)));
  }
  if (mrSigner !== undefined) {
    claims.push(listClaim("mrsigner", "mrsigner-not-accepted", mrSigner, encodeHex(report.mrSigner)));
  }
  if (isvProdId !== undefined) {
    claims.push(listClaim("isv-prod-id", "isv-prod-id-mismatch", [`${isvProdId}`], `${report.isvProdId}`));
  }
  if (minimumIsvSvn !== undefined) {
    claims.push(isvSvnClaim(report.isvSvn, minimumIsvSvn));
  }
  if (configId !== undefined) {
    claims.push(listClaim("config-id", "config-id-not-accepted", configId, encodeHex(report.configId)));
  }
  return claims;
}

function isvSvnClaim(actual: number, minimum: number): Claim {
  const expected = `${minimum} or more`;
  return { claim: "isv-svn", code: "isv-svn-too-low", expected, actual: `${actual}`, pass: actual >= minimum };
}
